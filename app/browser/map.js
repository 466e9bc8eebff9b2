// @ts-check
// One map of a view: picture, cross-hair, what a slider uncovers, legend or scale, and the number under the pointer.

/** @import { Studio } from "./types.js" */
/** @import { LegendEntry, Map as MapView, Mesh, Place, View } from "./view.js" */
/** @import { Alone, Legend } from "./legend.js" */
/** @import { Reader } from "./reader.js" */
import { TAKE, dot, make, percent, refill } from "./dom.js";
import { classOf, namesOf } from "./legend.js";
import { createOutline } from "./region.js";
import { normalAt, openReader } from "./reader.js";

const GREY = "#8a867d";

/**
 * @param {Studio} studio
 * @param {MapView} first - What it shows at first: wipe, blend and threshold are part of its build.
 * @param {Legend} alone - Which class is alone in sight, in all maps of the view.
 */
export function createMap(studio, first, alone) {
  const picture = make("img", { class: "picture", draggable: "false", decoding: "sync" });
  const under = first.blend ? make("img", { class: "under", alt: "", draggable: "false" }) : null;
  const veil = make("canvas", { class: "isolate" });
  const [title, note, foot, colour] = [titleOf(), make("small"), make("div", { class: "foot" }), dot("#888")];
  const [across, down, box] = [make("i", { class: "across" }), make("i", { class: "down" }), make("u")];
  // Where the direction at the pixel lies on the disc of all directions.
  const marker = make("i");
  const token = make("s");
  const frame = make("div", { class: first.mesh ? "mesh" : "map", "data-map": first.id });
  const flat = first.mesh ? [] : [under, picture, veil].filter((node) => node !== null);
  frame.append(...flat);
  const wipe = first.wipe ? wipeOver(frame, first.wipe.label) : null;
  if (!first.mesh) frame.append(token, across, down, box);
  /** What turns comes when it is first shown. */
  const drawOutline = createOutline(frame);
  const room = first.mesh ? import("./mesh.js").then(({ createMesh }) => createMesh(studio, frame)) : null;
  const head = make("figcaption", {}, colour, title, note);
  const card = make("figure", { class: "card", "data-testid": `map-${first.id}` }, head, frame, foot);
  const enlarge = make("button", { type: "button", class: "card-act enlarge", title: "Enlarge (Enter, or double click)" }, "⤢");
  const take = make("button", { type: "button", class: "card-act take", "data-take": first.id, title: TAKE }, "⤓");
  head.after(...(first.mesh ? [take] : [enlarge, take]));
  const cut = first.threshold ? thresholdOf(first.title, first.threshold.value) : null;
  let map = first;
  /** Decoded once somebody reads them: a view has many maps, and a pointer is over one. @type {Promise<Reader | null> | null} */
  let reader = null;
  /** Name of the pictures that are drawn. @type {string | undefined} */
  let hash;
  /** What is alone in sight. @type {Alone | null} */
  let shown = null;

  // A title may set an option, such as the head that is read.
  function titleOf() {
    if (!first.choose) return make("b");
    const button = make("button", { type: "button", class: "choose" });
    button.addEventListener("click", () => map.choose && studio.option(map.choose.option, map.choose.value));
    return button;
  }

  /**
   * @param {MapView} next
   * @param {View} view
   */
  function fill(next, view) {
    // Pictures that stay need not be decoded once more.
    const stays = Boolean(next.hash) && hash === next.hash;
    [map, hash] = [next, next.hash];
    if (map.choose) title.setAttribute("aria-pressed", String(map.choose.chosen));
    colour.style.background = map.colour ?? GREY;
    refill(title, map.title);
    refill(note, map.note ?? "");
    frame.style.aspectRatio = String(view.aspect);
    frame.style.setProperty("--aspect", String(view.aspect));
    frame.classList.toggle("tokens", Boolean(map.tokens));
    picture.alt = map.alt;
    enlarge.setAttribute("aria-label", `Enlarge ${map.title}`);
    take.setAttribute("aria-label", `${TAKE}: ${map.title}`);
    if (!stays) fillPictures();
    placeToken();
    drawRegion();
    refill(foot, ...footOf());
    if (!stays && shown) isolate(shown);
    if (cut) {
      foot.append(cut.label);
      applyCut();
    }
  }

  function fillPictures() {
    const { src } = studio.photo;
    if (map.mesh) fillRoom(map.mesh);
    if (map.src || src) load(picture, map.src || src);
    if (under) load(under, src);
    if (wipe && map.wipe) {
      [wipe.left.textContent, wipe.right.textContent] = [map.wipe.left, map.wipe.right];
      wipe.over.alt = map.wipe.alt;
      load(wipe.over, map.wipe.src || src);
    }
    reader = null;
  }

  /** @param {Mesh} mesh */
  async function fillRoom(mesh) {
    (await room)?.fill(mesh, map.src || studio.photo.src, { alt: map.alt, smooth: !map.tokens });
  }

  /** The numbers behind the picture; null where it has none. */
  async function numbersOf() {
    if (map.values) reader ??= openReader(map.values, picture);
    return reader;
  }

  function drawPhoto() {
    const { src } = studio.photo;
    if (map.mesh && !map.src) fillRoom(map.mesh);
    if (!map.src) picture.src = src;
    if (under) under.src = src;
    if (wipe && map.wipe && !map.wipe.src) wipe.over.src = src;
  }

  function placeToken() {
    token.hidden = !map.token;
    for (const [side, share] of Object.entries(map.token ?? {})) token.style.setProperty(side, `${100 * share}%`);
  }

  function drawRegion() {
    if (room) room.then(({ redraw }) => redraw());
    else drawOutline(studio);
  }

  // It is the reader's own and changes nothing else.
  async function applyCut() {
    if (!cut) return;
    const limit = Number(cut.range.value);
    cut.text.textContent = limit.toFixed(2);
    const numbers = cut.on.checked ? await numbersOf() : null;
    veil.classList.toggle("on", Boolean(numbers && cut.on.checked));
    if (numbers && cut.on.checked) paint(veil, numbers, (at) => (numbers.number(at) >= limit ? [0, 0, 0, 255] : [255, 255, 255, 255]));
  }

  cut?.range.addEventListener("input", () => {
    cut.on.checked = true;
    applyCut();
  });
  cut?.on.addEventListener("change", applyCut);

  function footOf() {
    const { legend, ramp, disc, foot: words } = map;
    /** @type {(Node | string)[]} */
    const parts = (legend ?? []).map(legendEntry);
    if (ramp) {
      const background = `linear-gradient(90deg, ${ramp.colours.join(", ")})`;
      const shared = ramp.shared ? make("span", { class: "shared" }, ramp.shared) : "";
      parts.push(ramp.low, make("span", { class: "ramp", style: { background } }), ramp.high, shared);
    }
    if (disc) {
      const directions = make("img", { src: disc, alt: "Directions as colours: right red, up green, to you blue" });
      parts.push(make("span", { class: "disc" }, directions, map.mesh ? null : marker));
    }
    if (words) parts.push(make("span", { class: ramp || legend ? "foot-text" : null }, words));
    return parts;
  }

  /** @param {LegendEntry} entry */
  function legendEntry({ index, name, colour, share, both }) {
    const [sample, words] = [make("i", { style: { background: colour } }), `${name} ${both ?? percent(share)}`];
    if (map.mesh) return make("span", { class: "entry" }, sample, words);
    const one = classOf(map.values, { index, colour });
    const states = { "aria-pressed": String(alone.keeps(one)), "data-index": one.index };
    const entry = make("button", { class: "entry", type: "button", ...states }, sample, words);
    entry.addEventListener("click", () => alone.keep(one));
    entry.addEventListener("pointerenter", () => alone.show(one));
    entry.addEventListener("pointerleave", alone.leave);
    entry.addEventListener("focus", () => alone.show(one));
    entry.addEventListener("blur", alone.leave);
    return entry;
  }

  /** @param {Alone | null} one - The class that is alone in sight, of whatever map; null: all are. */
  async function isolate(one) {
    if (!map.values?.names) return;
    const names = namesOf(map.values);
    const mine = one?.names === names ? one : null;
    shown = mine;
    foot.querySelectorAll("button.entry").forEach((entry) => {
      const index = Number(entry.getAttribute("data-index"));
      entry.setAttribute("aria-pressed", String(alone.keeps({ names, index, colour: "" })));
    });
    // Before the slider, the photo has no classes.
    const before = mine && wipe && map.wipe?.src ? await openReader({}, wipe.over) : null;
    const numbers = mine ? await numbersOf() : null;
    // The pointer may have moved on while the numbers were decoded.
    if (shown !== mine) return;
    veil.classList.toggle("on", Boolean(numbers));
    wipe?.veil.classList.toggle("on", Boolean(before));
    if (!mine) return;
    // The veil has the colour of an empty map, which follows the theme.
    const empty = getComputedStyle(frame).getPropertyValue("--empty").trim();
    const [dim, clear] = [[...parts(empty), 222], [0, 0, 0, 0]];
    if (numbers) paint(veil, numbers, (at) => (numbers.bytes[at] === mine.index ? clear : dim));
    // The left side of a slider is a picture alone: its colours tell the classes.
    const colour = parts(mine.colour);
    const alike = (/** @type {number} */ at) => colour.every((part, channel) => before?.bytes[at + channel] === part);
    if (wipe && before) paint(wipe.veil, before, (at) => (alike(at) ? clear : dim));
  }

  function moveCross() {
    if (room) return void room.then(({ follow }) => follow());
    const place = studio.hover ?? studio.at;
    down.style.left = `${100 * place.x}%`;
    across.style.top = `${100 * place.y}%`;
    box.style.left = `${100 * studio.at.x}%`;
    box.style.top = `${100 * studio.at.y}%`;
    readOut(place);
  }

  /** @param {Place} place */
  async function readOut(place) {
    // Without a pointer, only a direction is marked beside the map.
    const numbers = studio.hover || map.values?.normals ? await numbersOf() : null;
    // The pointer may have moved on while the numbers were decoded.
    if (place !== (studio.hover ?? studio.at)) return;
    if (numbers?.normals) {
      const [x, y] = normalAt(numbers.bytes, numbers.at(place));
      Object.assign(marker.style, { left: `${50 + 50 * x}%`, top: `${50 - 50 * y}%` });
    }
    const hovering = studio.hover && numbers;
    note.classList.toggle("value", Boolean(hovering));
    refill(note, hovering ? hovering.read(place) : (map.note ?? ""));
  }

  function markTask() {
    card.classList.toggle("on", (first.task ?? null) === null ? Boolean(map.choose?.chosen) : first.task === studio.task);
  }

  return { card, fill, drawPhoto, drawRegion, moveCross, markTask, isolate };
}

