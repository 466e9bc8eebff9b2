// A view: words, tools, and groups of maps, matrices, lines and bars. The DOM is built once per layout; later values
// only change pictures and words, so that cross-hair and keyboard focus stay where they are.
const root = element.querySelector("[data-viewer]");
const name = root.dataset.viewer;
const cells = new Map();
// Pictures of the maps by the name that Python gives them: what is held is not sent again.
let pictures = new Map();
const drawTools = toolRow(root.querySelector(".tools"));
let layout = null;
// Key of what Python is computing for this view; and of what the visitor did not want to wait for.
let running = null;
let latest = null;
let unwanted = null;

watch("value", () => draw(props.value));
studio.subscribe((kind) => {
  if (kind === "answer") draw(studio.answer[name]);
  if (kind === "photo") takePhoto();
  if (kind === "choice") markTask();
  if (["hover", "pick", "photo"].includes(kind)) moveCross();
  if (kind === "ask" && studio.asked.event === "run" && !studio.asked.tab && studio.tab === name) begin(root.dataset.key);
  if (kind === "waiting" && studio.tab === name && root.dataset.state !== "absent") {
    root.dataset.state = studio.waiting ? "waiting" : known() ? "ready" : "pending";
  }
});
root.addEventListener("pointermove", (event) => whereIs(event, (place) => studio.point(place), () => studio.point(null)));
root.addEventListener("pointerleave", () => studio.point(null));
root.addEventListener("click", (event) => whereIs(event, (place) => { root.focus({ preventScroll: true }); studio.pick(place); }));
root.querySelector(".pending button").addEventListener("click", () => (running ? cancel() : run(latest)));
draw(props.value);

// Whether what is shown is whole, and not something that is still being computed.
function known() {
  return Boolean(layout) && root.querySelector(".pending").hidden;
}

function draw(value) {
  // What belongs to another photo or another network comes too late, or too early.
  if (!value || (value.of && value.of !== studio.photo.key)) return;
  // What was computed for another choice comes too late: it would lead back to it, and end what is computed now.
  if (value.ticket && value.ticket !== studio.underWay) return;
  if (value.key) latest = value.key;
  root.hidden = Boolean(value.absent);
  if (value.absent) root.dataset.state = "absent";
  if (value.stale) studio.drawn[name] = "";
  if (value.problem) [running, unwanted] = [null, running];
  // What was cancelled may still tell how far it was.
  if (value.progress && !running) return;
  if (value.progress || value.problem) return pend(value.problem ?? value.words, value.progress);
  if (value.same) root.dataset.state = known() ? "ready" : "pending";
  if (!value.groups) return;
  value.groups.forEach((group) => { group.maps = group.maps?.map(whole); });
  pictures = new Map(value.groups.flatMap((group) => group.maps ?? []).filter((map) => map.hash).map((map) => [map.hash, map]));
  studio.held[name] = [...pictures.keys()];
  studio.drawn[name] = root.dataset.key = value.key;
  if (value.heads !== undefined) studio.heads = value.heads;
  drawWords(value);
  // Until there is something new to see, what was there stays, dimmed: the page does not jump.
  const stays = Boolean(value.pending && !value.groups.length && layout && root.querySelector(".groups").childElementCount);
  root.querySelector(".groups").classList.toggle("old", stays);
  const ofMap = (map) => [map.id, Boolean(map.wipe), map.threshold, map.blend];
  const ofGroup = ({ id, kind, span, title, columns, maps }) => [id, kind, span, title, columns, maps?.map(ofMap)];
  const wanted = stays ? layout : JSON.stringify(value.groups.map(ofGroup));
  if (wanted !== layout) build(value);
  layout = wanted;
  value.groups.forEach((group, index) => fillGroup(root.querySelector(`[data-group="${index}"]`), group, value));
  markTask();
  moveCross();
  // The visitor has moved on to a place that needs no answer: the old one would lead back to where it was asked.
  if (!value.pending && running && ![value.key, `${value.key}|pending`].includes(running)) studio.ask("cancel");
  if (!value.pending) running = null;
  pend(value.pending);
  if (value.pending && value.key !== running && value.key !== unwanted) run(value.key);
}

