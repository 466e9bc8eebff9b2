// @ts-check
// What is taken along comes in the answer of the studio and becomes a file here: nothing stays there. It is loaded when
// something is first taken.

/** @import { HeadServer, Studio } from "./types.js" */
import { make } from "./dom.js";
import { createLine } from "./line.js";

/** Twice what is seen, for slides and print. */
const SHARP = 2;
const WIDE = 1120;
/** Milliseconds between two looks at how far it is. */
const LOOK = 500;
/** What the network is asked for: these wait in its line. */
const LONG = ["report", "slides", "sweep"];

/**
 * @param {Studio} studio
 * @param {HeadServer} server
 * @param {{ what: string, form?: string }} asked
 * @param {(words: string) => void} tell
 * @param {HTMLButtonElement} stop - Is shown while it can be cancelled.
 * @throws {Error} Why there is nothing, in words.
 */
export async function takeAlong(studio, server, asked, tell, stop) {
  await studio.settled();
  const { key, live } = studio.photo;
  if (!live) throw new Error("No network could be opened, so there is nothing to take along. Choose another checkpoint.");
  const views = Object.keys(studio.drawn).filter((name) => studio.drawn[name]);
  const what = { ...studio.selection(), ...asked, views, depth: studio.depth, key, link: studio.link(studio.photo) };
  const made = LONG.includes(asked.what) ? await inTurn(server, what, tell, stop) : await server.take_along(what);
  if (made === "given up") return;
  if (!made) throw new Error("The studio does not answer. Is it still running?");
  if (made.problem) throw new Error(made.problem);
  const [name, form] = [made.name ?? "bridgenet", asked.form ?? "png"];
  if (made.html) offer(`${name}.${form}`, await laidOut(made.html, studio.tab, form === "svg" ? drawingOf : pictureOf));
  else offer(name, new Blob([bytesOf(made.data ?? "")], { type: made.type }));
}

/**
 * @param {HeadServer} server
 * @param {object} what
 * @param {(words: string) => void} tell
 * @param {HTMLButtonElement} stop
 */
async function inTurn(server, what, tell, stop) {
  const line = createLine(server, (words) => words && tell(words));
  const ticket = line.join("take");
  let stopped = false;
  stop.hidden = false;
  stop.onclick = () => {
    stopped = true;
    line.leave("take");
    server.leave_line(ticket);
  };
  const look = setInterval(async () => {
    const { progress, words } = (await server.how_far(ticket).catch(() => null)) ?? {};
    if (progress && !stop.hidden && !stopped) tell(`${words} · ${Math.round((100 * progress[0]) / progress[1])} %`);
  }, LOOK);
  try {
    const outcome = await line.turn("take", ticket);
    if (typeof outcome !== "string") throw new Error(outcome.refused);
    const made = outcome === "come" ? await server.take_along({ ...what, ticket }) : null;
    return stopped ? "given up" : made;
  } finally {
    clearInterval(look);
    stop.hidden = true;
  }
}

/**
 * @param {string} name
 * @param {Blob} blob
 */
function offer(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** @param {string} base64 */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * Lays still HTML out unseen.
 *
 * @param {string} html
 * @param {string} tab - Whose maps they are.
 * @param {(sheet: HTMLElement) => Promise<Blob>} draw
 * @returns {Promise<Blob>}
 */
async function laidOut(html, tab, draw) {
  const style = { position: "fixed", left: "-9999px", width: `${WIDE}px`, height: "10px", border: "0" };
  const place = make("iframe", { "aria-hidden": "true", tabindex: -1, style });
  document.body.append(place);
  try {
    const body = place.contentDocument?.body;
    if (!body) throw new Error("no document");
    body.style.margin = "0";
    body.innerHTML = html;
    const sheet = /** @type {HTMLElement} */ (body.firstElementChild);
    const [room, seen] = [sheet.querySelector("img[data-room]"), document.querySelector(".mesh canvas")];
    if (room && seen instanceof HTMLCanvasElement) room.setAttribute("src", seen.toDataURL());
    await Promise.all([...sheet.querySelectorAll("img")].map((picture) => veiled(picture, tab)));
    return await draw(sheet);
  } catch {
    throw new Error("This browser could not draw the view. Take the report instead: it holds the same pictures.");
  } finally {
    place.remove();
  }
}

/**
 * Waits for a picture. What the visitor has put over it on the page, such as all but one class, is over it here, too.
 *
 * @param {HTMLImageElement} picture
 * @param {string} tab
 */
async function veiled(picture, tab) {
  await picture.decode().catch(() => null);
  const { map, side } = picture.dataset;
  const over = side ? `.isolate.${side}.on` : ".isolate:not(.before).on";
  const seen = document.querySelector(`[data-viewer="${tab}"] .map[data-map="${map}"] ${over}`);
  if (!(seen instanceof HTMLCanvasElement)) return;
  const [width, height] = [Math.max(seen.width, picture.naturalWidth), Math.max(seen.height, picture.naturalHeight)];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.imageSmoothingEnabled = false;
  for (const layer of [picture, seen]) pen.drawImage(layer, 0, 0, width, height);
  picture.src = canvas.toDataURL();
  await picture.decode();
}

/** Drawn as a drawing is, which any program opens. @param {HTMLElement} sheet */
async function drawingOf(sheet) {
  const { vectorOf } = await import("./vector.js");
  return new Blob([vectorOf(sheet)], { type: "image/svg+xml" });
}

/** Drawn through an SVG, of which the pixels are read back. @param {HTMLElement} sheet */
async function pictureOf(sheet) {
  const box = sheet.getBoundingClientRect();
  const [width, height] = [Math.floor(box.width), Math.floor(box.height)];
  const size = `width="${SHARP * width}" height="${SHARP * height}" viewBox="0 0 ${width} ${height}"`;
  const page = `<foreignObject width="${width}" height="${height}">${new XMLSerializer().serializeToString(sheet)}</foreignObject>`;
  const source = `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${page}</svg>`;
  const picture = Object.assign(new Image(), { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}` });
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: SHARP * width, height: SHARP * height });
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("empty");
  return blob;
}
