// What every task says at the selected pixel, the photo around it, enlarged, and the way to other notable pixels.
const panel = element.querySelector("[data-testid=inspector]");
const zoom = panel.querySelector("canvas");
const photo = new Image();
const ZOOMED = 15;
// Buttons that go to a place that Python has found beforehand.
const PLACES = [
  ["uncertain", "Most uncertain pixel"],
  ["bridge", "Most bridge-dependent pixel"],
];

let latest = null;

watch("value", () => draw(props.value));
photo.addEventListener("load", drawZoom);
studio.subscribe((kind) => {
  if (kind === "answer") draw(studio.answer.inspector);
  if (kind === "photo") {
    photo.src = studio.photo.src;
    draw(props.value);
  }
  if (kind === "hover" || kind === "pick" || kind === "photo") drawZoom();
  if (kind === "choice" || kind === "photo") drawPins();
  if (kind === "waiting") panel.dataset.state = studio.waiting ? "waiting" : "ready";
});
if (studio.photo.src) photo.src = studio.photo.src;
drawActs();
drawPins();
draw(props.value);

function draw(value) {
  if (!value?.rows || (value.of && value.of !== studio.photo.key)) return;
  if (value.ticket && value.ticket !== studio.underWay) return;
  latest = value;
  panel.querySelector(".where").textContent = value.title;
  panel.querySelector(".token").textContent = value.text;
  panel.querySelector(".live").textContent = value.spoken;
  panel.querySelector(".rows").replaceChildren(...value.rows.map(row));
  const bridge = panel.querySelector(".asked");
  bridge.hidden = !value.shares;
  if (value.shares) bridge.querySelector("div").replaceChildren(evenly(value.shares), make("p", { class: "hint" }, value.uniform));
  PLACES.forEach(([name]) => {
    panel.querySelector(`[data-place=${name}]`).hidden = !value.places?.[name];
  });
  panel.dataset.key = value.key;
  drawZoom();
  panel.dataset.state = studio.waiting ? "waiting" : "ready";
}

function row({ task, title, colour, value, detail, truth, fraction, mark, ends, best, disc }) {
  const words = [detail, truth].filter(Boolean).join(" · ");
  const said = make(
    "div",
    {},
    make("div", { class: "answer" }, dot(colour), title, make("b", {}, value)),
    words ? make("div", { class: "detail" }, words) : null,
  );
  return make(
    "div",
    { class: "row", "data-row": task ?? null },
    disc ? make("div", { class: "beside" }, said, normalDisc(disc, value)) : said,
    typeof fraction === "number" ? level(fraction, colour, mark) : null,
    ends ? make("div", { class: "ends" }, make("span", {}, ends[0]), make("span", {}, ends[1])) : null,
    best?.length ? bestClasses(best) : null,
  );
}

// A bar from 0 to 1; the mark is where the truth lies.
function level(fraction, colour, mark) {
  return make(
    "div",
    { class: "level" },
    make("i", { style: { width: `${100 * fraction}%`, background: colour } }),
    typeof mark === "number" ? make("i", { class: "mark", style: { left: `calc(${100 * mark}% - 1px)` } }) : null,
  );
}

function bestClasses(best) {
  return make(
    "div",
    { class: "best" },
    ...best.flatMap(({ title, colour, share }) => [make("span", {}, title), level(share, colour), make("b", {}, percent(share))]),
  );
}

// The hemisphere of directions seen from the front: where the normal points, and as a ring where the true one does.
function normalDisc({ src, said, true: real }, words) {
  const point = ([x, y, z], kind) =>
    make("i", { class: `${kind} ${z < 0 ? "behind" : ""}`, style: { left: `${50 + 50 * x}%`, top: `${50 - 50 * y}%` } });
  return make(
    "span",
    { class: "answer-disc" },
    make("img", { src, alt: `Direction of the normal: ${words}` }),
    real ? point(real, "true") : null,
    point(said, "here"),
  );
}

// The shares, with ticks where they would end if every task was asked alike.
function evenly(shares) {
  const ticks = shares.slice(1).map((_, index) => make("i", { style: { left: `${(100 * (index + 1)) / shares.length}%` } }));
  return make("div", { class: "evenly" }, shareBar(shares, false), ...ticks);
}

function drawActs() {
  const pin = (letter) =>
    act(
      `Pin ${letter}`,
      { "data-testid": `pin-${letter}`, title: `Remember photo and checkpoint as ${letter}, for the view Compare` },
      () => studio.pin(letter),
    );
  const go = ([name, text]) =>
    act(text, { "data-place": name, "data-testid": `go-${name}`, hidden: "" }, () => studio.pick(latest.places[name]));
  panel.querySelector(".act").replaceChildren(pin("A"), pin("B"), ...PLACES.map(go));
}

function act(text, attributes, onClick) {
  const button = make("button", { type: "button", class: "quiet", ...attributes }, text);
  button.addEventListener("click", onClick);
  return button;
}

function drawPins() {
  const pinned = ["A", "B"].filter((letter) => studio.pins?.[letter]);
  panel.querySelector(".pins").replaceChildren(
    ...pinned.map((letter) => {
      const { title, checkpoint } = studio.pins[letter];
      const words = [title, checkpoint].filter(Boolean).join(" · ");
      const off = act("×", { class: "off", "aria-label": `Unpin ${letter}`, "data-testid": `unpin-${letter}` }, () => {
        const { [letter]: gone, ...rest } = studio.pins;
        studio.choose({ pins: rest });
        panel.querySelector(`[data-testid=pin-${letter}]`).focus();
      });
      return make("li", {}, make("b", {}, letter), make("span", { title: words }, words), off);
    }),
  );
}

function drawZoom() {
  if (!photo.naturalWidth) return;
  const place = studio.hover ?? studio.at;
  const [width, height] = studio.photo.size;
  const [toX, toY] = [photo.naturalWidth / width, photo.naturalHeight / height];
  const middle = (ZOOMED - 1) / 2;
  const [column, line] = [Math.floor(place.x * width) - middle, Math.floor(place.y * height) - middle];
  const context = zoom.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, zoom.width, zoom.height);
  context.drawImage(photo, column * toX, line * toY, ZOOMED * toX, ZOOMED * toY, 0, 0, zoom.width, zoom.height);
  const side = zoom.width / ZOOMED;
  const [from, to, centre] = [middle * side, (middle + 1) * side, zoom.width / 2];
  for (const [colour, width] of [
    ["#0009", 3],
    ["#fff", 1],
  ]) {
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.strokeRect(from, from, side, side);
    context.beginPath();
    for (const [start, end] of [
      [0, from],
      [to, zoom.width],
    ]) {
      context.moveTo(start, centre);
      context.lineTo(end, centre);
      context.moveTo(centre, start);
      context.lineTo(centre, end);
    }
    context.stroke();
  }
}
