// @ts-check
// A map large over the page: zoomed to its pixels, mixed with the photo beneath. It is loaded when it is first asked for.

/** @import { Studio } from "./types.js" */
/** @import { Legend } from "./legend.js" */
/** @import { Map as MapView, View } from "./view.js" */
import { TAKE, find, make, targetOf } from "./dom.js";
import { createMap } from "./map.js";

/** On the screen, pixels that one of the photo takes at most. */
const CLOSEST = 32;
/** Of a key. */
const STEP = 1.5;
/** Pixels that a click may move. */
const STILL = 5;
const HELP = "Arrow keys move the pixel, plus and minus zoom, 0 shows all of it, Escape closes.";

/** @typedef {ReturnType<typeof openLarge>} Large */

/**
 * @param {Studio} studio
 * @param {HTMLElement} root - The viewer: it hears pointer and keys in here as it does in its cards.
 * @param {MapView} first
 * @param {View} view
 * @param {Legend} alone - Which class is alone in sight.
 * @param {() => void} gone - Is called when it is closed.
 */
export function openLarge(studio, root, first, view, alone, gone) {
  const photo = !first.src;
  const map = createMap(studio, { ...first, blend: !photo }, alone);
  const { card } = map;
  card.removeAttribute("data-testid");
  const [frame, picture] = [find(card, ".map", HTMLElement), find(card, ".picture", HTMLImageElement)];
  const box = find(card, "u", HTMLElement);
  const stage = make("div", { class: "stage", tabindex: 0, role: "group", autofocus: "" });
  frame.replaceWith(stage);
  stage.append(frame);
  const shown = make("output", { title: "Size of the photo's pixels on the screen" });
  const [smaller, larger] = [act("−", "Smaller (−)", () => zoom(1 / STEP)), act("+", "Larger (+)", () => zoom(STEP))];
  const others = [act("Fit", "All of it (0)", fit), act("✕", "Close (Escape)", () => dialog.close())];
  // What stands in the corner of a card stands in the row of tools here.
  card.querySelectorAll(".card-act").forEach((button) => button.remove());
  const look = { type: "button", class: "quiet take", title: TAKE, "aria-label": `${TAKE}: ${first.title}` };
  others.unshift(make("button", { ...look, "data-take": first.id }, "⤓"));
  card.append(make("div", { class: "large-tools" }, photo ? null : mixOf(), smaller, shown, larger, ...others));
  const dialog = make("dialog", { class: "studio large", "data-testid": "large" }, card);

  let aspect = view.aspect ?? 1;
  /** How many times larger than the stage, and what of the map is in its middle. */
  let [scale, x, y] = [1, 0.5, 0.5];
  let { at } = studio;
  /** Pointers that are down, and how far they have gone. @type {Map<number, { x: number, y: number }>} */
  const down = new Map();
  let moved = 0;

  // How strongly the map covers the photo. Where the page mixes both already, it begins as there.
  function mixOf() {
    const page = getComputedStyle(document.documentElement).getPropertyValue("--mix") || "0.6";
    const look = { min: 0, max: 1, step: 0.01, value: first.blend ? page : 1, "aria-label": `${first.title} over the photo` };
    const range = make("input", { type: "range", ...look });
    const mix = () => frame.style.setProperty("--mix", range.value);
    range.addEventListener("input", mix);
    mix();
    return make("label", { class: "large-mix" }, "Photo", range, "Map");
  }

  /**
   * @param {MapView} next
   * @param {View} value
   */
  function fill(next, value) {
    map.fill(next, value);
    aspect = value.aspect ?? 1;
    dialog.setAttribute("aria-label", `${next.title}, enlarged`);
    stage.setAttribute("aria-label", `${next.alt}. ${HELP}`);
    place();
  }

  function place() {
    const { clientWidth, clientHeight } = stage;
    const whole = Math.min(clientWidth, clientHeight * aspect);
    const [columns, lines] = studio.photo.size;
    scale = between(scale, 1, Math.max((CLOSEST * columns) / whole, 1));
    const [width, height] = [whole * scale, (whole * scale) / aspect];
    x = middle(x, clientWidth / width);
    y = middle(y, clientHeight / height);
    const [left, top] = [clientWidth / 2 - x * width, clientHeight / 2 - y * height];
    Object.assign(frame.style, { width: `${width}px`, height: `${height}px`, left: `${left}px`, top: `${top}px` });
    Object.assign(box.style, { width: `${Math.max(width / columns, 12)}px`, height: `${Math.max(height / lines, 12)}px` });
    // As a whole it is smooth; who zooms in wants to see its pixels.
    frame.classList.toggle("pixels", scale > 1 && width * devicePixelRatio > picture.naturalWidth);
    shown.textContent = `${Math.round((100 * width) / columns)} %`;
  }

  /**
   * @param {number} factor
   * @param {{ x: number, y: number }} [pointer] - In the window: what is there stays there. Without it, the pixel does, or
   *   the middle where it is out of sight.
   */
  function zoom(factor, pointer) {
    const [here, around] = [frame.getBoundingClientRect(), stage.getBoundingClientRect()];
    const centre = { x: around.left + around.width / 2, y: around.top + around.height / 2 };
    const pixel = { x: here.left + studio.at.x * here.width, y: here.top + studio.at.y * here.height };
    const end = pointer ?? (inSight(pixel, around) ? pixel : centre);
    const [across, along] = [(end.x - here.left) / here.width, (end.y - here.top) / here.height];
    const before = scale;
    scale *= factor;
    place();
    const grown = scale / before;
    x = across - (end.x - centre.x) / (here.width * grown);
    y = along - (end.y - centre.y) / (here.height * grown);
    place();
  }

  function fit() {
    scale = 1;
    place();
  }

  // Marks the pixel, not where in it somebody clicked, and keeps it in sight when keys move it.
  function moveCross() {
    map.moveCross();
    const [columns, lines] = studio.photo.size;
    Object.assign(box.style, {
      left: `${(100 * (Math.floor(studio.at.x * columns) + 0.5)) / columns}%`,
      top: `${(100 * (Math.floor(studio.at.y * lines) + 0.5)) / lines}%`,
    });
    if (studio.at === at) return;
    ({ at } = studio);
    const here = frame.getBoundingClientRect();
    if (inSight({ x: here.left + at.x * here.width, y: here.top + at.y * here.height }, stage.getBoundingClientRect())) return;
    ({ x, y } = at);
    place();
  }

  stage.onpointerdown = ({ pointerId, clientX, clientY, target }) => {
    if (target instanceof HTMLInputElement) return;
    if (!down.size) moved = 0;
    down.set(pointerId, { x: clientX, y: clientY });
  };
  stage.onpointermove = ({ pointerId, clientX, clientY }) => {
    const before = down.get(pointerId);
    if (!before) return;
    const now = { x: clientX, y: clientY };
    const other = [...down].find(([id]) => id !== pointerId)?.[1];
    down.set(pointerId, now);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (moved <= STILL) return;
    stage.setPointerCapture(pointerId);
    const apart = (/** @type {typeof now} */ end) => (other ? Math.hypot(end.x - other.x, end.y - other.y) : 1);
    const half = other ? 0.5 : 1;
    x -= (half * (now.x - before.x)) / frame.clientWidth;
    y -= (half * (now.y - before.y)) / frame.clientHeight;
    place();
    if (other) zoom(apart(now) / Math.max(apart(before), 1), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  };
  stage.onpointerup = stage.onpointercancel = ({ pointerId }) => down.delete(pointerId);
  stage.addEventListener("click", (event) => moved > STILL && event.stopPropagation(), true);
  stage.onwheel = (event) => {
    event.preventDefault();
    zoom(Math.exp(-0.002 * event.deltaY * (event.deltaMode ? 20 : 1)), { x: event.clientX, y: event.clientY });
  };
  dialog.onkeydown = (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    // Escape closes this alone, not a lesson too.
    if (key === "Escape") return event.stopPropagation();
    if (key === "+" || key === "=") zoom(STEP);
    else if (key === "-") zoom(1 / STEP);
    else if (key === "0") fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  dialog.onclick = (event) => targetOf(event) === dialog && dialog.close();
  dialog.onclose = () => {
    watcher.disconnect();
    dialog.remove();
    gone();
    studio.point(null);
    if (document.activeElement === document.body) root.focus({ preventScroll: true });
  };

  root.append(dialog);
  dialog.showModal();
  const watcher = new ResizeObserver(place);
  watcher.observe(stage);
  fill(first, view);
  moveCross();
  alone.leave();
  return { ...map, id: first.id, fill, moveCross, close: () => dialog.close() };
}

/**
 * @param {{ x: number, y: number }} point
 * @param {DOMRect} around
 */
function inSight({ x, y }, { left, right, top, bottom }) {
  return x > left && x < right && y > top && y < bottom;
}

/**
 * What may be in the middle, so that no side of the stage stays empty that could be filled.
 *
 * @param {number} wished
 * @param {number} part - Of the map that fits.
 */
function middle(wished, part) {
  return part >= 1 ? 0.5 : between(wished, part / 2, 1 - part / 2);
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function between(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} onClick
 */
function act(text, label, onClick) {
  const button = make("button", { type: "button", class: "quiet", title: label, "aria-label": label }, text);
  button.onclick = onClick;
  return button;
}
