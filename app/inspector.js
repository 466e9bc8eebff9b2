// What every task says at the selected pixel, and the photo around it, enlarged.
const panel = element.querySelector("[data-testid=inspector]");
const zoom = panel.querySelector("canvas");
const photo = new Image();
const ZOOMED = 15;

watch("value", draw);
photo.addEventListener("load", drawZoom);
studio.subscribe((kind) => {
  if (kind === "photo") photo.src = studio.photo.src;
  if (kind === "hover" || kind === "pick" || kind === "photo") drawZoom();
  if (kind === "waiting") panel.dataset.state = studio.waiting ? "waiting" : "ready";
});
if (studio.photo.src) photo.src = studio.photo.src;
draw();

function draw() {
  const value = props.value;
  if (!value?.rows) return;
  panel.querySelector(".where").textContent = value.title;
  panel.querySelector(".token").textContent = value.text;
  panel.querySelector(".live").textContent = value.spoken;
  panel.querySelector(".rows").replaceChildren(...value.rows.map(row));
  const bridge = panel.querySelector(".asked");
  bridge.hidden = !value.shares;
  if (value.shares) bridge.querySelector("div").replaceChildren(shareBar(value.shares, false), make("p", { class: "hint" }, value.uniform));
  panel.dataset.key = value.key;
  drawZoom();
  panel.dataset.state = studio.waiting ? "waiting" : "ready";
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
