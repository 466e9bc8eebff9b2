// @ts-check
// Links: what an address says after its question mark, made and read. Python does both by the same rules
// (`app/takeaway/links.py`), gives options their types, and says what it could not understand.

/** @import { Depth, Opened, Scope, Selection } from "./types.js" */
/** @import { Place } from "./view.js" */

/** @type {Scope[]} */
const SCOPES = ["map", "tab", "all"];
/** @type {Depth[]} */
const DEPTHS = ["simple", "expert"];
const FRACTION = "(?:0(?:[.][0-9]{1,3})?|1(?:[.]0{1,3})?)";
/** Three to 48 corners: links stay short. */
const REGION = new RegExp(`^(?:segment|${FRACTION},${FRACTION}(?:;${FRACTION},${FRACTION}){2,47})$`);

/**
 * @param {string} search - Of an address, with its question mark or without.
 * @param {string[]} tabs - Names of the views there are.
 * @param {Depth} depth - Where the address asks for no view: links to a view have always shown all of it.
 * @returns {Opened}
 */
export function readLink(search, tabs, depth = "expert") {
  const link = new URLSearchParams(search);
  const whole = (/** @type {string} */ name) => (/^-?[0-9]{1,4}$/.test(link.get(name) ?? "") ? Number(link.get(name)) : null);
  const tab = link.get("tab") ?? "";
  // Of a repeated name the first counts.
  const options = [...link].filter(([name, value]) => name.includes(".") && value).reverse();
  return {
    at: readPlace(link.get("px") ?? "") ?? { x: 0.5, y: 0.5 },
    task: link.get("task") || null,
    scale: whole("scale"),
    head: whole("head") ?? -1,
    scope: SCOPES.find((scope) => scope === link.get("scope")) ?? "tab",
    tab: tabs.includes(tab) ? tab : "overview",
    depth: DEPTHS.find((depth) => depth === link.get("depth")) ?? (tab ? "expert" : depth),
    cut: link.get("cut") || null,
    region: link.get("region")?.match(REGION)?.[0] ?? null,
    options: Object.fromEntries(options),
    example: link.get("ex") || null,
    checkpoint: link.get("checkpoint") || null,
  };
}

/**
 * A photo of one's own is not in the link.
 *
 * @param {Selection & { lesson?: string | null }} selection
 * @param {{ example?: string | null, checkpoint?: string | null }} photo
 */
export function writeLink({ at, task, scale, head, scope, tab, depth, cut, region, options, lesson }, { example, checkpoint }) {
  const parts = {
    ex: example,
    photo: example ? null : "own",
    checkpoint,
    tab,
    depth,
    px: writePlace(at),
    task,
    cut,
    scale,
    head: head < 0 ? null : head,
    scope: scope === "tab" ? null : scope,
    region,
    lesson,
    ...options,
  };
  const said = Object.entries(parts).flatMap(([name, value]) =>
    value === null || value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return `?${new URLSearchParams(said).toString().replace(/%2C|%2F|%3B/g, decodeURIComponent)}`;
}

/**
 * Null where the text is no place inside the photo.
 *
 * @param {string} text - Such as 0.4000,0.6250.
 * @returns {Place | null}
 */
export function readPlace(text) {
  const [x, y, ...more] = text.split(",").map((part) => (/^-?[0-9]{1,9}([.][0-9]{1,12})?$/.test(part) ? Number(part) : NaN));
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 && !more.length ? inside({ x, y }) : null;
}

/** @param {Place} place */
export function writePlace({ x, y }) {
  return `${x.toFixed(4)},${y.toFixed(4)}`;
}

/**
 * The nearest place inside the photo.
 *
 * @param {Place} place
 * @returns {Place}
 */
export function inside({ x, y }) {
  const within = (/** @type {number} */ value) => (Number.isFinite(value) ? Math.min(Math.max(value, 0), 0.999999) : 0.5);
  return { x: within(x), y: within(y) };
}
