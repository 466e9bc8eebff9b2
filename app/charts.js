// What is not a map: matrices, lines, bars, tables, words. Each takes one group of a viewer's value and gives a node.
const CHARTS = { matrix, lines, bars, table, words, shares, dots, places };
const SVG = "http://www.w3.org/2000/svg";

function draw_(tag, attributes, ...children) {
  return fillNode(document.createElementNS(SVG, tag), attributes, children);
}

// rows: [{title, colour, control, words, cells: [{text, small, level, title, value, own}]}],
// columns: [{title, short, colour, unit, error}].
// short: the title where the column is narrow; words: what the row is. level 0..1 shades a cell; small: a second line;
// own: drawn apart, as the diagonal; option: a click sets it to the cell's value; chosen: the value that is set;
// tone: of the shades; scale: {stops: [[level, text]]}, a bar of the shades.
function matrix({ rows, columns, corner, option, chosen, tone, scale, alt }) {
  const grid = make("table", { class: `matrix ${tone ?? ""} ${columns.length > 4 ? "many" : ""}`, role: "grid", "aria-label": alt });
  const head = columns.map(({ title, short, colour, unit, error }) =>
    make(
      "th",
      { scope: "col", title },
      dot(colour ?? "#8a867d"),
      make("span", { class: "whole" }, title),
      make("span", { class: "brief" }, short ?? title),
      unit ? make("small", {}, unit) : null,
      error ? make("small", { class: "error" }, error) : null,
    ),
  );
  grid.append(make("thead", {}, make("tr", {}, make("td", { class: "corner" }, corner ?? ""), ...head)));
  grid.append(
    make(
      "tbody",
      {},
      ...rows.map((row) =>
        make(
          "tr",
          { class: row.control ? "control" : "" },
          make(
            "th",
            { scope: "row", title: row.words ?? row.title },
            dot(row.colour ?? "#8a867d"),
            make("span", { class: "whole" }, row.title),
            make("span", { class: "brief" }, row.short ?? row.title),
          ),
          ...row.cells.map((cell) => matrixCell(cell, option, chosen)),
        ),
      ),
    ),
  );
  const notes = rows
    .filter(({ control, words }) => control && words)
    .map(({ title, words }) => make("p", {}, make("b", {}, title), `: ${words}`));
  return make("div", {}, grid, scale ? shadeBar(scale, tone) : null, notes.length ? make("div", { class: "notes" }, ...notes) : null);
}

function matrixCell({ text, small, level, title, value, own }, option, chosen) {
  const share = Math.round(100 * Math.min(Math.max(level ?? 0, 0), 1));
  const on = value !== undefined && value === chosen;
  const box = make("td", { role: "gridcell", class: own ? "own" : "", style: { "--level": `${share}%` }, title: title ?? "" });
  if (on) box.classList.add("on");
  if (share > 78 && !own) box.classList.add("deep");
  const words = [text, small ? make("small", {}, small) : ""];
  if (!option || value === undefined) return fillNode(box, {}, words);
  const button = make("button", { type: "button", "aria-pressed": String(on), "aria-label": title ?? text, "data-value": value }, ...words);
  button.addEventListener("click", () => studio.option(option, value));
  return fillNode(box, {}, [button]);
}

// What the shades of a matrix mean: a bar from 0 to the deepest, with words below.
function shadeBar({ stops, label }, tone) {
  const names = stops.map(([level, text]) =>
    make(
      "span",
      { class: level <= 0 ? "first" : level >= 1 ? "last" : level > 0.6 ? "late" : "", style: { left: `${100 * level}%` } },
      text,
    ),
  );
  const ticks = stops.map(([level]) => make("i", { style: { left: `${100 * level}%` } }));
  return make(
    "div",
    { class: `shade ${tone ?? ""}` },
    make("span", { class: "shade-label" }, label),
    make("div", { class: "shade-bar" }, make("b"), ...ticks, ...names),
  );
}

// points: [{x, y, inner, outer, title, value}]; x, y as of lines; rule: {y, text}, a dashed line across; option, chosen as of matrix.
function dots({ points, x, y, rule, option, chosen, names, alt }) {
  const { nodes, across, up, width, height, left } = axes(x, y, [320, 230]);
  const marked = rule
    ? [
        draw_("line", { class: "mark", x1: left, x2: width - 10, y1: up(rule.y), y2: up(rule.y) }),
        draw_("text", { x: width - 10, y: up(rule.y) - 4, "text-anchor": "end" }, rule.text),
      ]
    : [];
  const spots = points.map((point) => {
    const on = point.value === chosen;
    const spot = draw_(
      "g",
      { class: on ? "spot on" : "spot", transform: `translate(${across(point.x)} ${up(point.y)})` },
      draw_("title", {}, point.title),
      draw_("circle", { class: "halo", r: 10.5 }),
      draw_("circle", { r: 7.5, fill: point.outer }),
      draw_("circle", { class: "gap", r: 4.6 }),
      draw_("circle", { r: 3.6, fill: point.inner }),
    );
    if (option) spot.addEventListener("click", () => studio.option(option, point.value));
    return [on, spot];
  });
  const drawn = [...spots.filter(([on]) => !on), ...spots.filter(([on]) => on)].map(([, spot]) => spot);
  return make(
    "div",
    {},
    draw_("svg", { viewBox: `0 0 ${width} ${height}`, class: "lines", role: "img", "aria-label": alt }, ...nodes, ...marked, ...drawn),
    names ? make("div", { class: "foot" }, names) : "",
  );
}

