// @ts-check
// Where the parts of the figure stand: columns from the photo to the answers, a lane for each task. Knows no DOM.

/** @import { Figure, FigureLink, FigureNode } from "./frame.js" */

/**
 * A box around its centre, in pixels.
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Box
 */

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Map<string, Box>} boxes - By the id of a node.
 * @property {number} pitch - From lane to lane.
 * @property {boolean} named - Whether there is room for names beside the answers.
 * @property {(link: FigureLink, shift?: number) => string} path - Of a link; the shift moves its end up or down.
 * @property {(first: number, last: number) => number} middle - Of some columns.
 */

/** Sizes that are wished for, in pixels; where there is no room, they shrink. */
const WIDEST = { photo: 48, map: 34, lane: 34, hub: 38 };
const [LEAST_GAP, MOST_GAP] = [10, 64];
/** Under the figure stand the scales, above it go the maps that are read later. */
const FOOT = 15;
const RAIL = 4;
const SMALLEST = 0.55;
/** What sums of fractions may be too much by. */
const ROUNDING = 1e-6;
/** Names stand beside the answers where there is room for them. */
const [NAMES, NAMED] = [54, 620];

/**
 * @param {Figure} figure
 * @param {number} given - Pixels that there are from left to right.
 * @param {number} height - Pixels.
 * @returns {Layout}
 */
export function layOut(figure, given, height) {
  const named = given > NAMED;
  const room = named ? given - NAMES : given;
  const nodes = new Map(figure.nodes.map((node) => [node.id, node]));
  const columns = columnsOf(figure.nodes);
  const skips = figure.links.filter((link) => isSkip(link, nodes));
  const levels = [...new Set(skips.map((link) => link.source))].map((id) => nodes.get(id)?.index ?? 0).sort((one, other) => one - other);
  const [top, bottom] = [levels.length ? 3 + RAIL * levels.length : 3, height - FOOT];
  const pitch = Math.min((bottom - top) / figure.lanes.length, 40);
  const centre = (top + bottom) / 2;
  const laneY = (/** @type {number} */ lane) => centre + (lane - (figure.lanes.length - 1) / 2) * pitch;
  // Between two lanes: no lane is to look as if it went through.
  const hubY = figure.lanes.length % 2 ? centre - pitch / 2 : centre;
  const depth = Math.max(...figure.nodes.map((node) => (node.place === "map" ? (node.index ?? 0) + 1 : 0)), 1);

  const wished = columns.map((column) => sizeIn(column[0].place, 1));
  const weights = columns.slice(1).map((column, index) => gapBefore(column, columns[index], figure, nodes));
  const [sum, gaps] = [total(wished.map(({ width }) => width)), total(weights)];
  const shrunk = Math.max(Math.min((room - 2 - LEAST_GAP * gaps) / sum, 1), SMALLEST);
  const sizes = columns.map((column) => sizeIn(column[0].place, shrunk));
  const taken = total(sizes.map(({ width }) => width));
  const gap = Math.min(Math.max((room - 2 - taken) / gaps, LEAST_GAP), MOST_GAP);

  /** @type {number[]} */
  const centres = [];
  let left = 1;
  sizes.forEach(({ width }, index) => {
    left += index ? gap * weights[index - 1] : 0;
    centres.push(left + width / 2);
    left += width;
  });
  /** @type {Map<string, Box>} */
  const boxes = new Map(figure.nodes.map((node) => [node.id, boxOf(node)]));

  /**
   * @param {FigureNode["place"]} place
   * @param {number} factor
   */
  function sizeIn(place, factor) {
    const tallest = { photo: (bottom - top) * 0.7, map: (bottom - top) / depth - 4, lane: pitch - 5, hub: Math.max(pitch - 3, 26) }[place];
    const width = Math.max(Math.min(WIDEST[place], tallest * figure.aspect) * factor, 8);
    return { width, height: Math.min(width / figure.aspect, tallest) };
  }

  /** @param {FigureNode} node */
  function boxOf({ column, place, index = 0 }) {
    const size = sizes[column];
    // Coarser maps are smaller, as the figure of a pyramid has it.
    const part = place === "map" ? 1 - (0.4 * index) / depth : 1;
    const y = { photo: centre, hub: hubY, lane: laneY(index), map: top + ((index + 0.5) * (bottom - top)) / depth }[place];
    return { x: centres[column], y, width: size.width * part, height: size.height * part };
  }

  /**
   * @param {FigureLink} link
   * @param {number} [shift]
   */
  function path(link, shift = 0) {
    const [from, to] = [boxes.get(link.source), boxes.get(link.target)];
    const [source, target] = [nodes.get(link.source), nodes.get(link.target)];
    if (!from || !to || !source || !target) return "";
    if (source.column === target.column) return `M${from.x} ${from.y + from.height / 2}V${to.y - to.height / 2}`;
    const [x, end] = [from.x + from.width / 2, to.x - to.width / 2];
    if (isSkip(link, nodes)) {
      const order = levels.indexOf(source.index ?? 0);
      const [away, rail] = [x + 3 + 3 * order, 2 + RAIL * order];
      if (target.place === "hub") return rounded([[x, from.y], [away, from.y], [away, rail], [to.x, rail], [to.x, to.y - to.height / 2]]);
      return rounded([[x, from.y], [away, from.y], [away, rail], [end - 5, rail], [end - 5, to.y], [end, to.y]]);
    }
    const bend = (x + end) / 2;
    return `M${x} ${from.y}C${bend} ${from.y} ${bend} ${to.y + shift} ${end} ${to.y + shift}`;
  }

  const middle = (/** @type {number} */ first, /** @type {number} */ last) => (centres[first] + centres[last]) / 2;
  return { width: Math.ceil(left + 1 - ROUNDING) + (named ? NAMES : 0), height, boxes, pitch, named, path, middle };
}

