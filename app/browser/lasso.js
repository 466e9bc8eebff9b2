// @ts-check
// An outline that is drawn on a map with the pointer. It is loaded when it is first asked for.

/** @import { Studio } from "./types.js" */
import { targetOf } from "./dom.js";
import { outlined, pathThrough } from "./region.js";

/** Corners that a link holds. */
const MOST = 48;
/** Pixels of the photo that an outline must hold. */
const LEAST = 4;
/** Parts of a side of the photo between places that are told apart. */
const PARTS = 1000;
/** Part of the photo that a corner changes at least. */
const MATTERS = 5e-5;

/** @typedef {[number, number]} Corner - Fractions of the photo's width and height. */

/**
 * Wait for an outline on any map.
 *
 * @param {Studio} studio
 * @param {(words: string) => void} done - Is called at the end with what to say about it, which may be nothing.
 * @returns {() => void} - Gives up.
 */
export function drawLasso(studio, done) {
  const ended = new AbortController();
  /** The map that is drawn on. @type {HTMLElement | null} */
  let frame = null;
  /** @type {Corner[]} */
  let corners = [];
  /** @type {SVGElement | null} */
  let line = null;

  document.documentElement.classList.add("lasso");
  on("pointerdown", (event) => {
    frame = targetOf(event)?.closest(".map") ?? null;
    if (!frame || !(event instanceof PointerEvent)) return;
    own(event);
    corners = [cornerAt(frame, event)];
  });
  on("pointermove", (event) => {
    if (!frame || !(event instanceof PointerEvent)) return;
    own(event);
    corners.push(cornerAt(frame, event));
    line?.remove();
    frame.append((line = outlined(pathThrough(corners))));
    line.classList.add("new");
  });
  on("pointerup", (event) => {
    if (!frame) return;
    own(event);
    finish();
  });
  on("pointercancel", () => end(""));
  // What ends an outline is no choice of a pixel. The last click comes after the pointer is up.
  on("click", (event) => targetOf(event)?.closest(".map") && own(event));
  on("dblclick", (event) => targetOf(event)?.closest(".map") && own(event));
  on("keydown", (event) => {
    if (!(event instanceof KeyboardEvent) || event.key !== "Escape") return;
    own(event);
    end("");
  });

  /**
   * @param {string} kind
   * @param {(event: Event) => void} hear
   */
  function on(kind, hear) {
    window.addEventListener(kind, hear, { capture: true, signal: ended.signal });
  }

  function finish() {
    const kept = simplified(corners);
    const [width, height] = studio.photo.size;
    if (areaOf(kept) * width * height < LEAST) return end("This outline is too small: draw around something.");
    studio.choose({ region: kept.map((corner) => corner.join(",")).join(";") });
    end("");
  }

  /** @param {string} words */
  function end(words) {
    line?.remove();
    frame = null;
    document.documentElement.classList.remove("lasso");
    // The click that the last press makes is still to come.
    setTimeout(() => ended.abort());
    done(words);
  }

  return () => end("");
}

/** @param {Event} event */
function own(event) {
  event.preventDefault();
  event.stopPropagation();
}

/**
 * @param {HTMLElement} frame
 * @param {PointerEvent} event
 * @returns {Corner}
 */
function cornerAt(frame, { clientX, clientY }) {
  const { left, top, width, height } = frame.getBoundingClientRect();
  const within = (/** @type {number} */ value) => Math.round(PARTS * Math.min(Math.max(value, 0), 1)) / PARTS;
  return [within((clientX - left) / width), within((clientY - top) / height)];
}

/**
 * At most as many corners as a link holds: those go first that change the outline least (Visvalingam and Whyatt).
 *
 * @param {Corner[]} corners
 */
export function simplified(corners) {
  const kept = corners.filter(([x, y], index) => !index || x !== corners[index - 1][0] || y !== corners[index - 1][1]);
  const cost = (/** @type {number} */ index) =>
    areaOf([kept.at(index - 1) ?? kept[0], kept[index], kept[(index + 1) % kept.length]]);
  while (kept.length > 3) {
    const costs = kept.map((_, index) => cost(index));
    const least = Math.min(...costs);
    if (kept.length <= MOST && least > MATTERS) break;
    kept.splice(costs.indexOf(least), 1);
  }
  return kept;
}

/** As a part of the photo. @param {Corner[]} corners */
export function areaOf(corners) {
  const twice = corners.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}
