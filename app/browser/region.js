// @ts-check
// The region that is asked in place of the pixel: its buttons, and its outline on every map.

/** @import { Studio } from "./types.js" */
import { drawn, make, renew } from "./dom.js";

/**
 * Draws the outline over a map, which it leaves as it is while there is no region.
 *
 * @param {HTMLElement} frame - Of the map.
 */
export function createOutline(frame) {
  /** @type {SVGElement | null} */
  let svg = null;
  let path = "";
  return (/** @type {Studio} */ studio) => {
    const next = pathOf(studio);
    if (next === path) return;
    path = next;
    svg?.remove();
    svg = path ? outlined(path) : null;
    if (svg) frame.append(svg);
  };
}

/** @param {string} path - In thousandths of the photo's sides. */
export function outlined(path) {
  const lines = ["", "line"].map((name) => drawn("path", { d: path, class: name }));
  return drawn("svg", { class: "outline", viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true" }, ...lines);
}

/** What is drawn is known at once; where a segment ends, Python says. @param {Studio} studio */
export function pathOf({ region, inspected, photo }) {
  if (!region) return "";
  if (region === "segment") return (inspected?.of === photo.key && inspected.outline) || "";
  return pathThrough(region.split(";").map((corner) => corner.split(",").map(Number)));
}

/** @param {number[][]} corners - Fractions of the photo's sides. */
export function pathThrough(corners) {
  return `M${corners.map(([x, y]) => `${1000 * x},${1000 * y}`).join(" ")}Z`;
}

/**
 * @param {Studio} studio
 * @param {HTMLElement} root
 */
export function regionButtons(studio, root) {
  const [place, words] = [...root.querySelectorAll("div, p")];
  /** Gives up what is being drawn. @type {(() => void) | null} */
  let stop = null;

  function draw() {
    const { region } = studio;
    const segments = Boolean(studio.photo.offers?.segments);
    const outline = Boolean(region && region !== "segment");
    root.hidden = !studio.photo.live;
    root.toggleAttribute("data-expert", !segments);
    const part = "Ask the predicted segment around the pixel";
    renew(
      place,
      button("pixel", !region && !stop, "Ask the selected pixel", () => choose(null)),
      ...(segments ? [button("segment", region === "segment" && !stop, part, () => choose("segment"))] : []),
      button("outline", outline || Boolean(stop), "Draw an outline on any map, and ask what it holds", lasso),
    );
  }

  /** @param {string | null} region */
  function choose(region) {
    stop?.();
    if (region !== studio.region) studio.choose({ region });
  }

  async function lasso() {
    const { drawLasso } = await import("./lasso.js");
    if (stop) return stop();
    stop = drawLasso(studio, (said) => {
      stop = null;
      say(said);
      draw();
    });
    say("Draw around something on any map. Escape gives up.");
    draw();
  }

  /** @param {string} said */
  function say(said) {
    words.textContent = said;
    /** @type {HTMLElement} */ (words).hidden = !said;
  }

  return draw;
}

/**
 * @param {string} name
 * @param {boolean} on
 * @param {string} title
 * @param {() => void} onClick
 */
function button(name, on, title, onClick) {
  const look = { type: "button", title, "aria-pressed": String(on), "data-testid": `region-${name}` };
  const node = make("button", { ...look, "data-expert": name === "outline" }, name[0].toUpperCase() + name.slice(1));
  node.addEventListener("click", onClick);
  return node;
}
