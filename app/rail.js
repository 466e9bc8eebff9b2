// The left side: a place to drop a photo, examples, notes about the photo, tasks, scale of the bridge, keys.
// Values from Python are patches: what is not named stays as it was.
const rail = element.querySelector(".rail");
const find = (selector) => rail.querySelector(selector);
const input = find("input[type=file]");
const drop = find(".drop");
const known = {};
// The file that is on its way.
let sending = null;
const SCOPES = [
  { value: "map", text: "map" },
  { value: "tab", text: "tab" },
  { value: "all", text: "image" },
];

watch("value", draw);
studio.subscribe((kind) => {
  if (kind === "choice" || kind === "photo") drawChoices();
  if (kind === "settled") patch({ busy: false, ...(studio.photo.live ? { chosen: studio.photo.example } : {}) });
  if (kind === "refused" && studio.refused.kind === "show") patch({ error: studio.refused.words, busy: false });
});
input.addEventListener("change", () => {
  send(input.files[0]);
  input.value = "";
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") send(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => send(event.clipboardData?.files[0]));
draw();

async function send(file) {
  if (!file) return;
  const limit = (known.limit ?? 20) * 1e6;
  if (file.size > limit)
    return patch({
      error:
        `This file has ${(file.size / 1e6).toFixed(1)} MB, more than the ${known.limit} MB that the studio takes. ` +
        "Export it smaller and drop it again.",
      notes: [],
    });
  if (file.size === 0) return patch({ error: "This file is empty.", notes: [] });
  patch({ error: "", notes: [], busy: true });
  const mine = (sending = Symbol("sending"));
  try {
    // A name of its own: two visitors with the same photo must not delete each other's.
    const name = `${crypto.getRandomValues(new Uint32Array(4)).join("")}.${file.name.split(".").pop().replace(/\W/g, "").slice(0, 8)}`;
    const stored = await upload(new File([file], name, { type: file.type }));
    // Meanwhile something else was chosen.
    if (mine === sending) studio.want({ path: stored.path, name: file.name });
  } catch (problem) {
    patch({ error: "The photo did not reach the studio. Is it still running? Drop it again to retry.", busy: false });
  }
}

function patch(changes) {
  Object.assign(known, changes);
  redraw();
}

function draw() {
  if (!props.value) return;
  Object.assign(known, { busy: false }, props.value);
  Object.assign(studio, { tasks: known.tasks ?? [], heads: known.heads ?? 0 });
  redraw();
}

function redraw() {
  drop.classList.toggle("busy", Boolean(known.busy));
  find(".limit").textContent = known.busy ? "Sending…" : `PNG, JPEG, WebP · up to ${known.limit} MB`;
  find(".error").textContent = known.error ?? "";
  find(".error").hidden = !known.error;
  find(".notes").replaceChildren(...(known.notes ?? []).map((note) => make("p", {}, note)));
  drawExamples();
  drawChoices();
  rail.dataset.state = known.busy ? "busy" : "ready";
}

function drawExamples() {
  find(".thumbs").replaceChildren(
    ...(known.examples ?? []).map(({ id, name, thumb }) => {
      const on = id === known.chosen;
      const button = make(
        "button",
        { type: "button", class: on ? "on" : "", "aria-pressed": String(on), title: name, "data-testid": `example-${id}` },
        make("img", { src: thumb, alt: name }),
      );
      button.addEventListener("click", () => {
        sending = null;
        patch({ chosen: id, error: "", busy: false });
        studio.want({ example: id });
      });
      return button;
    }),
  );
}

function drawChoices() {
  find(".tasks").replaceChildren(
    ...(known.tasks ?? []).map(({ name, title, colour }, index) => {
      const on = name === (studio.task ?? known.tasks[0].name);
      const button = make(
        "button",
        { type: "button", class: on ? "on" : "", "aria-pressed": String(on), "data-testid": `task-${name}` },
        dot(colour),
        title,
        make("kbd", {}, String(index + 1)),
      );
      button.addEventListener("click", () => studio.choose({ task: name }));
      return button;
    }),
  );
  find(".last-task").textContent = String(known.tasks?.length ?? 6);
  find(".scope").replaceChildren(segments("Colour scale", SCOPES, studio.scope, (scope) => studio.choose({ scope })));
  const scales = known.scales ?? [];
  find(".scale").hidden = scales.length < 2;
  find(".scale div").replaceChildren(
    segments(
      "Scale of the bridge",
      scales.map((text, value) => ({ value, text })),
      studio.scale ?? scales.length - 1,
      (scale) => studio.choose({ scale }),
    ),
  );
}
