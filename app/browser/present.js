// @ts-check
// Before a class: larger words, nothing at the sides, and one key from one view or lesson to the next.

/** @import { Depth, Studio } from "./types.js" */
import { targetOf } from "./dom.js";

/** @type {Record<string, number>} */
const TURNS = { PageUp: -1, PageDown: 1, ArrowLeft: -1, ArrowRight: 1 };

const page = document.documentElement;

/** @param {Studio} studio */
export function presenter(studio) {
  /** The last depth, and the one to go back to: a view that only experts have is shown to a class with all of it. */
  let [depth, owed] = [studio.depth, /** @type {Depth | null} */ (null)];

  function settle() {
    const back = owed;
    // An open lesson goes on as it is.
    if (back === null || page.dataset.presenting !== undefined || studio.lesson) return;
    owed = null;
    if (studio.depth !== back) studio.deepen(back);
  }

  new MutationObserver(settle).observe(page, { attributeFilter: ["data-presenting"] });
  studio.subscribe((kind) => {
    if (studio.depth !== depth) {
      if (kind === "tab" && page.dataset.presenting !== undefined) owed ??= depth;
      // Who has chosen one stays there.
      if (kind === "choice" && !studio.lesson) owed = null;
      depth = studio.depth;
    }
    if (kind === "choice") settle();
    if (kind === "ask" && studio.asked?.event === "present") present(page.dataset.presenting === undefined);
  });
  document.addEventListener("keydown", (event) => {
    if (page.dataset.presenting === undefined || event.defaultPrevented) return;
    const step = TURNS[event.key];
    // In a view arrows move the cross-hair, and in a row of choices they choose.
    const own = event.key.startsWith("Arrow") && targetOf(event)?.closest("[data-viewer], [role=radiogroup], .figure, input, select");
    if (event.key === "Escape") present(false);
    if (!step || own) return;
    event.preventDefault();
    turn(step);
  });
  // Browsers keep Escape for themselves where they fill the screen.
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) present(false);
  });
}

/** @param {boolean} on */
function present(on) {
  if (on) page.dataset.presenting = "";
  else delete page.dataset.presenting;
  // Not every frame that the studio stands in may do so.
  if (on) page.requestFullscreen?.().catch(() => {});
  else if (document.fullscreenElement) document.exitFullscreen();
}

/** @param {number} step - To the next lesson where one is open, else to the next view. */
function turn(step) {
  const lesson = document.querySelector(`[data-testid=lesson]:not([hidden]) [data-part=${step > 0 ? "next" : "back"}]`);
  if (lesson instanceof HTMLButtonElement) return lesson.click();
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".tabs [role=tab]")]);
  const here = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
  tabs[Math.min(Math.max(here + step, 0), tabs.length - 1)]?.click();
}
