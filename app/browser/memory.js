// @ts-check
// The address follows the selection, a moment later: it can be reloaded and sent on. Each entry of the browser's
// history also holds what the address does not say: the key of the photo, which nobody but its visitor may have.

/** @import { Depth, Memory, Opened, Remembered, Studio } from "./types.js" */

const SOON = 400;

/** @returns {Memory} */
export function createMemory() {
  /** @type {number | null} */
  let timer = null;

  function forget() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  /**
   * @param {Studio} studio
   * @param {Remembered} [way]
   */
  function now(studio, way = "replaceState") {
    forget();
    const { at, task, scale, head, scope, tab, depth, cut, region, options, photo, wanted } = studio;
    const { key = null, example = null, checkpoint = null } = (photo.live ? photo : wanted) ?? {};
    /** @type {Opened} */
    const entry = { at, task, scale, head, scope, tab, depth, cut, region, options, key, example, checkpoint };
    // An address that was opened stays as it was written until something is changed.
    const address = studio.touched || way === "pushState" ? studio.link({ example, checkpoint }) : location.href;
    history[way]({ ...history.state, studio: entry }, "", address);
  }

  return {
    soon(studio) {
      forget();
      timer = window.setTimeout(() => now(studio), SOON);
    },
    finish(studio) {
      if (timer !== null) now(studio);
    },
    now,
    forget,
  };
}

/**
 * What the entry of the browser's history that is open holds, if it is one of the studio's.
 *
 * @returns {Opened | null}
 */
export function rememberedEntry() {
  return history.state?.studio ?? null;
}

const DEPTH = "bridgenet-depth";

/**
 * How much the visitor wanted to see last time; at first, the simple.
 *
 * @returns {Depth}
 */
export function rememberedDepth() {
  return stored()?.getItem(DEPTH) === "expert" ? "expert" : "simple";
}

/** @param {Depth} depth */
export function rememberDepth(depth) {
  stored()?.setItem(DEPTH, depth);
}

/** Some browsers keep nothing, and say so by an error. */
function stored() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
