// @ts-check
// The photo around a place, enlarged, with a cross-hair around the pixel.

/** @import { Place } from "./view.js" */

/** Pixels that are seen along each side. */
const ZOOMED = 15;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} photo - Nothing is drawn before it is loaded.
 * @param {[number, number]} size - Width and height of what it shows, in pixels.
 * @param {Place} place
 */
export function drawZoom(canvas, photo, [width, height], place) {
  const context = canvas.getContext("2d");
  if (!context || !photo.naturalWidth) return;
  const [toX, toY] = [photo.naturalWidth / width, photo.naturalHeight / height];
  const middle = (ZOOMED - 1) / 2;
  const [column, line] = [Math.floor(place.x * width) - middle, Math.floor(place.y * height) - middle];
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(photo, column * toX, line * toY, ZOOMED * toX, ZOOMED * toY, 0, 0, canvas.width, canvas.height);
  drawCross(context, "#0009", 3);
  drawCross(context, "#fff", 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {number} thickness
 */
function drawCross(context, colour, thickness) {
  const side = context.canvas.width / ZOOMED;
  const middle = (ZOOMED - 1) / 2;
  const [from, to, centre] = [middle * side, (middle + 1) * side, context.canvas.width / 2];
  Object.assign(context, { strokeStyle: colour, lineWidth: thickness });
  context.strokeRect(from, from, side, side);
  context.beginPath();
  for (const [start, end] of [
    [0, from],
    [to, context.canvas.width],
  ]) {
    context.moveTo(start, centre);
    context.lineTo(end, centre);
    context.moveTo(centre, start);
    context.lineTo(centre, end);
  }
  context.stroke();
}
