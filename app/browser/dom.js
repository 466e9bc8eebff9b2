// @ts-check
// A small way to write DOM: make("div", {class: "card"}, "text", child, ...).

/** @typedef {Node | string | null | undefined} Child */
/** @typedef {Record<string, string | number>} Style */
/** @typedef {{ [name: string]: string | number | boolean | null | undefined | Style }} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/** Says what a button with `data-take` does, see `download.js`. */
export const TAKE = "Take this picture along";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes] - Those that are null, undefined or false are left out; `style` is an object.
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  return fillNode(document.createElement(tag), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function drawn(tag, attributes, ...children) {
  return fillNode(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {HTMLElement | SVGElement} Made
 * @param {Made} node
 * @param {Attributes} attributes
 * @param {Child[]} children
 * @returns {Made}
 */
export function fillNode(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value !== "object") node.setAttribute(name, String(value));
    else for (const [property, entry] of Object.entries(value)) node.style.setProperty(property, String(entry));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * Fill a box anew. Where it holds the same already, it stays: browsers would lay out equal words once more.
 *
 * @param {Element} box
 * @param {...(Node | string)} children
 * @returns {boolean} Whether it holds something else now.
 */
export function refill(box, ...children) {
  const next = /** @type {Element} */ (box.cloneNode());
  next.append(...children);
  const other = !next.isEqualNode(box);
  if (other) box.replaceChildren(...next.childNodes);
  return other;
}

/**
 * Draw controls anew. Those that differ in their states alone stay as nodes: a press that is under way when an answer
 * arrives is not lost, and the keyboard's focus stays. So what a control does must not depend on its state.
 *
 * @param {Element} box
 * @param {...Element} fresh
 */
export function renew(box, ...fresh) {
  const there = [...box.children];
  if (there.length !== fresh.length || !there.every((node, index) => alike(node, fresh[index]))) box.replaceChildren(...fresh);
  else there.forEach((node, index) => takeStates(node, fresh[index]));
}

/**
 * Whether two nodes are the same control, whatever its state.
 *
 * @param {Element} one
 * @param {Element} other
 * @returns {boolean}
 */
function alike(one, other) {
  const named = ["data-value", "data-testid", "data-tab", "data-scale", "aria-label", "src"];
  return (
    one.tagName === other.tagName &&
    one.textContent === other.textContent &&
    one.childElementCount === other.childElementCount &&
    named.every((name) => one.getAttribute(name) === other.getAttribute(name)) &&
    [...one.children].every((child, index) => alike(child, other.children[index]))
  );
}

/**
 * @param {Element} node
 * @param {Element} fresh
 */
function takeStates(node, fresh) {
  for (const { name } of [...node.attributes]) if (!fresh.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  [...node.children].forEach((child, index) => takeStates(child, fresh.children[index]));
}

/**
 * The part of the page that a template has.
 *
 * @template {Element} Found
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Found} kind - Such as HTMLElement.
 * @returns {Found}
 */
export function find(root, selector, kind) {
  const node = root.querySelector(selector);
  if (!(node instanceof kind)) throw new Error(`The page has no ${kind.name} ${selector}.`);
  return node;
}

/**
 * What an event happened to; null where that is no element.
 *
 * @param {Event} event
 */
export function targetOf(event) {
  return event.target instanceof Element ? event.target : null;
}

/**
 * What Python has drawn.
 *
 * @param {string} text - Its words are escaped.
 */
export function parsed(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return [...template.content.children];
}

/** @param {number} share */
export function percent(share) {
  return `${Math.round(100 * share)} %`;
}

/** @param {string} colour */
export function dot(colour) {
  return make("span", { class: "dot", style: { background: colour } });
}
