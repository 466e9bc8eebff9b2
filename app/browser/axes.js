// @ts-check
// Ticks and labels of a drawing, and where its values lie.

/** @import { Axis } from "./view.js" */
import { drawn } from "./dom.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [46, 10, 8, 34];

/**
 * @param {Axis} x
 * @param {Axis} y
 * @param {[number, number]} size - Width and height.
 */
export function createAxes(x, y, [width, height]) {
  const [right, floor] = [width - RIGHT, height - BOTTOM];
  const across = (/** @type {number} */ value) => LEFT + ((value - x.low) / (x.high - x.low || 1)) * (right - LEFT);
  const up = (/** @type {number} */ value) => floor - ((value - y.low) / (y.high - y.low || 1)) * (floor - TOP);
  const end = { "text-anchor": "end" };
  const middle = { "text-anchor": "middle" };
  const nodes = [
    ...y.ticks.flatMap(([value, words]) => [
      drawn("line", { class: "grid", x1: LEFT, x2: right, y1: up(value), y2: up(value) }),
      drawn("text", { x: LEFT - 6, y: up(value) + 3.5, ...end }, words),
    ]),
    ...x.ticks.map(([value, words]) => drawn("text", { x: across(value), y: floor + 15, ...middle }, words)),
    drawn("text", { x: (LEFT + width) / 2, y: height - 3, class: "axis", ...middle }, x.label),
    drawn("text", { x: LEFT, y: TOP + 1, class: "axis", dy: "-0.1em" }, y.label),
  ];
  return { nodes, across, up, width, height, left: LEFT, right, top: TOP, floor };
}
