// What every task says at the selected pixel. This component also carries the selection to Python: each pick or
// choice of the page becomes one event here, and the answer updates the attention maps and this panel.
const panel = element.querySelector("[data-testid=inspector]");
const zoom = panel.querySelector("canvas");
const photo = new Image();
const ZOOMED = 15;
const PATIENCE = 4000;
// One question is under way at a time; whatever was selected meanwhile is asked next.
const asked = { turn: 0, since: 0, waiting: false, again: false };

watch("value", draw);
photo.addEventListener("load", drawZoom);
studio.subscribe((kind) => {
  if (kind === "photo") photo.src = studio.photo.src;
  if (kind === "hover" || kind === "pick" || kind === "photo") drawZoom();
  if (kind === "pick" || kind === "choice") send();
});
if (studio.photo.src) photo.src = studio.photo.src;
draw();

function send() {
  panel.dataset.state = "waiting";
  asked.again = asked.waiting && performance.now() - asked.since < PATIENCE;
  if (asked.again) return;
  Object.assign(asked, { turn: asked.turn + 1, since: performance.now(), waiting: true });
  const { at, task, scale, head } = studio;
  trigger("pick", { x: at.x, y: at.y, task, scale, head, turn: asked.turn });
}

function draw() {
  const value = props.value;
  if (value?.turn === asked.turn) asked.waiting = false;
  if (!value?.rows) return settle();
  if (value.at && value.fresh) studio.set("placed", { at: value.at });
  panel.querySelector(".where").textContent = value.title;
  panel.querySelector(".token").textContent = value.text;
  panel.querySelector(".live").textContent = value.spoken;
  panel.querySelector(".rows").replaceChildren(...value.rows.map(row));
  const bridge = panel.querySelector(".asked");
  bridge.hidden = !value.shares;
  if (value.shares) bridge.querySelector("div").replaceChildren(shareBar(value.shares, false), make("p", { class: "hint" }, value.uniform));
  panel.dataset.key = value.key;
  drawZoom();
  // An answer about the photo before this one: ask again.
  if (studio.photo.key && !value.key.startsWith(studio.photo.key)) asked.again = true;
  settle();
}

function settle() {
  if (asked.again && !asked.waiting) return send();
  panel.dataset.state = asked.waiting ? "waiting" : "ready";
}

function row({ title, colour, value, detail, truth, fraction, others }) {
  const words = [detail, truth].filter(Boolean).join(" · ");
  const bar = fraction === null || fraction === undefined ? null
    : make("div", { class: "level" }, make("i", { style: { width: `${100 * fraction}%`, background: colour } }));
  return make("div", { class: "row" }, make("div", { class: "answer" }, dot(colour), title, make("b", {}, value)),
    words ? make("div", { class: "detail" }, words) : null, bar,
    others?.length ? make("div", { class: "detail others" }, others.join(" · ")) : null);
}

function drawZoom() {
  if (!photo.naturalWidth) return;
  const place = studio.hover ?? studio.at;
  const [width, height] = studio.photo.size;
  const [toX, toY] = [photo.naturalWidth / width, photo.naturalHeight / height];
  const [column, line] = [Math.floor(place.x * width) - (ZOOMED - 1) / 2, Math.floor(place.y * height) - (ZOOMED - 1) / 2];
  const context = zoom.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, zoom.width, zoom.height);
  context.drawImage(photo, column * toX, line * toY, ZOOMED * toX, ZOOMED * toY, 0, 0, zoom.width, zoom.height);
  const side = zoom.width / ZOOMED;
  context.strokeStyle = "#000";
  context.strokeRect(7 * side - 1, 7 * side - 1, side + 2, side + 2);
  context.strokeStyle = "#fff";
  context.strokeRect(7 * side, 7 * side, side, side);
}
