// @ts-check
// Numbers behind a map: a PNG whose red and green bytes hold one 16-bit number per pixel, class indices, or directions.

/** @import { Place, Values } from "./view.js" */

/** A number that stands for none. */
const UNKNOWN = 65535;

/**
 * @typedef {object} Reader
 * @property {number} width
 * @property {number} height
 * @property {Uint8ClampedArray} bytes - Four a pixel.
 * @property {boolean} normals - Whether they are directions.
 * @property {(place: Place) => number} at - Where in the bytes a place begins.
 * @property {(at: number) => number} number
 * @property {(place: Place) => string} read - In words.
 */

/**
 * Null where the picture cannot be read.
 *
 * @param {Values} values
 * @param {HTMLImageElement} picture - Holds the numbers where they have no picture of their own.
 * @returns {Promise<Reader | null>}
 */
export async function openReader(values, picture) {
  const source = values.src ? Object.assign(new Image(), { src: values.src }) : picture;
  await source.decode().catch(() => null);
  const [width, height] = [source.naturalWidth, source.naturalHeight];
  if (!width) return null;
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(source, 0, 0);
  const bytes = context.getImageData(0, 0, width, height).data;
  const number = (/** @type {number} */ at) => (256 * bytes[at] + bytes[at + 1]) * (values.scale ?? 1);
  const at = (/** @type {Place} */ { x, y }) =>
    4 * (Math.min(Math.floor(y * height), height - 1) * width + Math.min(Math.floor(x * width), width - 1));
  const normals = Boolean(values.normals);
  return { width, height, bytes, number, at, normals, read: (place) => readPixel(values, bytes, at(place)) };
}

/**
 * @param {Values} values
 * @param {ArrayLike<number>} bytes
 * @param {number} at
 */
export function readPixel(values, bytes, at) {
  // Beside a name, green may hold a number of its own: `second` says what it is, with # in its place.
  if (values.names) {
    const second = values.second ? [values.second.replace("#", String(bytes[at + 1]))] : [];
    return [values.names[bytes[at]] ?? values.unknown ?? "", ...second].join(", ");
  }
  if (values.normals) {
    return normalAt(bytes, at)
      .map((part) => part.toFixed(1))
      .join(" ");
  }
  const number = 256 * bytes[at] + bytes[at + 1];
  if (number === UNKNOWN) return values.unknown ?? "not measured";
  const amount = number * (values.scale ?? 1) + (values.offset ?? 0);
  const text = values.significant ? amount.toPrecision(values.significant) : amount.toFixed(values.digits ?? 0);
  return `${text} ${values.unit ?? ""}`.trim();
}

/**
 * The direction at a pixel: each part -1..1.
 *
 * @param {ArrayLike<number>} bytes
 * @param {number} at
 */
export function normalAt(bytes, at) {
  return [0, 1, 2].map((channel) => (bytes[at + channel] / 255) * 2 - 1);
}
