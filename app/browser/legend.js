// @ts-check
// One class alone in sight, in every map of a view that knows it: under the pointer, or kept by a click.

/** @import { LegendEntry, Values } from "./view.js" */

/**
 * A class, by the names among which it is one: those of two tasks are never taken for each other.
 *
 * @typedef {{ names: string, index: number, colour: string }} Alone
 */

/** @typedef {ReturnType<typeof createLegend>} Legend */

/** @param {() => ({ isolate(alone: Alone | null): void } | null)[]} maps - Of the view. */
export function createLegend(maps) {
  /** What a click keeps. @type {Alone | null} */
  let kept = null;

  /** @param {Alone | null} alone */
  function show(alone) {
    maps().forEach((map) => map?.isolate(alone));
  }

  return {
    show,

    // The pointer or the focus has gone.
    leave: () => show(kept),

    /** @param {Alone} alone - A second click on it lets it go. */
    keep(alone) {
      kept = isSame(kept, alone) ? null : alone;
      show(kept ?? alone);
    },

    clear() {
      if (kept) show((kept = null));
    },

    /** @param {Alone} alone */
    keeps: (alone) => isSame(kept, alone),
  };
}

/**
 * @param {Values | undefined} values - Of a map.
 * @param {Pick<LegendEntry, "index" | "colour">} entry - Of its legend. Below 0 stand classes that only the left side of a slider has.
 * @returns {Alone}
 */
export function classOf(values, { index, colour }) {
  return { names: namesOf(values), index: index < 0 ? -1 - index : index, colour };
}

/** @param {Values | undefined} values */
export function namesOf(values) {
  return JSON.stringify(values?.names ?? []);
}

/**
 * @param {Alone | null} one
 * @param {Alone} other
 */
function isSame(one, other) {
  return one?.names === other.names && one.index === other.index;
}