// stations: [{title, state: "cut" | "whole" | "held" | "free", words}]: where tasks meet, and what is done there.
function places({ stations, alt }) {
  return make(
    "ol",
    { class: "places", "aria-label": alt },
    ...stations.map(({ title, state, words }) => make("li", { "data-state": state }, make("b", {}, title), make("span", {}, words))),
  );
}

// series: [{name, colour, points: [[x, y], ...], dashed, strong}]; x, y: {label, low, high, ticks: [[value, text], ...]}; mark: x.
function lines({ series, x, y, mark, alt }) {
  const { nodes, across, up, width, height, top, bottom } = axes(x, y);
  const curves = series.map(({ colour, points, dashed, strong }) =>
    draw_("polyline", {
      fill: "none",
      stroke: colour,
      "stroke-width": strong ? 3.4 : 2,
      "stroke-dasharray": dashed ? "4 3" : null,
      points: points.map(([a, b]) => `${across(a)},${up(b)}`).join(" "),
    }),
  );
  const at =
    mark === undefined || mark === null
      ? []
      : [draw_("line", { class: "mark", x1: across(mark), x2: across(mark), y1: top, y2: height - bottom })];
  const picture = draw_(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "lines", role: "img", "aria-label": alt },
    ...nodes,
    ...curves,
    ...at,
  );
  const names = series.map(({ name, colour, dashed }) =>
    make("span", { class: "name" }, make("i", { class: dashed ? "dashed" : "", style: { "--curve": colour } }), name),
  );
  return make("div", {}, picture, make("div", { class: "foot" }, ...names));
}

// Ticks and labels of a drawing, and where its values lie.
function axes(x, y, [width, height] = [420, 200]) {
  const [left, bottom, top] = [46, 34, 8];
  const across = (value) => left + ((value - x.low) / (x.high - x.low || 1)) * (width - left - 10);
  const up = (value) => height - bottom - ((value - y.low) / (y.high - y.low || 1)) * (height - bottom - top);
  const text = (place, words, more = {}) => draw_("text", { x: place[0], y: place[1], ...more }, words);
  const nodes = [
    ...y.ticks.flatMap(([value, words]) => [
      draw_("line", { class: "grid", x1: left, x2: width - 10, y1: up(value), y2: up(value) }),
      text([left - 6, up(value) + 3.5], words, { "text-anchor": "end" }),
    ]),
    ...x.ticks.map(([value, words]) => text([across(value), height - bottom + 15], words, { "text-anchor": "middle" })),
    text([(left + width) / 2, height - 3], x.label, { "text-anchor": "middle", class: "axis" }),
    text([left, top + 1], y.label, { class: "axis", dy: "-0.1em" }),
  ];
  return { nodes, across, up, width, height, left, top, bottom };
}

// rows: [{title, colour, value, low, high, text}] on a scale from `from` to `to`; tick: a value that is marked.
function bars({ rows, from = 0, to = 1, tick, alt }) {
  const place = (value) => `${(100 * (Math.min(Math.max(value, from), to) - from)) / (to - from || 1)}%`;
  const zero = Math.min(Math.max(0, from), to);
  return make(
    "div",
    { class: "bars", role: "img", "aria-label": alt },
    ...rows.map(({ title, colour, value, low, high, text }) => {
      const [start, end] = [Math.min(zero, value), Math.max(zero, value)];
      const bar = make("i", {
        class: "fill",
        style: { left: place(start), width: `calc(${place(end)} - ${place(start)})`, background: colour ?? "var(--accent)" },
      });
      const whisker =
        low === undefined || low === null
          ? null
          : make("i", { class: "whisker", style: { left: place(low), width: `calc(${place(high)} - ${place(low)})` } });
      const marker = tick === undefined || tick === null ? null : make("i", { class: "tick", style: { left: place(tick) } });
      return make(
        "div",
        { class: "bar-row" },
        make("span", { class: "bar-name" }, dot(colour ?? "var(--accent)"), title),
        make("span", { class: "track" }, bar, whisker, marker),
        make("b", {}, text ?? ""),
      );
    }),
  );
}

// head: [text], rows: [[text or {text, colour}]]
function table({ head, rows, alt }) {
  const cell = (tag, entry) => (entry?.colour ? make(tag, {}, dot(entry.colour), entry.text) : make(tag, {}, entry?.text ?? entry));
  return make(
    "table",
    { class: "plain", "aria-label": alt },
    make("thead", {}, make("tr", {}, ...head.map((entry) => cell("th", entry)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((entry) => cell("td", entry))))),
  );
}

// lines of text: [{text, colour}] are parts of one paragraph.
function words({ paragraphs }) {
  return make("div", { class: "words" }, ...paragraphs.map((parts) => make("p", {}, ...spoken(parts))));
}

function spoken(parts) {
  return parts.map(({ text, colour }) => (colour ? make("em", { style: { "--task": colour } }, text) : text));
}

// rows: [{title, shares: [{title, colour, share}]}]: one stacked bar under the other.
function shares({ rows }) {
  return make(
    "div",
    { class: "share-rows" },
    ...rows.map(({ title, shares: parts }) => make("div", { class: "share-row" }, make("span", {}, title), shareBar(parts, true))),
  );
}
