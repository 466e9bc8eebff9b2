// @ts-check
// Play: the pixel's way through the figure, step by step. By itself, or by Next for those who asked for less motion.

/** @import { FigureStep } from "./frame.js" */
import { make } from "./dom.js";

/** Milliseconds to read a step: a little, and more for every letter. */
const PAUSE = 1600;
const LETTER = 32;

/**
 * @param {HTMLElement} box - For the buttons.
 * @param {(step: FigureStep | null, words: string) => void} show - A step, and which of how many; null at the end.
 */
export function createPlay(box, show) {
  /** @type {FigureStep[]} */
  let steps = [];
  /** Which step is shown; -1 before the first. */
  let at = -1;
  let timer = 0;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const [play, next, stop] = ["Play", "Next", "Stop"].map((name) => {
    return make("button", { type: "button", class: "quiet", "data-testid": `figure-${name.toLowerCase()}` }, name);
  });
  play.title = "Follow the pixel through the network, in a few steps";
  stop.title = "Escape";
  box.replaceChildren(play, next, stop);
  play.addEventListener("click", () => go(0));
  next.addEventListener("click", () => go(at + 1));
  stop.addEventListener("click", end);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && at >= 0) end();
  });
  draw();

  /** @param {number} index */
  function go(index) {
    clearTimeout(timer);
    if (index >= steps.length) return end();
    at = index;
    const { title, text } = steps[at];
    show(steps[at], `${at + 1} of ${steps.length}`);
    if (!still.matches) timer = window.setTimeout(() => go(at + 1), PAUSE + LETTER * (title.length + text.length));
    draw();
  }

  function end() {
    clearTimeout(timer);
    const focused = box.contains(document.activeElement);
    at = -1;
    draw();
    show(null, "");
    if (focused) play.focus();
  }

  function draw() {
    const walking = at >= 0;
    const focused = document.activeElement === play;
    play.hidden = walking || !steps.length;
    next.hidden = stop.hidden = !walking;
    next.textContent = at + 1 < steps.length ? "Next" : "Done";
    if (walking && focused) next.focus();
  }

  return {
    /** @param {FigureStep[]} given - Of another network: what was played is over. */
    take(given) {
      if (JSON.stringify(given) === JSON.stringify(steps)) return;
      steps = given;
      if (at >= 0) end();
      draw();
    },
    get walking() {
      return at >= 0;
    },
  };
}
