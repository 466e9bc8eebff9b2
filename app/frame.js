// Head of the page and way through it: checkpoint, pipeline strip, tabs, and one quiet line about what is going on.
const frame = element.querySelector("[data-frame]");
const known = { tabs: [], pipeline: [] };

watch("value", draw);
studio.subscribe((kind) => {
  if (["tab", "choice", "photo"].includes(kind)) mark();
  if (kind === "settled") drawOthers();
  if (kind === "banner") drawBanner(studio.banner);
  if (kind === "answer" && studio.answer.head) drawBanner(studio.answer.head);
});
frame.addEventListener("keydown", walk);
frame.querySelector("[data-action=tour]")?.addEventListener("click", () => studio.ask("lesson"));
frame.querySelector("[data-action=link]")?.addEventListener("click", copyLink);
frame.querySelector(".others")?.addEventListener("change", (event) => studio.want({ checkpoint: event.target.value }));
draw();

function draw() {
  if (!props.value) return;
  const { tabs, pipeline } = props.value;
  Object.assign(known, props.value);
  if (known.title !== undefined && frame.querySelector(".chip")) drawChip();
  if (tabs) frame.querySelector(".tabs")?.replaceChildren(...tabs.map(tab));
  if (pipeline) frame.querySelector(".pipeline")?.replaceChildren(...pipeline.map(station));
  drawBanner({});
  frame.dataset.state = known.state ?? "ready";
  if (known.network) frame.dataset.network = known.network;
  mark();
}

function drawBanner(changes) {
  Object.assign(known, changes);
  const banner = frame.querySelector(".banner");
  if (!banner) return;
  banner.textContent = known.banner ?? "";
  banner.dataset.kind = known.kind ?? "";
  banner.hidden = !known.banner;
}

function drawChip() {
  frame.querySelector(".chip").replaceChildren(make("b", {}, known.title), known.facts ? ` · ${known.facts.join(" · ")}` : "");
  frame.querySelector(".chip").title = frame.querySelector(".chip").textContent;
  drawOthers();
}

// The menu stands at what was chosen last, and goes back where that could not be opened.
function drawOthers() {
  const others = frame.querySelector(".others");
  if (!others) return;
  const names = known.checkpoints ?? [];
  others.hidden = names.length < 2;
  others.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  others.value = (studio.photo.live && studio.wanted?.checkpoint) || known.title;
}

async function copyLink(event) {
  const button = event.currentTarget;
  const words = (studio.wanted ?? studio.photo).example ? "Copied" : "Copied, without your photo";
  const done =
    (await navigator.clipboard?.writeText(studio.link()).then(
      () => words,
      () => "See the address bar",
    )) ?? "See the address bar";
  button.textContent = done;
  setTimeout(() => {
    button.textContent = "Copy link";
  }, 1800);
}

function tab({ name, title }) {
  const button = make(
    "button",
    { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `page-${name}`, "data-testid": `tab-${name}`, "data-tab": name },
    title,
  );
  button.addEventListener("click", () => studio.show(name));
  return button;
}

function station({ title, tab: name, scale }) {
  const button = make("button", { type: "button", "data-tab": name, "data-scale": scale ?? "" }, title);
  button.addEventListener("click", () => {
    studio.show(name);
    if (scale !== undefined) studio.choose({ scale });
  });
  return button;
}

function mark() {
  document.documentElement.dataset.tab = studio.tab;
  frame.querySelectorAll("[role=tab]").forEach((button) => {
    const on = button.dataset.tab === studio.tab;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
  });
  const stations = [...frame.querySelectorAll(".pipeline button")];
  const here = stations.filter(
    (button) => button.dataset.tab === studio.tab && (button.dataset.scale === "" || Number(button.dataset.scale) === studio.scale),
  );
  stations.forEach((button) => button.classList.toggle("on", button === here.at(-1)));
}

function walk(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.target.getAttribute("role") !== "tab") return;
  const names = known.tabs.map(({ name }) => name);
  const next = names[(names.indexOf(studio.tab) + step + names.length) % names.length];
  event.preventDefault();
  studio.show(next);
  frame.querySelector(`[data-tab="${next}"][role=tab]`).focus();
}