/** @param {string} colour - #rrggbb */
function parts(colour) {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}

/**
 * @param {HTMLCanvasElement} veil
 * @param {Reader} numbers
 * @param {(at: number) => number[]} colourAt - Red, green, blue and opacity of the pixel that begins there.
 */
function paint(veil, numbers, colourAt) {
  Object.assign(veil, { width: numbers.width, height: numbers.height });
  const pixels = new ImageData(numbers.width, numbers.height);
  for (let at = 0; at < numbers.bytes.length; at += 4) pixels.data.set(colourAt(at), at);
  veil.getContext("2d")?.putImageData(pixels, 0, 0);
}

/**
 * Loads a picture; one that is there stays.
 *
 * @param {HTMLImageElement} image
 * @param {string} src
 */
function load(image, src) {
  if (image.getAttribute("src") !== src) image.src = src;
}

/**
 * A second picture over the first, of which a slider uncovers the left part: before | after.
 *
 * @param {HTMLElement} frame
 * @param {string} label
 */
function wipeOver(frame, label) {
  const [over, veil] = [make("img", { class: "over", draggable: "false" }), make("canvas", { class: "isolate before" })];
  const range = make("input", { type: "range", class: "wipe", min: 0, max: 100, value: 50, "aria-label": label });
  const [left, right] = [make("span", { class: "left" }), make("span", { class: "right" })];
  const show = () => frame.style.setProperty("--wipe", `${range.value}%`);
  range.addEventListener("input", show);
  range.addEventListener("click", (event) => event.stopPropagation());
  show();
  frame.append(over, veil, make("b", { class: "edge" }), left, right, range);
  return { over, veil, left, right };
}

/**
 * A threshold for probabilities: black where the number is above it.
 *
 * @param {string} title - Of the map.
 * @param {number} value
 */
function thresholdOf(title, value) {
  const range = make("input", { type: "range", min: 0, max: 1, step: 0.01, value, "aria-label": `Threshold of ${title}` });
  const on = make("input", { type: "checkbox", "aria-label": `Cut ${title} at the threshold` });
  const text = make("output");
  return { range, on, text, label: make("label", { class: "cut" }, on, "cut at", range, text) };
}
