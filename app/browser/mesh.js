// @ts-check
// The room in space: turns, comes nearer, marks the selected pixel, selects and measures. It is loaded when it is first
// shown, and draws only when something has changed.

/** @import { Studio } from "./types.js" */
/** @import { Surface, View } from "./space.js" */
/** @import { Mesh, Place } from "./view.js" */
import { drawn, make } from "./dom.js";
import { createPainter } from "./painter.js";
import { openReader } from "./reader.js";
import { outlined, pathOf } from "./region.js";
import { meets, outlineOn, surfaceOf, turned } from "./space.js";

/** Radians of a drag over the whole width. */
const DRAG = 2.4;
/** Pixels that a click may move. */
const STILL = 5;
const CAMERA = { aside: 0, up: 0, far: 1 };
/** What keys do: to the side, upward, nearer. @type {Record<string, [number, number, number]>} */
const KEYS = {
  ArrowLeft: [-0.09, 0, 1],
  ArrowRight: [0.09, 0, 1],
  ArrowUp: [0, -0.09, 1],
  ArrowDown: [0, 0.09, 1],
  "+": [0, 0, 0.9],
  "=": [0, 0, 0.9],
  "-": [0, 0, 1.1],
};
const HELP = "Arrow keys turn it, with Shift they move the pixel; plus and minus come nearer and go away, Home resets, M measures.";
const WITHOUT = "This browser draws nothing in space (it has no WebGL 2). The .glb file opens in other programs.";

/** @type {ReturnType<typeof createPainter> | null} */
let painter = null;

/**
 * @param {Studio} studio
 * @param {HTMLElement} frame
 */
