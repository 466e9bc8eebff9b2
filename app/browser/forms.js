// @ts-check
// The forms in which one picture of a view can be taken along: a small menu at its button. It is loaded when one is opened.

import { TAKE, make } from "./dom.js";

/** What is offered, and what it is good for. */
const FORMS = [
  ["png", "PNG", "Sharp on any slide"],
  ["svg", "SVG", "Editable words and lines"],
];
const WIDE = 190;

/** @param {HTMLElement} button - With `data-take`, which its items have too. */
export function openForms(button) {
  const items = FORMS.map(([form, name, words]) => {
    const what = { type: "button", role: "menuitem", "data-take": button.dataset.take, "data-form": form };
    return make("button", what, make("b", {}, name), make("small", {}, words));
  });
  const { right, bottom, top } = button.getBoundingClientRect();
  const style = { left: `${Math.max(right - WIDE, 6)}px`, top: `${bottom + 4}px` };
  const menu = make("div", { class: "forms", popover: "auto", role: "menu", "aria-label": TAKE, style }, ...items);
  // Beside its button: what lies outside a dialog cannot be reached while that is open.
  button.after(menu);
  menu.showPopover();
  if (bottom + menu.offsetHeight + 10 > innerHeight) menu.style.top = `${top - menu.offsetHeight - 4}px`;
  items[0].focus();
  menu.onclick = () => menu.hidePopover();
  menu.ontoggle = () => menu.matches(":popover-open") || menu.remove();
  menu.onkeydown = (event) => {
    // The page's own keys move the pixel and close lessons.
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = items.findIndex((item) => item === document.activeElement);
    items.at((at + step) % items.length)?.focus();
  };
}
