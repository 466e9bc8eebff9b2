// @ts-check
// Where things are in space: what a camera saw as vertices in metres, and how they are seen from elsewhere. x points right,
// y up, z to the viewer; the camera stood at the origin.

/** @import { Mesh, Place } from "./view.js" */
/** Radians to the side and upward that it is seen from; how far, 1 where the camera was.
 * @typedef {{ aside: number, up: number, far: number }} View */
/** What a place showed to the camera, in metres. @typedef {(place: Place) => number[] | null} PointAt */
/** @typedef {ReturnType<typeof surfaceOf>} Surface */

/** Stands for no distance. */
const UNKNOWN = 65535;

/**
 * @param {Mesh} mesh
 * @param {{ width: number, height: number, bytes: ArrayLike<number> }} picture - Its `src`, as pixels.
 */
export function surfaceOf({ scale, lens, middle }, { width, height, bytes }) {
  const [fx, fy, cx, cy] = lens;
  const [corners, places] = [3, 2].map((size) => new Float32Array(size * width * height));
  const triangles = [];
  /** @type {PointAt} */
  const point = ({ x, y }) => {
    const at = 4 * (Math.min(Math.floor(y * height), height - 1) * width + Math.min(Math.floor(x * width), width - 1));
    const steps = 256 * bytes[at] + bytes[at + 1];
    const depth = scale * steps;
    return steps === UNKNOWN ? null : [((x - cx) / fx) * depth, ((cy - y) / fy) * depth, -depth];
  };
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [((at % width) + 0.5) / width, (Math.floor(at / width) + 0.5) / height];
    places.set([x, y], 2 * at);
    corners.set(point({ x, y }) ?? [0, 0, 0], 3 * at);
    if (bytes[4 * at + 2] & 1) triangles.push(at, at + width, at + 1);
    if (bytes[4 * at + 2] & 2) triangles.push(at + 1, at + width, at + width + 1);
  }
  return { corners, places, triangles: new Uint32Array(triangles), lens, middle, point };
}

/** @param {View} view */
export function rotation({ aside, up }) {
  const [c, s, C, S] = [Math.cos(aside), Math.sin(aside), Math.cos(up), Math.sin(up)];
  return [c, 0, s, S * s, C, -S * c, -C * s, S, C * c];
}

/**
 * Where a point is seen, in fractions of the picture, and how far away; null behind the viewer.
 *
 * @param {Surface} surface
 * @param {View} view
 * @param {ArrayLike<number>} point - Its numbers begin at `at`.
 */
export function turned({ lens: [fx, fy, cx, cy], middle }, view, point, at = 0, rows = rotation(view)) {
  // Plainly, as it is asked of every vertex.
  const [x, y, z] = [point[at], point[at + 1], point[at + 2] + middle];
  const right = rows[0] * x + rows[1] * y + rows[2] * z;
  const up = rows[3] * x + rows[4] * y + rows[5] * z;
  const back = rows[6] * x + rows[7] * y + rows[8] * z;
  const away = middle * view.far - back;
  return away > 0 ? { x: (fx * right) / away + cx, y: cy - (fy * up) / away, away } : null;
}

/** Between two corners of an outline, in fractions of the photo: it follows the surface. */
const STEP = 0.01;

/**
 * An outline over the photo as it is seen on the surface; it has gaps where nothing is known.
 *
 * @param {Surface} surface
 * @param {View} view
 * @param {string} path - In thousandths of the photo's sides; closed polygons. So is what is returned, of the picture's.
 */
export function outlineOn(surface, view, path) {
  const rows = rotation(view);
  return path.split("Z").flatMap((part) => {
    const numbers = (part.match(/[\d.]+/g) ?? []).map((number) => Number(number) / 1000);
    const corners = numbers.flatMap((x, at) => (at % 2 ? [] : [{ x, y: numbers[at + 1] }]));
    let move = "M";
    return corners.flatMap((from, at) => along(from, corners[(at + 1) % corners.length])).map((place) => {
      const point = surface.point(place);
      const seen = point && turned(surface, view, point, 0, rows);
      const words = seen ? `${move}${(1000 * seen.x).toFixed(1)},${(1000 * seen.y).toFixed(1)}` : "";
      move = seen ? "L" : "M";
      return words;
    });
  }).join("");
}

/**
 * @param {Place} from
 * @param {Place} to
 * @returns {Place[]} Steps of the way, both ends among them.
 */
function along(from, to) {
  const count = Math.max(Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / STEP), 1);
  const between = (/** @type {number} */ one, /** @type {number} */ other, /** @type {number} */ at) => one + (at / count) * (other - one);
  return Array.from({ length: count + 1 }, (_, at) => ({ x: between(from.x, to.x, at), y: between(from.y, to.y, at) }));
}

/**
 * The place of the photo that is seen at a place of the picture: on the nearest triangle there.
 *
 * @param {Surface} surface
 * @param {View} view
 * @param {Place} seen
 */
export function meets(surface, view, { x, y }) {
  const { corners, places, triangles } = surface;
  const rows = rotation(view);
  const all = Array.from({ length: places.length / 2 }, (_, at) => turned(surface, view, corners, 3 * at, rows));
  let nearest = Infinity;
  /** @type {Place | null} */
  let met = null;
  for (let at = 0; at < triangles.length; at += 3) {
    const [i, j, k] = [triangles[at], triangles[at + 1], triangles[at + 2]];
    const [a, b, c] = [all[i], all[j], all[k]];
    if (!a || !b || !c || a.away >= nearest) continue;
    const area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
    const u = ((x - a.x) * (c.y - a.y) - (c.x - a.x) * (y - a.y)) / area;
    const v = ((b.x - a.x) * (y - a.y) - (x - a.x) * (b.y - a.y)) / area;
    if (!(u >= 0 && v >= 0 && u + v <= 1)) continue;
    nearest = a.away;
    const [px, py] = [0, 1].map((axis) => (1 - u - v) * places[2 * i + axis] + u * places[2 * j + axis] + v * places[2 * k + axis]);
    met = { x: px, y: py };
  }
  return met;
}
