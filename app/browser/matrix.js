// @ts-check
// A matrix as a table whose cells are shaded, and may be clicked.

/** @import { MatrixCell, MatrixChart, MatrixColumn, MatrixRow, Shades } from "./view.js" */
import { dot, fillNode, make } from "./dom.js";

const GREY = "#8a867d";
/** Shades, in percent, on which words are written in white. */
const DEEP = 78;

/**
 * @param {MatrixChart} chart
 * @param {(name: string, value: string) => void} choose - Told the option and the value of a cell that is clicked.
 */
export function matrix({ rows, columns, corner = "", option, chosen, tone = "", scale, alt }, choose) {
  const cells = (/** @type {MatrixRow} */ row) =>
    row.cells.map((cell) => {
      const { value } = cell;
      const pick = option && value !== undefined ? () => choose(option, value) : null;
      return cellOf(cell, value !== undefined && value === chosen, pick);
    });
  const head = make("tr", {}, make("td", { class: "corner" }, corner), ...columns.map(columnHead));
  const body = rows.map((row) => make("tr", { class: row.control ? "control" : "" }, rowHead(row), ...cells(row)));
  const look = { class: `matrix ${tone} ${columns.length > 4 ? "many" : ""}`, role: "grid", "aria-label": alt };
  const grid = make("table", look, make("thead", {}, head), make("tbody", {}, ...body));
  const notes = rows
    .filter(({ control, words }) => control && words)
    .map(({ title, words }) => make("p", {}, make("b", {}, title), `: ${words}`));
  return make("div", {}, grid, scale ? shadeBar(scale, tone) : null, notes.length ? make("div", { class: "notes" }, ...notes) : null);
}

/** @param {MatrixColumn} column */
function columnHead({ title, short, colour, unit, error }) {
  return make(
    "th",
    { scope: "col", title },
    dot(colour ?? GREY),
    make("span", { class: "whole" }, title),
    make("span", { class: "brief" }, short ?? title),
    unit ? make("small", {}, unit) : null,
    error ? make("small", { class: "error" }, error) : null,
  );
}

/** @param {MatrixRow} row */
function rowHead({ title, short, colour, words }) {
  return make(
    "th",
    { scope: "row", title: words ?? title },
    dot(colour ?? GREY),
    make("span", { class: "whole" }, title),
    make("span", { class: "brief" }, short ?? title),
  );
}

/**
 * @param {MatrixCell} cell
 * @param {boolean} on
 * @param {(() => void) | null} pick
 */
function cellOf({ text, small, level, title, value, own }, on, pick) {
  const share = Math.round(100 * Math.min(Math.max(level ?? 0, 0), 1));
  const box = make("td", { role: "gridcell", class: own ? "own" : "", style: { "--level": `${share}%` }, title: title ?? "" });
  box.classList.toggle("on", on);
  box.classList.toggle("deep", share > DEEP && !own);
  const words = [text, small ? make("small", {}, small) : ""];
  if (!pick) return fillNode(box, {}, words);
  const states = { "aria-pressed": String(on), "aria-label": title ?? text, "data-value": value };
  const button = make("button", { type: "button", ...states }, ...words);
  button.addEventListener("click", pick);
  return fillNode(box, {}, [button]);
}

/**
 * What the shades mean: a bar from 0 to the deepest, with words below.
 *
 * @param {Shades} shades
 * @param {string} tone
 */
function shadeBar({ stops, label }, tone) {
  const names = stops.map(([level, text]) => {
    const place = level <= 0 ? "first" : level >= 1 ? "last" : level > 0.6 ? "late" : "";
    return make("span", { class: place, style: { left: `${100 * level}%` } }, text);
  });
  const ticks = stops.map(([level]) => make("i", { style: { left: `${100 * level}%` } }));
  const bar = make("div", { class: "shade-bar" }, make("b"), ...ticks, ...names);
  return make("div", { class: `shade ${tone}` }, make("span", { class: "shade-label" }, label), bar);
}
