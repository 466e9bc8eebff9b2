// @ts-check
// One selection for the whole page, and what is shown, wanted, pinned and computed: every part of the page asks it and
// hears of every change.

/** @import { Listener, Memory, Opened, Studio } from "./types.js" */
/** @import { Photo } from "./frame.js" */
import { inside, writeLink } from "./link.js";

/**
 * @param {Opened} opened - What the address asks for.
 * @param {Memory} memory - Keeps the address and the browser's history.
 * @param {string} address - Of the page, up to its question mark.
 * @param {string[]} simple - Views there are where only the simple is asked for.
 * @returns {Studio}
 */
export function createStudio({ example, checkpoint, key = null, ...selection }, memory, address, simple) {
  /** @type {Set<Listener>} */
  const listeners = new Set();
  /** Who waits for what is wanted to be shown. @type {(() => void)[]} */
  const patient = [];

  /** @type {Studio} */
  const studio = {
    ...selection,
    hover: null,
    drawn: {},
    held: {},
    pins: {},
    photo: { src: "", size: [1, 1], key: "", title: "" },
    wanted: { example, checkpoint, key, ticket: "open", quiet: true },
    underWay: null,
    tasks: [],
    heads: 0,
    touched: false,
    asked: null,
    answer: null,
    inspected: null,
    waiting: false,
    banner: { banner: "", kind: "" },
    refused: null,
    wire: null,
    lessons: null,
    lesson: null,
    get example() {
      return studio.photo.example ?? null;
    },
    get checkpoint() {
      return studio.photo.checkpoint ?? null;
    },
    subscribe(listener) {
      listeners.add(listener);
    },
    set(kind, changes = {}) {
      Object.assign(studio, changes);
      if (["pick", "choice", "tab"].includes(kind)) studio.touched = true;
      if (["pick", "choice"].includes(kind)) memory.soon(studio);
      studio.tell(kind);
    },
    tell(kind) {
      listeners.forEach((listener) => listener(kind));
    },
    point(place) {
      studio.set("hover", { hover: place });
    },
    pick(place) {
      studio.set("pick", { at: inside(place), hover: null });
    },
    step(columns, rows) {
      const [width, height] = studio.photo.size;
      studio.pick({ x: moved(studio.at.x, width, columns), y: moved(studio.at.y, height, rows) });
    },
    choose(changes) {
      studio.set("choice", changes);
    },
    // An option of the whole page (task, scale, head, scope) or of one view (with a dot in its name).
    option(name, value) {
      studio.choose(name.includes(".") ? { options: { ...studio.options, [name]: value } } : { [name]: value });
    },
    // Back leads to the view before, as it was when it was left.
    show(tab) {
      if (tab === studio.tab) return;
      memory.finish(studio);
      studio.set("tab", { tab, depth: simple.includes(tab) ? studio.depth : "expert" });
      memory.now(studio, "pushState");
    },
    deepen(depth) {
      if (depth === "simple" && !simple.includes(studio.tab)) studio.show("overview");
      studio.choose({ depth });
    },
    ask(event, more = {}) {
      studio.set("ask", { asked: { event, ...more } });
    },
    // Choose a photo (of an example, a path, a key), a checkpoint, or both. A choice of one keeps what was chosen last of
    // the other, also where that is not shown yet.
    want(choice) {
      const { key, example, checkpoint, live } = studio.photo;
      const former = studio.wanted ?? { key: live ? key : null, example, checkpoint };
      const photo = choice.key || choice.example || choice.path ? { key: null, example: null, path: null } : {};
      // An outline was drawn on the photo before.
      const outline = photo.path === null && !choice.quiet && studio.region !== "segment" ? { region: null } : {};
      studio.wanted = { ...former, quiet: false, ...photo, ...outline, ...choice };
      studio.ask("show");
    },
    // Another analysis is shown.
    see(photo) {
      memory.finish(studio);
      fit(studio, photo);
      studio.set("photo", { photo });
    },
    // Back and Forward: what was shown there, as it was.
    restore({ key = null, example, checkpoint, region = null, ...selection }) {
      memory.forget();
      Object.assign(studio, selection, { region, hover: null });
      const { photo } = studio;
      fit(studio, photo);
      const alike = (!example || example === photo.example) && (!checkpoint || checkpoint === photo.checkpoint);
      const here = key ? key === photo.key : alike;
      if (studio.wanted || !here) studio.want({ key, example, checkpoint, path: null, quiet: true });
      studio.touched = true;
      studio.tell("tab");
      studio.tell("choice");
      studio.tell("pick");
    },
    remember(way) {
      memory.now(studio, way);
    },
    // What was wanted is shown, or cannot be.
    settle() {
      studio.wanted = null;
      studio.set("settled");
      patient.splice(0).forEach((resolve) => resolve());
    },
    settled() {
      return studio.wanted ? new Promise((resolve) => patient.push(resolve)) : Promise.resolve();
    },
    // What is pinned or taken along is what was chosen last.
    async pin(letter) {
      await studio.settled();
      const name = letter ?? (studio.pins.A && !studio.pins.B ? "B" : "A");
      const { key, title, checkpoint, live } = studio.photo;
      if (live) studio.choose({ pins: { ...studio.pins, [name]: { key, title, checkpoint } } });
    },
    selection() {
      const { at, task, scale, head, scope, tab, cut, region, options, pins, drawn, held } = studio;
      const shown = { drawn: drawn[tab] ?? "", held: held[tab] ?? [] };
      return { x: at.x, y: at.y, task, scale, head, scope, tab, cut, region, options, pins, ...shown };
    },
    // Opens the page with what was chosen last. A photo of one's own is not in it.
    link(photo = studio.wanted ?? studio.photo) {
      return address + writeLink(studio, photo);
    },
    pixel() {
      const [width, height] = studio.photo.size;
      return [Math.floor(studio.at.x * width), Math.floor(studio.at.y * height)];
    },
  };
  return studio;
}

/**
 * A step along one side. Half a pixel in: a place always lies in the middle of the pixel it names.
 *
 * @param {number} fraction
 * @param {number} count - Pixels of the side.
 * @param {number} step - Pixels.
 */
function moved(fraction, count, step) {
  return (Math.min(Math.max(Math.floor(fraction * count) + step, 0), count - 1) + 0.5) / count;
}

/**
 * The selection, as far as this network has it. `read_selection` of `app/analysis/selection.py` judges by the same rules.
 *
 * @param {Studio} studio
 * @param {Photo} photo
 */
function fit(studio, { live, offers }) {
  if (!live || !offers) return;
  const { tabs, tasks, scales, heads, cuttable, segments } = offers;
  const within = (/** @type {number | null} */ value, /** @type {number} */ count) =>
    value !== null && Number.isInteger(value) && value >= 0 && value < count;
  if (!tabs.includes(studio.tab)) studio.tab = "overview";
  if (studio.task === null || !tasks.includes(studio.task)) studio.task = tasks[0];
  if (!cuttable || !tasks.includes(studio.cut ?? "")) studio.cut = null;
  if (!segments && studio.region === "segment") studio.region = null;
  if (!within(studio.scale, scales)) studio.scale = scales ? scales - 1 : null;
  if (!within(studio.head, heads)) studio.head = -1;
}