/** @param {FigureNode[]} nodes */
function columnsOf(nodes) {
  /** @type {FigureNode[][]} */
  const columns = [];
  for (const node of nodes) (columns[node.column] ??= []).push(node);
  return columns;
}

/**
 * Whether a map of the backbone is read further on, past what stands between.
 *
 * @param {FigureLink} link
 * @param {Map<string, FigureNode>} nodes
 */
function isSkip({ source, target }, nodes) {
  const [from, to] = [nodes.get(source), nodes.get(target)];
  return from?.place === "map" && to !== undefined && (to.place === "hub" || to.column > from.column + 1);
}

/**
 * How much room there is between two columns, beside others: much where lanes cross.
 *
 * @param {FigureNode[]} column
 * @param {FigureNode[]} before
 * @param {Figure} figure
 * @param {Map<string, FigureNode>} nodes
 */
function gapBefore(column, before, { links }, nodes) {
  const [here, there] = [column[0], before[0]];
  if (here.place === "hub") return 1.3;
  if (there.place === "hub") return 1;
  if (there.place === "photo") return here.place === "map" ? 0.8 : 1.4;
  if (there.place === "map") return 1.3;
  return links.some(({ kind, target }) => kind === "read" && nodes.get(target)?.column === here.column) ? 2 : 0.9;
}

/**
 * A line around corners.
 *
 * @param {number[][]} points
 */
function rounded(points) {
  const parts = points.slice(1, -1).map(([x, y], index) => {
    const [before, after] = [points[index], points[index + 2]].map((other) => toward([x, y], other, 4));
    return `L${before}Q${x} ${y} ${after}`;
  });
  return `M${points[0].join(" ")}${parts.join("")}L${points[points.length - 1].join(" ")}`;
}

/**
 * @param {number[]} point
 * @param {number[]} other
 * @param {number} most
 */
function toward([x, y], other, most) {
  const [across, down] = [other[0] - x, other[1] - y];
  const part = Math.min(most / (Math.hypot(across, down) || 1), 0.5);
  return `${x + across * part} ${y + down * part}`;
}

/** @param {number[]} numbers */
function total(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}
