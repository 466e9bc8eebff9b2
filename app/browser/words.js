// @ts-check
// Terms are dotted where they stand in a text. Pointed at, they say what they mean: one sentence of the glossary that
// the notebooks have too.

/** @import { Spoken } from "./view.js" */
import { make } from "./dom.js";

/** Between a term and its sentence, and at the edge of the window, in pixels. */
const GAP = 6;
/** A number and its unit. */
const AMOUNT = /([\d.,]+ (?:%|°|m)(?!\w))/;

/** @type {Map<string, string>} */
const glossary = new Map();
const card = make("div", { class: "studio gloss", id: "gloss", role: "tooltip", hidden: "" });
let pattern = /(?!)/g;

/** Read what Python has put into the head of the page, and answer to pointer and keyboard. */
export function openGlossary() {
  const said = document.querySelector("script[data-glossary]")?.textContent;
  for (const [term, sentence] of Object.entries(JSON.parse(said || "{}"))) glossary.set(term.toLowerCase(), sentence);
  const longest = [...glossary.keys()].sort((one, other) => other.length - one.length);
  if (longest.length) pattern = new RegExp(`(?<![\\w-])(${longest.join("|")})(?=s?(?![\\w-]))`, "gi");
  document.body.append(card);
  for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, ({ target }) => tell(target));
  for (const kind of ["pointerout", "focusout"]) document.addEventListener(kind, () => (card.hidden = true));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && (card.hidden = true));
  document.addEventListener("scroll", () => (card.hidden = true), { passive: true, capture: true });
}

/**
 * A text, whose terms are dotted where they come first.
 *
 * @param {string} text
 * @param {Set<string>} [seen] - Terms that were dotted before.
 * @returns {(Node | string)[]}
 */
export function dotted(text, seen = new Set()) {
  return text.split(pattern).map((part, index) => {
    const term = part.toLowerCase();
    if (index % 2 === 0 || seen.has(term)) return part;
    seen.add(term);
    return make("dfn", { tabindex: 0, "data-term": term, "aria-describedby": "gloss" }, part);
  });
}

/**
 * The parts of a sentence. A number and its unit stay on one line.
 *
 * @param {Spoken[]} parts
 * @returns {(Node | string)[]}
 */
export function spoken(parts) {
  const seen = new Set();
  return parts.flatMap(({ text, colour }) => {
    if (colour) return make("em", { style: { "--task": colour } }, ...together(text));
    return dotted(text, seen).flatMap((part) => (typeof part === "string" ? together(part) : [part]));
  });
}

/**
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function together(text) {
  return text.split(AMOUNT).map((part, index) => (index % 2 ? make("span", { class: "amount" }, part) : part));
}

/** @param {EventTarget | null} target */
function tell(target) {
  const term = target instanceof Element ? target.closest("[data-term]") : null;
  const sentence = glossary.get(term?.getAttribute("data-term") ?? "");
  if (!term || !sentence) return;
  card.textContent = sentence;
  card.hidden = false;
  const at = term.getBoundingClientRect();
  const [width, height] = [card.offsetWidth, card.offsetHeight];
  const above = at.bottom + GAP + height > innerHeight;
  card.style.left = `${Math.max(GAP, Math.min(at.left, innerWidth - width - GAP))}px`;
  card.style.top = `${above ? at.top - GAP - height : at.bottom + GAP}px`;
}
