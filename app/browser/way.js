// @ts-check
// The way through the page: the figure of the network, and the tabs, which are its labels.

/** @import { Part, Studio } from "./types.js" */
/** @import { FigureNode, FigureStep, Tab, Way } from "./frame.js" */
import { find, make, renew, targetOf } from "./dom.js";
import { createFigure } from "./figure.js";
import { createPlay } from "./play.js";

/** From label to label, in pixels. */
const GAP = 14;
/** Between the figure and the words beside it. */
const BESIDE = 26;
/** Windows in which the words stand under the figure, and those in which it is low: it leaves room for the maps. */
const [NARROW, LOW, FLAT] = [720, 1300, 860];
/** The figure scrolls sideways where it has less. */
const LEAST = 400;

/**
 * @param {Studio} studio
 * @param {Part<Way>} part
 */
export function way(studio, { element, props, watch }) {
  const root = find(element, "nav", HTMLElement);
  const [tabs, box, about] = [".tabs", ".figure", ".about"].map((name) => find(root, name, HTMLElement));
  const figure = createFigure(studio, box, tell, (tab) => labelOf(tab)?.focus());
  const play = createPlay(find(root, ".steps", HTMLElement), follow);
  let room = 0;

  watch("value", draw);
  studio.subscribe((kind) => {
    if (kind === "tab" || kind === "choice" || kind === "photo") mark();
    // Behind the arrows of the view Interaction.
    if (kind === "photo") document.documentElement.style.setProperty("--photo", `url("${studio.photo.src}")`);
    if (kind === "inspected") figure.widen();
    if (kind === "pick") figure.point();
  });
  tabs.addEventListener("keydown", walk);
  // On a phone the figure stands at the end of the page: what a place of it leads to begins above.
  box.addEventListener("click", (event) => {
    if (innerWidth > NARROW || !targetOf(event)?.closest("[data-node]")) return;
    document.getElementById(`page-${studio.tab}`)?.scrollIntoView();
  });
  const sizes = new ResizeObserver(() => {
    if (tabs.clientWidth !== room) arrange();
    measure();
  });
  [root, tabs].forEach((part) => sizes.observe(part));
  draw();

  function draw() {
    if (!props.value?.tabs) return;
    renew(tabs, ...ordered(props.value.tabs).map(label));
    arrange();
    root.dataset.state = "ready";
    if (!play.walking) tell(null);
    play.take(props.value.figure?.steps ?? []);
    mark();
  }

  /** @param {Tab} tab */
  function label({ name, title, columns, expert }) {
    const look = [columns ? "" : "whole", expert ? "expert" : ""].join(" ").trim();
    const states = { role: "tab", id: `tab-${name}`, "aria-controls": `page-${name}`, class: look };
    const button = make("button", { type: "button", ...states, "data-testid": `tab-${name}`, "data-tab": name }, title);
    button.addEventListener("click", () => studio.show(name));
    return button;
  }

  // The figure as wide as the window lets it be, and every label under what it names.
  function arrange() {
    const shown = props.value?.figure;
    // On a phone the labels and the figure are apart, and nothing is around them.
    room = tabs.clientWidth;
    if (!shown || !room) return;
    const whole = widths(".whole");
    const beside = innerWidth > NARROW && whole > 0;
    document.documentElement.style.setProperty("--whole", `${whole}px`);
    const height = innerWidth <= NARROW ? 124 : innerWidth > LOW && innerHeight > FLAT ? 150 : 102;
    const placed = figure.draw(shown, Math.max(beside ? room - whole - BESIDE : room, LEAST), height);
    align(placed.middle, beside ? room - whole - BESIDE : 0);
  }

  // What scrolls away above the labels, which stay, and how high both are.
  function measure() {
    const [whole, line] = [root.getBoundingClientRect(), tabs.getBoundingClientRect()];
    const sizes = { above: line.top - whole.top, slim: line.height, way: whole.height };
    for (const [name, size] of Object.entries(sizes)) document.documentElement.style.setProperty(`--${name}`, `${size}px`);
    // Where there is no room for all labels, the one of what is shown is in sight.
    const here = labelOf(studio.tab);
    if (here) tabs.scrollLeft = here.offsetLeft - (tabs.clientWidth - here.offsetWidth) / 2;
  }

  /**
   * Every label under the middle of its columns, as far as its neighbours let it.
   *
   * @param {(first: number, last: number) => number} middle
   * @param {number} end - Where what asks about the whole begins; 0: labels just follow each other.
   */
  function align(middle, end) {
    const labels = ordered(props.value?.tabs ?? []).flatMap(({ name, columns }) => {
      const button = labelOf(name);
      return button && columns ? [{ button, width: button.offsetWidth, left: middle(...columns) - button.offsetWidth / 2 }] : [];
    });
    let next = end;
    for (const one of [...labels].reverse()) {
      one.left = Math.min(one.left, next - one.width);
      next = one.left - GAP;
    }
    let right = -GAP;
    for (const { button, width, left } of labels) {
      const room = Math.max(left - right - GAP, 0);
      button.style.marginLeft = `${end ? room : 0}px`;
      right += GAP + room + width;
    }
  }

  /** @param {string} selector */
  function widths(selector) {
    const found = /** @type {HTMLElement[]} */ ([...tabs.querySelectorAll(selector)]);
    return found.reduce((sum, button) => sum + button.offsetWidth + GAP, 0) - (found.length ? GAP : 0);
  }

  /** @param {FigureNode | null} node */
  function tell(node) {
    const shown = props.value?.figure;
    // While the way is played, its words stay.
    if (!shown || play.walking) return;
    if (!node) return about.replaceChildren(shown.say);
    const shape = node.shape ? make("small", {}, node.shape) : null;
    about.replaceChildren(make("b", {}, node.title), ` ${shown.sentences[node.about]}`, ...(shape ? [shape] : []));
  }

  /**
   * @param {FigureStep | null} step
   * @param {string} words - Which step of how many.
   */
  function follow(step, words) {
    figure.point(step?.nodes ?? []);
    about.setAttribute("aria-live", step ? "polite" : "off");
    if (step) about.replaceChildren(make("b", {}, step.title, make("small", {}, words)), step.text);
    else tell(null);
  }

  function mark() {
    document.documentElement.dataset.tab = studio.tab;
    for (const button of tabs.querySelectorAll("button")) {
      const on = button.dataset.tab === studio.tab;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    measure();
    figure.mark();
  }

  /** @param {string} tab */
  function labelOf(tab) {
    return /** @type {HTMLElement | null} */ (tabs.querySelector(`[data-tab="${CSS.escape(tab)}"]`));
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    if (targetOf(event)?.getAttribute("role") !== "tab") return;
    if (event.key === "ArrowUp") {
      event.preventDefault();
      figure.enter(studio.tab);
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const buttons = [...tabs.querySelectorAll("button")];
    const here = buttons.findIndex((button) => button.dataset.tab === studio.tab);
    const next = buttons[(here + step + buttons.length) % buttons.length];
    event.preventDefault();
    studio.show(next.dataset.tab ?? "");
    next.focus();
  }
}

/**
 * Labels of the figure from left to right, then what asks about the whole.
 *
 * @param {Tab[]} tabs
 */
function ordered(tabs) {
  const middle = (/** @type {Tab} */ { columns }) => (columns ? columns[0] + columns[1] : Infinity);
  return [...tabs].sort((one, other) => (middle(one) === middle(other) ? 0 : middle(one) - middle(other)));
}
