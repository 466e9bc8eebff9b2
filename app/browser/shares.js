// @ts-check
// Shares of a whole as one bar.

/** @import { Share } from "./view.js" */
import { make } from "./dom.js";

/**
 * Names and shares stand where they fit, see the style sheet.
 *
 * @param {Share[]} shares
 * @param {boolean} withNames
 */
export function shareBar(shares, withNames) {
  const bar = make("div", { class: withNames ? "shares" : "shares small", role: "img" });
  bar.setAttribute("aria-label", shares.map(({ title, share }) => `${title} ${percent(share)}`).join(", "));
  shares.forEach(({ title, colour, share }) => {
    const words = withNames ? [make("b", {}, percent(share)), make("i", {}, title)] : [];
    const style = { background: colour, color: inkOn(colour), width: `${100 * share}%` };
    bar.append(make("span", { style, title: `${title} ${percent(share)}` }, ...words));
  });
  return bar;
}

/**
 * Where the parts of a bar would end if they were even: from the left, in percent.
 *
 * @param {number} count
 */
export function evenEnds(count) {
  return [...Array(Math.max(count - 1, 0)).keys()].map((index) => make("i", { style: { left: `${(100 * (index + 1)) / count}%` } }));
}

/**
 * Black or white, whichever stands out more.
 *
 * @param {string} colour - As #rrggbb.
 */
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => (parseInt(colour.slice(start, start + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** @param {number} share */
export function percent(share) {
  return `${Math.round(100 * share)} %`;
}
