// @ts-check
// What every task says at the selected pixel, the photo around it, enlarged, and the way to other notable pixels.

/** @import { Letter, Part, Studio } from "./types.js" */
/** @import { Direction, Inspector, InspectorRow, Share } from "./view.js" */
import { dot, find, make, parsed, percent } from "./dom.js";
import { drawZoom } from "./zoom.js";

/** Buttons that go to a place that Python has found beforehand. */
const PLACES = [
  ["uncertain", "Most uncertain pixel"],
  ["bridge", "Most bridge-dependent pixel"],
];
/** @type {Letter[]} */
const LETTERS = ["A", "B"];

/**
 * @param {Studio} studio
 * @param {Part<Inspector>} part
 */
export function inspector(studio, { element, props, watch }) {
  const panel = find(element, "[data-testid=inspector]", HTMLElement);
  const canvas = find(panel, "canvas", HTMLCanvasElement);
  const parts = [".where", ".token", ".live", ".caution", ".rows"].map((name) => find(panel, name, HTMLElement));
  const [where, token, live, caution, rows] = parts;
  const [bridge, sheet] = [".asked", ".sheet"].map((name) => find(panel, name, HTMLElement));
  const photo = new Image();
  /** @type {Inspector | null} */
  let latest = null;

  watch("value", () => draw(props.value));
  photo.addEventListener("load", zoom);
  sheet.addEventListener("click", () => sheet.setAttribute("aria-expanded", String(sheet.getAttribute("aria-expanded") === "false")));
  studio.subscribe((kind) => {
    if (kind === "answer") draw(studio.answer?.inspector);
    if (kind === "photo") {
      photo.src = studio.photo.src;
      draw(props.value);
    }
    if (kind === "pick" || kind === "photo") zoom();
    if (kind === "choice" || kind === "photo") drawPins();
    if (kind === "waiting") mark();
  });
  if (studio.photo.src) photo.src = studio.photo.src;
  drawActs();
  drawPins();
  draw(props.value);

  function zoom() {
    drawZoom(canvas, photo, studio.photo.size, studio.at);
  }

  function mark() {
    panel.dataset.state = studio.waiting ? "waiting" : "ready";
  }

  /** @param {Inspector | null | undefined} value */
  function draw(value) {
    if (!value?.rows || (value.of && value.of !== studio.photo.key)) return;
    if (value.ticket && value.ticket !== studio.underWay) return;
    latest = value;
    where.textContent = value.title;
    token.textContent = value.text;
    live.textContent = value.spoken;
    caution.textContent = value.caution ?? "";
    caution.hidden = !value.caution;
    rows.replaceChildren(...value.rows.map(rowOf));
    const answers = value.rows.map(({ colour, value: said }) => make("span", {}, dot(colour), said));
    find(sheet, "span", HTMLElement).replaceChildren(make("small", {}, value.title), ...answers);
    bridge.hidden = !value.asked;
    if (value.asked) {
      const even = make("p", { class: "hint" }, value.uniform);
      find(bridge, "div", HTMLElement).replaceChildren(...parsed(value.asked), even);
    }
    for (const [name] of PLACES) find(panel, `[data-place=${name}]`, HTMLElement).hidden = !value.places?.[name];
    panel.dataset.key = value.key;
    studio.set("inspected", { inspected: value });
    zoom();
    mark();
  }

  function drawActs() {
    const pins = LETTERS.map((letter) => {
      const title = `Remember photo and checkpoint as ${letter}, for the view Compare`;
      return act(`Pin ${letter}`, { "data-testid": `pin-${letter}`, title }, () => studio.pin(letter));
    });
    const ways = PLACES.map(([name, text]) =>
      act(text, { "data-place": name, "data-testid": `go-${name}`, hidden: "" }, () => {
        const place = latest?.places?.[name];
        if (place) studio.pick(place);
      }),
    );
    find(panel, ".act", HTMLElement).replaceChildren(...pins, ...ways);
  }

  function drawPins() {
    const entries = LETTERS.flatMap((letter) => {
      const pin = studio.pins[letter];
      if (!pin) return [];
      const words = [pin.title, pin.checkpoint].filter(Boolean).join(" · ");
      const off = act("×", { class: "off", "aria-label": `Unpin ${letter}`, "data-testid": `unpin-${letter}` }, () => {
        const pins = { ...studio.pins };
        delete pins[letter];
        studio.choose({ pins });
        find(panel, `[data-testid=pin-${letter}]`, HTMLElement).focus();
      });
      return [make("li", {}, make("b", {}, letter), make("span", { title: words }, words), off)];
    });
    find(panel, ".pins", HTMLElement).replaceChildren(...entries);
  }
}

/** @param {InspectorRow} row */
function rowOf({ task, title, colour, value, detail, truth, fraction, mark, ends, best, disc }) {
  const words = [detail, truth].filter(Boolean).join(" · ");
  const answer = make("div", { class: "answer" }, dot(colour), title, make("b", {}, value));
  const said = make("div", {}, answer, words ? make("div", { class: "detail" }, words) : null);
  return make(
    "div",
    { class: "row", "data-row": task },
    disc ? make("div", { class: "beside" }, said, normalDisc(disc, value)) : said,
    typeof fraction === "number" ? level(fraction, colour, mark) : null,
    ends ? make("div", { class: "ends" }, make("span", {}, ends[0]), make("span", {}, ends[1])) : null,
    best?.length ? bestClasses(best) : null,
  );
}

/**
 * A bar from 0 to 1; the mark is where the truth lies.
 *
 * @param {number} fraction
 * @param {string} colour
 * @param {number | null} [mark]
 */
function level(fraction, colour, mark) {
  const bar = make("i", { style: { width: `${100 * fraction}%`, background: colour } });
  const truth = typeof mark === "number" ? make("i", { class: "mark", style: { left: `calc(${100 * mark}% - 1px)` } }) : null;
  return make("div", { class: "level" }, bar, truth);
}

/** @param {Share[]} best */
function bestClasses(best) {
  const rows = best.flatMap(({ title, colour, share }) => [make("span", {}, title), level(share, colour), make("b", {}, percent(share))]);
  return make("div", { class: "best" }, ...rows);
}

/**
 * The hemisphere of directions seen from the front: where the normal points, and as a ring where the true one does.
 *
 * @param {Direction} direction
 * @param {string} words
 */
function normalDisc({ src, said, true: real }, words) {
  const point = (/** @type {Direction["said"]} */ [x, y, z], /** @type {string} */ kind) =>
    make("i", { class: `${kind} ${z < 0 ? "behind" : ""}`, style: { left: `${50 + 50 * x}%`, top: `${50 - 50 * y}%` } });
  const disc = make("img", { src, alt: `Direction of the normal: ${words}` });
  return make("span", { class: "answer-disc" }, disc, real ? point(real, "true") : null, point(said, "here"));
}

/**
 * @param {string} text
 * @param {import("./dom.js").Attributes} attributes
 * @param {() => void} onClick
 */
function act(text, attributes, onClick) {
  const button = make("button", { type: "button", class: "quiet", ...attributes }, text);
  button.addEventListener("click", onClick);
  return button;
}
