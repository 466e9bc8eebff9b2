// What is not a map: matrices, lines, bars, tables, words. Each takes one group of a viewer's value and gives a node.
const CHARTS = { matrix, lines, bars, table, words };
const SVG = "http://www.w3.org/2000/svg";

function draw_(tag, attributes, ...children) {
  return fillNode(document.createElementNS(SVG, tag), attributes, children);
}

// rows: [{title, colour, cells: [{text, level, title, value}]}], columns: [{title, colour, unit}].
// level 0..1 shades a cell; option: a click sets it to the cell's value; chosen: the value that is set.
function matrix({ rows, columns, corner, option, chosen, alt }) {
  const grid = make("table", { class: "matrix", role: "grid", "aria-label": alt });
  const head = columns.map(({ title, colour, unit }) => make("th", { scope: "col" }, dot(colour ?? "#8a867d"), title, unit ? make("small", {}, unit) : null));
  grid.append(make("thead", {}, make("tr", {}, make("td", { class: "corner" }, corner ?? ""), ...head)));
  grid.append(make("tbody", {}, ...rows.map((row) => make("tr", { class: row.control ? "control" : "" },
    make("th", { scope: "row" }, dot(row.colour ?? "#8a867d"), row.title),
    ...row.cells.map((cell) => matrixCell(cell, option, chosen))))));
  return grid;
}

function matrixCell({ text, level, title, value }, option, chosen) {
  const shade = `color-mix(in oklab, var(--heat) ${Math.round(100 * Math.min(Math.max(level ?? 0, 0), 1))}%, var(--card))`;
  const on = value !== undefined && value === chosen;
  const box = make("td", { role: "gridcell", class: on ? "on" : "", style: { background: shade }, title: title ?? "" });
  if (level > 0.55) box.classList.add("deep");
  if (!option || value === undefined) return fillNode(box, {}, [text]);
  const button = make("button", { type: "button", "aria-pressed": String(on), "data-value": value }, text);
  button.addEventListener("click", () => studio.option(option, value));
  return fillNode(box, {}, [button]);
}

// series: [{name, colour, points: [[x, y], ...], dashed}]; x, y: {label, low, high, ticks: [[value, text], ...]}; mark: x.
function lines({ series, x, y, mark, alt }) {
  const [width, height, left, bottom, top] = [420, 200, 46, 34, 8];
  const across = (value) => left + ((value - x.low) / (x.high - x.low || 1)) * (width - left - 10);
  const up = (value) => height - bottom - ((value - y.low) / (y.high - y.low || 1)) * (height - bottom - top);
  const text = (place, words, more = {}) => draw_("text", { x: place[0], y: place[1], ...more }, words);
  const grid = [
    ...y.ticks.flatMap(([value, words]) => [draw_("line", { class: "grid", x1: left, x2: width - 10, y1: up(value), y2: up(value) }), text([left - 6, up(value) + 3.5], words, { "text-anchor": "end" })]),
    ...x.ticks.map(([value, words]) => text([across(value), height - bottom + 15], words, { "text-anchor": "middle" })),
    text([(left + width) / 2, height - 3], x.label, { "text-anchor": "middle", class: "axis" }),
    text([left, top + 1], y.label, { class: "axis", dy: "-0.1em" }),
  ];
  const curves = series.map(({ colour, points, dashed }) => draw_("polyline", { fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": dashed ? "4 3" : null, points: points.map(([a, b]) => `${across(a)},${up(b)}`).join(" ") }));
  const at = mark === undefined || mark === null ? [] : [draw_("line", { class: "mark", x1: across(mark), x2: across(mark), y1: top, y2: height - bottom })];
  const picture = draw_("svg", { viewBox: `0 0 ${width} ${height}`, class: "lines", role: "img", "aria-label": alt }, ...grid, ...curves, ...at);
  const names = series.map(({ name, colour, dashed }) => make("span", { class: "name" }, make("i", { class: dashed ? "dashed" : "", style: { "--curve": colour } }), name));
  return make("div", {}, picture, make("div", { class: "foot" }, ...names));
}

// rows: [{title, colour, value, low, high, text}] on a scale from `from` to `to`; tick: a value that is marked.
function bars({ rows, from = 0, to = 1, tick, alt }) {
  const place = (value) => `${(100 * (Math.min(Math.max(value, from), to) - from)) / (to - from || 1)}%`;
  const zero = Math.min(Math.max(0, from), to);
  return make("div", { class: "bars", role: "img", "aria-label": alt }, ...rows.map(({ title, colour, value, low, high, text }) => {
    const [start, end] = [Math.min(zero, value), Math.max(zero, value)];
    const bar = make("i", { class: "fill", style: { left: place(start), width: `calc(${place(end)} - ${place(start)})`, background: colour ?? "var(--accent)" } });
    const whisker = low === undefined || low === null ? null : make("i", { class: "whisker", style: { left: place(low), width: `calc(${place(high)} - ${place(low)})` } });
    const marker = tick === undefined || tick === null ? null : make("i", { class: "tick", style: { left: place(tick) } });
    return make("div", { class: "bar-row" }, make("span", { class: "bar-name" }, dot(colour ?? "var(--accent)"), title), make("span", { class: "track" }, bar, whisker, marker), make("b", {}, text ?? ""));
  }));
}

// head: [text], rows: [[text or {text, colour}]]
function table({ head, rows, alt }) {
  const cell = (tag, entry) => (entry?.colour ? make(tag, {}, dot(entry.colour), entry.text) : make(tag, {}, entry?.text ?? entry));
  return make("table", { class: "plain", "aria-label": alt }, make("thead", {}, make("tr", {}, ...head.map((entry) => cell("th", entry)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((entry) => cell("td", entry))))));
}

// lines of text: [{text, colour}] are parts of one paragraph.
function words({ paragraphs }) {
  return make("div", { class: "words" }, ...paragraphs.map((parts) => make("p", {}, ...spoken(parts))));
}

function spoken(parts) {
  return parts.map(({ text, colour }) => (colour ? make("em", { style: { "--task": colour } }, text) : text));
}
