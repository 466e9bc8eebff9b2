// @ts-check
// How a view comes to be whole: what of the values that arrive is still wanted, what Python is asked to compute, and what
// the visitor did not want to wait for. Knows no DOM: the viewer shows what it says.

/** @import { Studio } from "./types.js" */
/** @import { View } from "./view.js" */

/** @typedef {"empty" | "ready" | "pending" | "waiting" | "absent"} DrawingState */

/**
 * What is still to be computed: words, steps of how many, and whether it is under way. Without words, it is all there.
 *
 * @typedef {{ words: string, progress: [number, number] | null, busy: boolean }} Pending
 */

/**
 * @typedef {object} Shown
 * @property {(value: View) => void} fill - Shows groups, words and tools.
 * @property {(absent: boolean) => void} hide - The network has no such view, or has.
 * @property {(pending: Pending) => void} pend - Shows what is still to be computed.
 * @property {(state: DrawingState) => void} mark - Shows the state.
 */

/**
 * @param {string} name - Of the view.
 * @param {Studio} studio
 * @param {Shown} shown
 */
export function createDrawing(name, studio, shown) {
  /** Key of what Python is computing for this view. @type {string | null} */
  let running = null;
  /** Key of what the visitor did not want to wait for. @type {string | null} */
  let unwanted = null;
  /** Key of what came last. @type {string | null} */
  let latest = null;
  /** Key of what is drawn. @type {string | null} */
  let drawn = null;
  let missing = "";
  /** @type {DrawingState} */
  let state = "empty";

  /** @param {DrawingState} next */
  function mark(next) {
    state = next;
    shown.mark(next);
  }

  // Whether what is shown is whole, and not something that is still being computed.
  function settle() {
    mark(drawn !== null && !missing ? "ready" : "pending");
  }

  /**
   * @param {string} words
   * @param {[number, number] | null} [progress]
   */
  function pend(words, progress = null) {
    missing = words;
    shown.pend({ words, progress, busy: running !== null });
    mark(words ? "pending" : "ready");
  }

  /** @param {string | null} key */
  function run(key) {
    if (running !== null) studio.ask("cancel");
    [running, unwanted] = [key, null];
    studio.ask("run", { tab: name });
  }

  function cancel() {
    studio.ask("cancel");
    [running, unwanted] = [null, running];
    pend("Cancelled.");
  }

  /**
   * Show a value, or what of it is still wanted.
   *
   * @param {View | null | undefined} value
   */
  function take(value) {
    // What belongs to another photo or another network comes too late, or too early.
    if (!value || (value.of && value.of !== studio.photo.key)) return;
    // What was computed for another choice comes too late: it would lead back to it, and end what is computed now.
    if (value.ticket && value.ticket !== studio.underWay) return;
    if (value.key) latest = value.key;
    shown.hide(Boolean(value.absent));
    if (value.absent) mark("absent");
    if (value.stale) studio.drawn[name] = "";
    if (value.problem) [running, unwanted] = [null, running];
    // What was cancelled may still tell how far it was.
    if (value.progress && running === null) return;
    if (value.progress || value.problem) return pend(value.problem ?? value.words ?? "", value.progress);
    if (value.same) settle();
    if (!value.groups) return;
    const key = value.key ?? "";
    studio.drawn[name] = drawn = key;
    shown.fill(value);
    // The visitor has moved on to a place that needs no answer: the old one would lead back to where it was asked.
    if (!value.pending && running !== null && running !== key && running !== `${key}|pending`) studio.ask("cancel");
    if (!value.pending) running = null;
    pend(value.pending ?? "");
    if (value.pending && key !== running && key !== unwanted) run(key);
  }

  return {
    take,

    // A tool has asked for what is not computed by itself.
    begin() {
      [running, unwanted] = [drawn, null];
      pend("Asking the network");
    },

    // Its one button: what is computed is cancelled, what was not is computed.
    press() {
      if (running !== null) cancel();
      else run(latest);
    },

    // Another photo is shown: what was asked about the one before is of no use.
    forget() {
      running = unwanted = null;
    },

    /**
     * Python is asked about what is selected, or has answered.
     *
     * @param {boolean} waiting
     */
    wait(waiting) {
      if (state === "absent") return;
      if (waiting) mark("waiting");
      else settle();
    },
  };
}
