// @ts-check
// What is not a map: matrices, lines, bars, tables, words. Each takes one group of a viewer's value and gives a node.

/** @import { BarsChart, Chart, DotsChart, LinesChart, PlacesChart, SharesChart, TableCell, TableChart, WordsChart } from "./view.js" */
import { createAxes } from "./axes.js";
import { dot, drawn, make, spoken } from "./dom.js";
import { matrix } from "./matrix.js";
import { shareBar } from "./shares.js";

/**
 * @param {Chart} chart
 * @param {(name: string, value: string) => void} choose - Told the option and its value when something is clicked.
 * @returns {HTMLElement}
 */
export function drawChart(chart, choose) {
  switch (chart.kind) {
    case "matrix":
      return matrix(chart, choose);
    case "lines":
      return lines(chart);
    case "bars":
      return bars(chart);
    case "table":
      return table(chart);
    case "words":
      return words(chart);
    case "shares":
      return shares(chart);
    case "dots":
      return dots(chart, choose);
    case "places":
      return places(chart);
  }
}

/**
 * @param {DotsChart} chart
 * @param {(name: string, value: string) => void} choose
 */
function dots({ points, x, y, rule, option, chosen, names, alt }, choose) {
  const { nodes, across, up, width, height, left, right } = createAxes(x, y, [320, 230]);
  const marked = rule
    ? [
        drawn("line", { class: "mark", x1: left, x2: right, y1: up(rule.y), y2: up(rule.y) }),
        drawn("text", { x: right, y: up(rule.y) - 4, "text-anchor": "end" }, rule.text),
      ]
    : [];
  const spots = points.map((point) => {
    const spot = drawn(
      "g",
      { class: point.value === chosen ? "spot on" : "spot", transform: `translate(${across(point.x)} ${up(point.y)})` },
      drawn("title", {}, point.title),
      drawn("circle", { class: "halo", r: 10.5 }),
      drawn("circle", { r: 7.5, fill: point.outer }),
      drawn("circle", { class: "gap", r: 4.6 }),
      drawn("circle", { r: 3.6, fill: point.inner }),
    );
    if (option) spot.addEventListener("click", () => choose(option, point.value));
    return spot;
  });
  // What is chosen lies on top.
  const [others, on] = [false, true].map((wanted) => spots.filter((_, index) => (points[index].value === chosen) === wanted));
  const look = { viewBox: `0 0 ${width} ${height}`, class: "lines", role: "img", "aria-label": alt };
  const picture = drawn("svg", look, ...nodes, ...marked, ...others, ...on);
  return make("div", {}, picture, names ? make("div", { class: "foot" }, names) : "");
}

/** @param {PlacesChart} chart */
function places({ stations, alt }) {
  const entries = stations.map(({ title, state, words }) =>
    make("li", { "data-state": state }, make("b", {}, title), make("span", {}, words)),
  );
  return make("ol", { class: "places", "aria-label": alt }, ...entries);
}

/** @param {LinesChart} chart */
function lines({ series, x, y, mark, alt }) {
  const { nodes, across, up, width, height, top, floor } = createAxes(x, y, [420, 200]);
  const curves = series.map(({ colour, points, dashed, strong }) =>
    drawn("polyline", {
      fill: "none",
      stroke: colour,
      "stroke-width": strong ? 3.4 : 2,
      "stroke-dasharray": dashed ? "4 3" : null,
      points: points.map(([a, b]) => `${across(a)},${up(b)}`).join(" "),
    }),
  );
  const at = typeof mark === "number" ? [drawn("line", { class: "mark", x1: across(mark), x2: across(mark), y1: top, y2: floor })] : [];
  const look = { viewBox: `0 0 ${width} ${height}`, class: "lines", role: "img", "aria-label": alt };
  const names = series.map(({ name, colour, dashed }) =>
    make("span", { class: "name" }, make("i", { class: dashed ? "dashed" : "", style: { "--curve": colour } }), name),
  );
  return make("div", {}, drawn("svg", look, ...nodes, ...curves, ...at), make("div", { class: "foot" }, ...names));
}

/** @param {BarsChart} chart */
function bars({ rows, from = 0, to = 1, tick, alt }) {
  const place = (/** @type {number} */ value) => `${(100 * (Math.min(Math.max(value, from), to) - from)) / (to - from || 1)}%`;
  const zero = Math.min(Math.max(0, from), to);
  const between = (/** @type {number} */ start, /** @type {number} */ end) => ({
    left: place(start),
    width: `calc(${place(end)} - ${place(start)})`,
  });
  const drawnRows = rows.map(({ title, colour = "var(--accent)", value, low, high, text }) => {
    const style = { ...between(Math.min(zero, value), Math.max(zero, value)), background: colour };
    const whisker = typeof low === "number" ? make("i", { class: "whisker", style: between(low, high ?? low) }) : null;
    const marker = typeof tick === "number" ? make("i", { class: "tick", style: { left: place(tick) } }) : null;
    return make(
      "div",
      { class: "bar-row" },
      make("span", { class: "bar-name" }, dot(colour), title),
      make("span", { class: "track" }, make("i", { class: "fill", style }), whisker, marker),
      make("b", {}, text ?? ""),
    );
  });
  return make("div", { class: "bars", role: "img", "aria-label": alt }, ...drawnRows);
}

/** @param {TableChart} chart */
function table({ head, rows, alt }) {
  const cell = (/** @type {"th" | "td"} */ tag, /** @type {TableCell} */ entry) => {
    if (typeof entry === "string") return make(tag, {}, entry);
    return make(tag, {}, entry.colour ? dot(entry.colour) : null, entry.text);
  };
  return make(
    "table",
    { class: "plain", "aria-label": alt },
    make("thead", {}, make("tr", {}, ...head.map((entry) => cell("th", entry)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((entry) => cell("td", entry))))),
  );
}

/** @param {WordsChart} chart */
function words({ paragraphs }) {
  return make("div", { class: "words" }, ...paragraphs.map((parts) => make("p", {}, ...spoken(parts))));
}

/** @param {SharesChart} chart */
function shares({ rows }) {
  const stacked = rows.map(({ title, shares: parts }) =>
    make("div", { class: "share-row" }, make("span", {}, title), shareBar(parts, true)),
  );
  return make("div", { class: "share-rows" }, ...stacked);
}
