// @ts-check
// A row of choices of which one is on. Arrow keys walk it, as in every radio group.

/** @import { Setting } from "./view.js" */
import { make } from "./dom.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/**
 * @template {Setting} Value
 * @param {string} label
 * @param {{ value: Value, text: string }[]} options
 * @param {Value | null} chosen
 * @param {(value: Value) => void} onChoose
 */
export function segments(label, options, chosen, onChoose) {
  const group = make("div", { class: "segments", role: "radiogroup", "aria-label": label });
  // Where none is on, the Tab key leads to the first.
  const stop = Math.max(options.findIndex(({ value }) => value === chosen), 0);
  options.forEach(({ value, text }, index) => {
    const states = { role: "radio", "aria-checked": String(value === chosen), tabindex: index === stop ? 0 : -1 };
    const button = make("button", { type: "button", ...states, "data-value": String(value) }, text);
    button.addEventListener("click", () => onChoose(value));
    group.append(button);
  });
  group.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const here = [...group.children].findIndex((button) => button.getAttribute("aria-checked") === "true");
    const next = (here + step + options.length) % options.length;
    // Whoever hears of the choice draws the row anew.
    const place = group.parentElement;
    onChoose(options[next].value);
    const on = place?.querySelector("[aria-checked=true]");
    if (on instanceof HTMLElement) on.focus();
  });
  return group;
}