// A map with the pictures that were sent earlier.
function whole(map) {
  const known = map.src || map.values ? null : pictures.get(map.hash);
  if (!known) return map;
  const { src, values, wipe, disc } = known;
  return { ...map, src, values, wipe, disc };
}

function run(key) {
  if (running) studio.ask("cancel");
  [running, unwanted] = [key, null];
  studio.ask("run", { tab: name });
}

// A tool has asked for what is not computed by itself.
function begin(key) {
  [running, unwanted] = [key, null];
  pend("Asking the network");
}

function cancel() {
  studio.ask("cancel");
  [running, unwanted] = [null, running];
  pend("Cancelled.");
}

// What is still to be computed, and how far it is. Nothing: it is all there.
function pend(text, progress) {
  const line = root.querySelector(".pending");
  line.hidden = !text;
  line.querySelector("p").textContent = text ?? "";
  const [bar, button] = [line.querySelector("progress"), line.querySelector("button")];
  bar.hidden = !running;
  button.textContent = running ? "Cancel" : "Compute";
  if (progress) [bar.value, bar.max] = progress;
  else bar.removeAttribute("value");
  root.dataset.state = text ? "pending" : "ready";
}

function drawWords(value) {
  root.querySelector(".say").replaceChildren(...spoken(value.say ?? []));
  root.querySelector(".hint").textContent = value.hint ?? "";
  drawTools(value.tools ?? []);
  root.querySelector(".bar").replaceChildren(...(value.shares ? [shareBar(value.shares, true), evenTicks(value.shares.length)] : []));
}

// Where the parts of a bar would end if they were even.
function evenTicks(count) {
  const ticks = [...Array(count - 1).keys()].map((index) => make("i", { style: { left: `${(100 * (index + 1)) / count}%` } }));
  const words = count > 1 ? make("span", {}, `ticks: even parts of ${percent(1 / count)}`) : "";
  return make("div", { class: "even", "aria-hidden": "true" }, ...ticks, words);
}

function build(value) {
  cells.clear();
  root.querySelector(".groups").replaceChildren(...value.groups.map((group, index) => {
    const heading = group.title ? make("h3", {}, group.title) : null;
    const head = make("div", { class: "group-head" }, heading, make("span", { class: "group-text" }));
    const look = group.kind ? "chart" : group.columns > 3 ? "grid many" : "grid";
    const body = make("div", { class: look, style: { "--columns": group.columns ?? 3 } });
    group.maps?.forEach((map) => {
      const cell = makeCell(map);
      cells.set(map.id, cell);
      body.append(cell.card);
    });
    const section = { class: group.title ? "group" : "group bare", "data-group": index, style: { "--span": group.span ?? 12 } };
    return make("section", { ...section, "data-testid": group.id ? `group-${group.id}` : null }, head, body);
  }));
}

function fillGroup(box, group, value) {
  box.querySelector(".group-text").textContent = group.text ?? "";
  group.maps?.forEach((map) => fill(cells.get(map.id), map, value));
  if (!group.kind) return;
  const held = box.contains(document.activeElement) ? document.activeElement.dataset.value : null;
  box.querySelector(".chart").replaceChildren(CHARTS[group.kind](group));
  if (held) box.querySelector(`[data-value="${CSS.escape(held)}"]`)?.focus();
}

function makeCell(map) {
  const cell = {
    picture: make("img", { class: "picture", draggable: "false", decoding: "sync" }),
    under: map.blend ? make("img", { class: "under", alt: "", draggable: "false" }) : "",
    isolate: make("canvas", { class: "isolate" }),
    title: titleOf(map), note: make("small"), foot: make("div", { class: "foot" }), dot: dot("#888"),
    marker: make("i"),
    across: make("i", { class: "across" }), down: make("i", { class: "down" }), box: make("u"),
    task: map.task ?? null,
    token: make("s"),
  };
  const over = [cell.isolate, ...wipeOver(cell, map), cell.token, cell.across, cell.down, cell.box];
  cell.frame = make("div", { class: "map", "data-map": map.id }, cell.under, cell.picture, ...over);
  cell.card = make("figure", { class: "card", "data-testid": `map-${map.id}` },
    make("figcaption", {}, cell.dot, cell.title, cell.note), cell.frame, cell.foot);
  return cell;
}

