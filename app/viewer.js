// A grid of maps of one photo. The DOM is built once per layout; later values only change pictures and words, so
// that cross-hair and keyboard focus stay where they are.
const root = element.querySelector("[data-viewer]");
const cells = new Map();
let layout = null;

watch("value", draw);
studio.subscribe((kind) => {
  if (kind === "photo") drawPhotos();
  if (kind === "choice") markTask();
  if (["hover", "pick", "photo"].includes(kind)) moveCross();
});
root.addEventListener("pointermove", (event) => whereIs(event, (place) => studio.point(place), () => studio.point(null)));
root.addEventListener("pointerleave", () => studio.point(null));
root.addEventListener("click", (event) => whereIs(event, (place) => { root.focus({ preventScroll: true }); studio.pick(place); }));
draw();

function draw() {
  const value = props.value;
  root.hidden = Boolean(value?.absent);
  root.dataset.state = value?.absent ? "absent" : root.dataset.state;
  if (!value?.groups) return;
  root.dataset.key = value.key;
  if (value.photo) studio.set("photo", { photo: value.photo });
  if (value.heads) studio.set("heads", { heads: value.heads });
  drawWords(value);
  const wanted = JSON.stringify(value.groups.map((group) => [group.title, group.columns, group.maps.map((map) => map.id)]));
  if (wanted !== layout) build(value);
  layout = wanted;
  value.groups.forEach((group, index) => {
    const box = root.querySelector(`[data-group="${index}"]`);
    const text = box.querySelector(".group-text");
    if (text) text.textContent = group.text ?? "";
    group.maps.forEach((map) => fill(cells.get(map.id), map, value));
  });
  markTask();
  moveCross();
  root.dataset.state = "ready";
}

function drawWords(value) {
  root.querySelector(".say").replaceChildren(
    ...(value.say ?? []).map(({ text, colour }) => colour ? make("em", { style: { "--task": colour } }, text) : text));
  root.querySelector(".hint").textContent = value.hint ?? "";
  root.querySelector(".tools").replaceChildren(...(value.tools ?? []).map(tool));
  root.querySelector(".bar").replaceChildren(...(value.shares ? [shareBar(value.shares, true)] : []));
}

function tool({ name, label, options, chosen }) {
  return make("div", { class: "tool" }, make("span", {}, label),
    segments(label, options, chosen, (value) => studio.choose({ [name]: value })));
}

function build(value) {
  cells.clear();
  root.querySelector(".groups").replaceChildren(...value.groups.map((group, index) => {
    const grid = make("div", { class: "grid", style: { "--columns": group.columns ?? 3 } }, ...group.maps.map((map) => {
      const cell = makeCell(map);
      cells.set(map.id, cell);
      return cell.card;
    }));
    const head = make("div", { class: "group-head" },
      group.title ? make("h3", {}, group.title) : null,
      make("span", { class: "group-text" }));
    return make("section", { class: group.title ? "group" : "group bare", "data-group": index }, head, grid);
  }));
}

function makeCell(map) {
  const cell = {
    picture: make("img", { draggable: "false", decoding: "sync" }),
    isolate: make("canvas", { class: "isolate" }),
    title: make("b"), note: make("small"), foot: make("div", { class: "foot" }), dot: dot("#888"),
    across: make("i", { class: "across" }), down: make("i", { class: "down" }), box: make("u"),
    task: map.task ?? null,
  };
  cell.frame = make("div", { class: "map", "data-map": map.id }, cell.picture, cell.isolate, cell.across, cell.down, cell.box);
  cell.card = make("figure", { class: "card", "data-testid": `map-${map.id}` },
    make("figcaption", {}, cell.dot, cell.title, cell.note), cell.frame, cell.foot);
  return cell;
}

function fill(cell, map, value) {
  cell.map = map;
  cell.reader = null;
  cell.dot.style.background = map.colour ?? "#8a867d";
  cell.title.textContent = map.title;
  cell.note.textContent = map.note ?? "";
  cell.frame.style.aspectRatio = String(value.aspect);
  cell.frame.classList.toggle("tokens", Boolean(map.tokens));
  cell.picture.alt = map.alt;
  if (map.src) cell.picture.src = map.src;
  else if (studio.photo.src) cell.picture.src = studio.photo.src;
  cell.foot.replaceChildren(...footOf(cell, map));
  if (map.values) cell.reader = openReader(map.values, cell.picture);
}

