// @ts-check
// The last photos of one's own, so that a click leads back to them: key, name and a thumbnail, kept by this tab of the
// browser, which alone may have the keys. The photos themselves are the server's.

/** @import { Photo } from "./frame.js" */
/** @typedef {{ key: string, title: string, thumb: string }} Own */
import { make } from "./dom.js";

const MOST = 5;
const PLACE = "bridgenet-own-photos";

/** A photo has a key with each checkpoint. @param {string} key */
const photoOf = (key) => key.split(":")[0];

/** @returns {Own[]} - The latest first. */
export function ownPhotos() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {Own[]} photos */
function keep(photos) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(photos.slice(0, MOST)));
  } catch {
    // A browser that keeps nothing has no strip.
  }
}

/** @param {string} key */
export function forgetOwn(key) {
  keep(ownPhotos().filter((own) => photoOf(own.key) !== photoOf(key)));
}

/**
 * Keep the photo that is shown, if somebody brought it and it is not there already.
 *
 * @param {Photo} photo
 */
export async function rememberOwn({ key, title, src, live, example }) {
  const there = () => ownPhotos().some((own) => photoOf(own.key) === photoOf(key));
  if (!live || example || there()) return;
  const image = make("img", { src });
  await image.decode().catch(() => null);
  const [width, height] = [96, 72];
  const canvas = make("canvas", { width, height });
  const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
  const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
  canvas.getContext("2d")?.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
  if (!there()) keep([{ key, title, thumb: canvas.toDataURL("image/jpeg", 0.7) }, ...ownPhotos()]);
}

/** @param {string} one @param {string} other */
export function samePhoto(one, other) {
  return photoOf(one) === photoOf(other);
}