// A title may set an option, such as the head that is read: {option, value, chosen}.
function titleOf({ choose }) {
  if (!choose) return make("b");
  const title = make("button", { type: "button", class: "choose" });
  title.addEventListener("click", () => studio.option(choose.option, choose.value));
  return title;
}

function fill(cell, map, value) {
  // Pictures that stay need not be decoded once more.
  const stays = Boolean(map.hash) && cell.hash === map.hash;
  cell.map = map;
  cell.hash = map.hash;
  if (map.choose) cell.title.setAttribute("aria-pressed", String(map.choose.chosen));
  cell.dot.style.background = map.colour ?? "#8a867d";
  cell.title.textContent = map.title;
  cell.note.textContent = map.note ?? "";
  cell.frame.style.aspectRatio = String(value.aspect);
  cell.frame.style.setProperty("--aspect", value.aspect);
  cell.frame.classList.toggle("tokens", Boolean(map.tokens));
  cell.picture.alt = map.alt;
  if (!stays) fillPictures(cell, map);
  placeToken(cell.token, map.token);
  cell.foot.replaceChildren(...footOf(cell, map), ...thresholdOf(cell, map));
}

function fillPictures(cell, map) {
  if (map.src || studio.photo.src) cell.picture.src = map.src || studio.photo.src;
  if (cell.under) cell.under.src = studio.photo.src;
  cell.sides?.forEach((side, index) => { side.textContent = [map.wipe.left, map.wipe.right][index]; });
  if (map.wipe) Object.assign(cell.over, { src: map.wipe.src || studio.photo.src, alt: map.wipe.alt });
  cell.reader = map.values ? openReader(map.values, cell.picture) : null;
}

// A second picture over the first, of which a slider uncovers the left part: before | after.
function wipeOver(cell, map) {
  if (!map.wipe) return [];
  cell.over = make("img", { class: "over", draggable: "false" });
  cell.wipe = make("input", { type: "range", class: "wipe", min: 0, max: 100, value: 50, "aria-label": map.wipe.label });
  cell.edge = make("b", { class: "edge" });
  const show = () => cell.frame.style.setProperty("--wipe", `${cell.wipe.value}%`);
  cell.wipe.addEventListener("input", show);
  cell.wipe.addEventListener("click", (event) => event.stopPropagation());
  queueMicrotask(show);
  cell.sides = [make("span", { class: "left" }), make("span", { class: "right" })];
  return [cell.over, cell.edge, ...cell.sides, cell.wipe];
}

// The token that is looked from, as fractions {left, top, width, height} of the map.
function placeToken(box, token) {
  box.hidden = !token;
  if (token) for (const side of ["left", "top", "width", "height"]) box.style[side] = `${100 * token[side]}%`;
}

// A threshold for probabilities: black where the number is above it. It is the reader's own and changes nothing else.
function thresholdOf(cell, map) {
  if (!map.threshold) return [];
  cell.limit ??= map.threshold.value;
  const range = make("input", { type: "range", min: 0, max: 1, step: 0.01, value: cell.limit, "aria-label": `Threshold of ${map.title}` });
  const on = make("input", { type: "checkbox", "aria-label": `Cut ${map.title} at the threshold` });
  const text = make("output");
  on.checked = Boolean(cell.cut);
  const apply = async () => {
    cell.limit = Number(range.value);
    cell.cut = on.checked;
    text.textContent = cell.limit.toFixed(2);
    const reader = await cell.reader;
    cell.isolate.classList.toggle("on", Boolean(reader && cell.cut));
    if (reader && cell.cut) paint(cell, reader, (at) => (reader.number(at) >= cell.limit ? [0, 0, 0, 255] : [255, 255, 255, 255]));
  };
  range.addEventListener("input", () => { on.checked = true; apply(); });
  on.addEventListener("change", apply);
  apply();
  return [make("label", { class: "cut" }, on, "cut at", range, text)];
}

function takePhoto() {
  running = unwanted = null;
  draw(props.value);
  drawPhotos();
}

function drawPhotos() {
  cells.forEach((cell) => {
    if (cell.map && !cell.map.src) cell.picture.src = studio.photo.src;
    if (cell.under) cell.under.src = studio.photo.src;
    if (cell.map?.wipe && !cell.map.wipe.src) cell.over.src = studio.photo.src;
  });
}

