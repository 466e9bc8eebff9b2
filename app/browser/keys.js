// @ts-check
// Keys of the whole page.

/** @import { Studio } from "./types.js" */
import { targetOf } from "./dom.js";

/**
 * @param {Studio} studio
 * @param {KeyboardEvent} event
 */
export function onKey(studio, event) {
  const target = targetOf(event);
  if (event.ctrlKey || event.metaKey || event.altKey || target?.matches("input:not([type=range]), textarea, select")) return;
  const far = event.shiftKey ? 8 : 1;
  /** @type {Record<string, [number, number]>} */
  const arrows = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
  if (arrows[event.key] && target?.closest("[data-viewer]") && !target.matches("input, [role=radio], [role=gridcell]")) {
    studio.step(...arrows[event.key]);
  } else if ((event.key === "[" || event.key === "]") && studio.heads) {
    const count = studio.heads + 1;
    studio.choose({ head: ((studio.head + 1 + (event.key === "]" ? 1 : count - 1)) % count) - 1 });
  } else if (/^[1-6]$/.test(event.key) && studio.tasks[Number(event.key) - 1]) {
    studio.choose({ task: studio.tasks[Number(event.key) - 1].name });
  } else if (event.key === "p" || event.key === "P") {
    studio.pin();
  } else if (event.key === "f" || event.key === "F") {
    studio.ask("present");
  } else {
    return;
  }
  event.preventDefault();
}