function drawPhotos() {
  cells.forEach((cell) => { if (cell.map && !cell.map.src) cell.picture.src = studio.photo.src; });
}

function footOf(cell, map) {
  if (map.legend) return map.legend.map((entry) => legendEntry(cell, entry));
  if (map.ramp) {
    const colours = `linear-gradient(90deg, ${map.ramp.colours.join(", ")})`;
    return [map.ramp.low, make("span", { class: "ramp", style: { background: colours } }), map.ramp.high];
  }
  if (map.disc) return [make("img", { class: "disc", src: map.disc, alt: "" }), map.foot];
  return map.foot ? [map.foot] : [];
}

function legendEntry(cell, { index, name, colour, share }) {
  const entry = make("button", { class: "entry", type: "button" }, make("i", { style: { background: colour } }), `${name} ${percent(share)}`);
  const show = () => isolateClass(cell, index);
  const hide = () => isolateClass(cell, null);
  entry.addEventListener("pointerenter", show);
  entry.addEventListener("pointerleave", hide);
  entry.addEventListener("focus", show);
  entry.addEventListener("blur", hide);
  return entry;
}

async function isolateClass(cell, index) {
  const reader = index === null ? null : await cell.reader;
  cell.isolate.classList.toggle("on", Boolean(reader));
  if (!reader) return;
  cell.isolate.width = reader.width;
  cell.isolate.height = reader.height;
  const veil = new ImageData(reader.width, reader.height);
  for (let pixel = 0; pixel < reader.width * reader.height; pixel++) {
    veil.data.set(reader.bytes[4 * pixel] === index ? [0, 0, 0, 0] : [251, 250, 247, 216], 4 * pixel);
  }
  cell.isolate.getContext("2d").putImageData(veil, 0, 0);
}

// Numbers behind a map: a PNG whose red and green bytes hold one 16-bit number per pixel, or class indices.
async function openReader(values, picture) {
  const source = values.src ? Object.assign(new Image(), { src: values.src }) : picture;
  await source.decode().catch(() => null);
  const [width, height] = [source.naturalWidth, source.naturalHeight];
  if (!width) return null;
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0);
  const bytes = context.getImageData(0, 0, width, height).data;
  return { width, height, bytes, read: (x, y) => readPixel(values, bytes, 4 * (y * width + x)) };
}

function readPixel(values, bytes, at) {
  if (values.names) return values.names[bytes[at]] ?? "";
  if (values.normals) {
    const [x, y, z] = [0, 1, 2].map((channel) => (bytes[at + channel] / 255) * 2 - 1);
    return `${x.toFixed(1)} ${y.toFixed(1)} ${z.toFixed(1)}`;
  }
  const number = 256 * bytes[at] + bytes[at + 1];
  if (number === 65535) return "not measured";
  const amount = number * values.scale;
  return `${values.significant ? amount.toPrecision(values.significant) : amount.toFixed(values.digits)} ${values.unit ?? ""}`.trim();
}

function whereIs(event, inside, outside) {
  const frame = event.target.closest?.(".map");
  if (!frame) return outside?.();
  const box = frame.getBoundingClientRect();
  return inside({ x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
}

function moveCross() {
  const place = studio.hover ?? studio.at;
  cells.forEach((cell) => {
    cell.down.style.left = `${100 * place.x}%`;
    cell.across.style.top = `${100 * place.y}%`;
    cell.box.style.left = `${100 * studio.at.x}%`;
    cell.box.style.top = `${100 * studio.at.y}%`;
    readOut(cell, place);
  });
}

async function readOut(cell, place) {
  const reader = await cell.reader;
  // The pointer may have moved on while the numbers were decoded.
  if (place !== (studio.hover ?? studio.at)) return;
  const hovering = studio.hover && reader;
  cell.note.classList.toggle("value", Boolean(hovering));
  cell.note.textContent = hovering
    ? reader.read(Math.min(Math.floor(place.x * reader.width), reader.width - 1), Math.min(Math.floor(place.y * reader.height), reader.height - 1))
    : cell.map?.note ?? "";
}

function markTask() {
  cells.forEach((cell) => cell.card.classList.toggle("on", cell.task !== null && cell.task === studio.task));
}