function footOf(cell, map) {
  const parts = [];
  cell.kept = null;
  cell.isolate.classList.remove("on");
  if (map.legend) parts.push(...map.legend.map((entry) => legendEntry(cell, entry)));
  if (map.ramp) {
    const colours = `linear-gradient(90deg, ${map.ramp.colours.join(", ")})`;
    const shared = map.ramp.shared ? make("span", { class: "shared" }, map.ramp.shared) : "";
    parts.push(map.ramp.low, make("span", { class: "ramp", style: { background: colours } }), map.ramp.high, shared);
  }
  if (map.disc) {
    const disc = make("img", { src: map.disc, alt: "Directions as colours: right red, up green, to you blue" });
    parts.push(make("span", { class: "disc" }, disc, cell.marker));
  }
  if (map.foot) parts.push(make("span", { class: map.ramp || map.legend ? "foot-text" : null }, map.foot));
  return parts;
}

function legendEntry(cell, { index, name, colour, share }) {
  const button = { class: "entry", type: "button", "aria-pressed": "false", "data-index": index };
  const entry = make("button", button, make("i", { style: { background: colour } }), `${name} ${percent(share)}`);
  const show = () => isolateClass(cell, index);
  const hide = () => isolateClass(cell, cell.kept);
  entry.addEventListener("click", () => {
    cell.kept = cell.kept === index ? null : index;
    cell.foot.querySelectorAll(".entry").forEach((other) => {
      other.setAttribute("aria-pressed", String(Number(other.dataset.index) === cell.kept));
    });
    show();
  });
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
  // The veil has the colour of an empty map, which follows the theme.
  const empty = getComputedStyle(root).getPropertyValue("--empty").trim();
  const veil = [...[1, 3, 5].map((start) => parseInt(empty.slice(start, start + 2), 16)), 222];
  paint(cell, reader, (at) => (reader.bytes[at] === index ? [0, 0, 0, 0] : veil));
}

function paint(cell, reader, colour) {
  cell.isolate.width = reader.width;
  cell.isolate.height = reader.height;
  const veil = new ImageData(reader.width, reader.height);
  for (let at = 0; at < reader.bytes.length; at += 4) veil.data.set(colour(at), at);
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
  const number = (at) => (256 * bytes[at] + bytes[at + 1]) * (values.scale ?? 1);
  const at = (place) => 4 * (Math.min(Math.floor(place.y * height), height - 1) * width + Math.min(Math.floor(place.x * width), width - 1));
  return { width, height, bytes, number, at, normals: values.normals, read: (place) => readPixel(values, bytes, at(place)) };
}

function readPixel(values, bytes, at) {
  // Beside a name, green may hold a number of its own: `second` says what it is, with # in its place.
  if (values.names) {
    const second = values.second ? [values.second.replace("#", bytes[at + 1])] : [];
    return [values.names[bytes[at]] ?? values.unknown ?? "", ...second].join(", ");
  }
  if (values.normals) {
    const [x, y, z] = normalAt(bytes, at);
    return `${x.toFixed(1)} ${y.toFixed(1)} ${z.toFixed(1)}`;
  }
  const number = 256 * bytes[at] + bytes[at + 1];
  if (number === 65535) return values.unknown ?? "not measured";
  const amount = number * values.scale + (values.offset ?? 0);
  return `${values.significant ? amount.toPrecision(values.significant) : amount.toFixed(values.digits)} ${values.unit ?? ""}`.trim();
}

function normalAt(bytes, at) {
  return [0, 1, 2].map((channel) => (bytes[at + channel] / 255) * 2 - 1);
}

function whereIs(event, inside, outside) {
  const frame = event.target.closest?.(".map");
  if (!frame || event.target.matches("input")) return outside?.();
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
  if (reader?.normals) {
    const [x, y] = normalAt(reader.bytes, reader.at(place));
    Object.assign(cell.marker.style, { left: `${50 + 50 * x}%`, top: `${50 - 50 * y}%` });
  }
  const hovering = studio.hover && reader;
  cell.note.classList.toggle("value", Boolean(hovering));
  cell.note.textContent = hovering ? reader.read(place) : cell.map?.note ?? "";
}

function markTask() {
  const chosen = ({ task, map }) => (task === null ? Boolean(map?.choose?.chosen) : task === studio.task);
  cells.forEach((cell) => cell.card.classList.toggle("on", chosen(cell)));
}