export function createMesh(studio, frame) {
  const { canvas, load, draw: paint, works } = (painter ??= createPainter());
  const [line, mark, start] = [drawn("line", {}), make("u"), make("u", { class: "start" })];
  const [sentence, said] = [make("p", { class: "instead" }), make("output")];
  const measure = act("Measure", "From the selected pixel to the next", toggle);
  const file = act(".glb", "A file for viewers of 3D models");
  file.dataset.download = "room";
  const nearer = [act("−", "Farther", () => go(0, 0, 1.25)), act("+", "Nearer", () => go(0, 0, 0.8))];
  const tools = make("div", { class: "mesh-tools" }, ...nearer, act("Reset", "As the camera saw it", reset), measure, file);
  frame.append(canvas, drawn("svg", { "aria-hidden": "true" }, line), start, mark, sentence, said, tools);
  frame.dataset.testid = "mesh";

  /** Turned a little, so that it is seen to be in space. @type {View} */
  let view = { aside: -0.35, up: 0.16, far: 1.2 };
  /** @type {Surface | null} */
  let surface = null;
  /** What is marked, and where measuring begins. @type {(Place | null)[]} */
  let [marked, from] = [null, null];
  /** Pointers that are down, and how far they have gone. @type {Map<number, Place>} */
  const down = new Map();
  let [moved, waits] = [0, false];
  /** The region that is asked. @type {SVGElement | null} */
  let outline = null;

  /**
   * @param {Mesh} mesh
   * @param {string} src - Of the picture with the colours.
   * @param {{ alt: string, smooth: boolean }} look
   */
  async function fill(mesh, src, { alt, smooth }) {
    frame.dataset.state = "pending";
    const picture = Object.assign(new Image(), { src });
    const [reader] = await Promise.all([openReader({ src: mesh.src }, picture), picture.decode().catch(() => null)]);
    if (!reader) return;
    canvas.setAttribute("aria-label", `${alt}. ${HELP}`);
    sentence.textContent = works ? mesh.empty : WITHOUT;
    surface = surfaceOf(mesh, reader);
    load(surface, picture, mesh.lit, smooth);
    ask();
  }

  function ask() {
    if (!waits) requestAnimationFrame(draw);
    waits = true;
  }

  function follow() {
    if (marked !== (studio.hover ?? studio.at)) ask();
  }

  function draw() {
    waits = false;
    if (!surface || !canvas.clientWidth) return;
    paint(surface, view);
    marked = studio.hover ?? studio.at;
    const ends = [put(start, from), put(mark, marked)];
    ends.forEach((end, index) => {
      line.setAttribute(`x${index + 1}`, `${100 * (end?.x ?? 0)}%`);
      line.setAttribute(`y${index + 1}`, `${100 * (end?.y ?? 0)}%`);
    });
    const region = outlineOn(surface, view, pathOf(studio));
    outline?.remove();
    outline = region ? outlined(region) : null;
    if (outline) canvas.after(outline);
    line.style.display = ends.every(Boolean) ? "" : "none";
    measure.setAttribute("aria-pressed", String(Boolean(from)));
    const words = from ? between(from, marked) : "";
    if (words !== said.textContent) said.textContent = words;
    Object.assign(frame.dataset, { state: "ready", view: Object.values(view).map((number) => number.toFixed(3)).join(" ") });
  }

  /**
   * @param {HTMLElement} node
   * @param {Place | null} place
   */
  function put(node, place) {
    const point = place && surface?.point(place);
    const seen = point && surface ? turned(surface, view, point) : null;
    node.hidden = !seen;
    if (seen) Object.assign(node.style, { left: `${100 * seen.x}%`, top: `${100 * seen.y}%` });
    return seen;
  }

  /**
   * @param {Place} one
   * @param {Place} other
   */
  function between(one, other) {
    const [begin, end] = [surface?.point(one), surface?.point(other)];
    if (!begin || !end) return "No depth at one of the two places";
    if (one.x === other.x && one.y === other.y) return "Select a second place";
    return `${Math.hypot(...begin.map((part, axis) => part - end[axis])).toFixed(2)} m between the two places`;
  }

  /**
   * @param {number} aside - Radians.
   * @param {number} up
   * @param {number} [farther] - A factor.
   */
  function go(aside, up, farther = 1) {
    view = { aside: within(view.aside + aside, -1.5, 1.5), up: within(view.up + up, -1.2, 1.2), far: within(view.far * farther, 0.15, 4) };
    ask();
  }

  function reset() {
    view = CAMERA;
    ask();
  }

  function toggle() {
    from = from ? null : studio.at;
    ask();
  }

  /** @param {PointerEvent} event */
  function pick({ clientX, clientY, shiftKey }) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const place = surface && meets(surface, view, { x: (clientX - left) / width, y: (clientY - top) / height });
    if (!place) return;
    if (shiftKey) from = studio.at;
    studio.pick(place);
  }

  canvas.onpointerdown = ({ pointerId, clientX: x, clientY: y }) => {
    canvas.setPointerCapture(pointerId);
    if (!down.size) moved = 0;
    down.set(pointerId, { x, y });
  };
  canvas.onpointermove = ({ pointerId, clientX: x, clientY: y, pointerType }) => {
    const before = down.get(pointerId);
    if (!before) return;
    const other = [...down].find(([id]) => id !== pointerId)?.[1];
    const apart = (/** @type {Place} */ end) => (other ? Math.hypot(end.x - other.x, end.y - other.y) : 1);
    const [right, below] = [x - before.x, y - before.y].map((pixels) => (DRAG * pixels) / canvas.clientWidth);
    down.set(pointerId, { x, y });
    moved += Math.hypot(x - before.x, y - before.y);
    // With one finger the page scrolls up and down; two come nearer.
    if (other) go(0, 0, apart(before) / Math.max(apart({ x, y }), 1));
    else if (moved > STILL) go(right, pointerType === "touch" ? 0 : below);
  };
  canvas.onpointerup = (event) => {
    if (down.delete(event.pointerId) && !down.size && moved <= STILL) pick(event);
  };
  canvas.onpointercancel = ({ pointerId }) => down.delete(pointerId);
  canvas.ondblclick = reset;
  canvas.onwheel = (event) => {
    // The page scrolls on, unless the room was clicked before.
    if (!event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    go(0, 0, Math.exp(0.0015 * event.deltaY));
  };
  canvas.onkeydown = (event) => {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    const step = KEYS[key];
    if (ctrlKey || metaKey || altKey) return;
    if (step && shiftKey && key.startsWith("Arrow")) studio.step(8 * Math.sign(step[0]), 8 * Math.sign(step[1]));
    else if (step) go(...step);
    else if (key === "Home") reset();
    else if (key === "m") toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  new ResizeObserver(ask).observe(frame);

  return { fill, follow, redraw: ask };
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} [onClick]
 */
function act(text, label, onClick) {
  const button = make("button", { type: "button", class: "quiet", title: label, "aria-label": `${text}: ${label}` }, text);
  if (onClick) button.onclick = onClick;
  return button;
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function within(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
