// @ts-check
// Where things are in space: what a camera saw as vertices in metres, and how they are seen from elsewhere. Knows no DOM.
// x points right, y up, z to the viewer; the camera stood at the origin.

/** @import { Mesh, Place } from "./view.js" */
/** @typedef {[number, number, number]} Point */
/** Radians to the side and upward that it is seen from; how far, where 1 is as far as the camera was from the middle.
 * @typedef {{ aside: number, up: number, far: number }} View */
/** Three numbers for each of the corners, two for each of the places, three corners for each of the triangles.
 * @typedef {{ corners: Float32Array, places: Float32Array, triangles: Uint32Array, lens: Mesh["lens"], middle: number,
 *   point: (place: Place) => Point | null }} Surface */

/** A number that stands for no distance. */
const UNKNOWN = 65535;

/**
 * @param {Mesh} mesh
 * @param {{ width: number, height: number, bytes: ArrayLike<number> }} picture - Its `src`, as pixels.
 * @returns {Surface}
 */
export function surfaceOf({ scale, lens, middle }, { width, height, bytes }) {
  const [fx, fy, cx, cy] = lens;
  /** @type {(place: Place, index: number) => Point} */
  const along = ({ x, y }, index) => {
    const depth = scale * (256 * bytes[4 * index] + bytes[4 * index + 1]);
    return [((x - cx) / fx) * depth, ((cy - y) / fy) * depth, -depth];
  };
  const [corners, places] = [3, 2].map((size) => new Float32Array(size * width * height));
  const triangles = [];
  for (let index = 0; index < width * height; index++) {
    const [x, y] = [((index % width) + 0.5) / width, (Math.floor(index / width) + 0.5) / height];
    places.set([x, y], 2 * index);
    corners.set(along({ x, y }, index), 3 * index);
    const kept = bytes[4 * index + 2];
    if (kept & 1) triangles.push(index, index + width, index + 1);
    if (kept & 2) triangles.push(index + 1, index + width, index + width + 1);
  }
  /** @type {Surface["point"]} */
  const point = (place) => {
    const index = Math.min(Math.floor(place.y * height), height - 1) * width + Math.min(Math.floor(place.x * width), width - 1);
    return 256 * bytes[4 * index] + bytes[4 * index + 1] === UNKNOWN ? null : along(place, index);
  };
  return { corners, places, triangles: new Uint32Array(triangles), lens, middle, point };
}

/**
 * The rotation, row by row.
 *
 * @param {View} view
 */
export function rotation({ aside, up }) {
  const [c, s, C, S] = [Math.cos(aside), Math.sin(aside), Math.cos(up), Math.sin(up)];
  return [c, 0, s, S * s, C, -S * c, -C * s, S, C * c];
}

/**
 * Where a point is seen, in fractions of the picture, and its distance; null behind the viewer.
 *
 * @param {Surface} surface
 * @param {View} view
 * @param {ArrayLike<number>} point
 */
export function turned({ lens: [fx, fy, cx, cy], middle }, view, point) {
  const rows = rotation(view);
  const [right, up, back] = [0, 3, 6].map((at) => rows[at] * point[0] + rows[at + 1] * point[1] + rows[at + 2] * (point[2] + middle));
  const away = middle * view.far - back;
  return away > 0 ? { x: (fx * right) / away + cx, y: cy - (fy * up) / away, away } : null;
}

/**
 * The place of the photo that is seen at a place of the picture: on the nearest triangle there.
 *
 * @param {Surface} surface
 * @param {View} view
 * @param {Place} at
 */
export function meets(surface, view, { x, y }) {
  const { corners, places, triangles } = surface;
  const seen = Array.from({ length: places.length / 2 }, (_, index) => turned(surface, view, corners.subarray(3 * index, 3 * index + 3)));
  let nearest = Infinity;
  /** @type {Place | null} */
  let met = null;
  for (let at = 0; at < triangles.length; at += 3) {
    const three = triangles.subarray(at, at + 3);
    const [a, b, c] = [seen[three[0]], seen[three[1]], seen[three[2]]];
    if (!a || !b || !c || a.away >= nearest) continue;
    const area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
    const second = ((x - a.x) * (c.y - a.y) - (c.x - a.x) * (y - a.y)) / area;
    const third = ((b.x - a.x) * (y - a.y) - (x - a.x) * (b.y - a.y)) / area;
    if (!(second >= 0 && third >= 0 && second + third <= 1)) continue;
    nearest = a.away;
    const [px, py] = [0, 1].map((axis) => {
      const [first, ...others] = [...three].map((corner) => places[2 * corner + axis]);
      return first + second * (others[0] - first) + third * (others[1] - first);
    });
    met = { x: px, y: py };
  }
  return met;
}
