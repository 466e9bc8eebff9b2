// @ts-check
// What is where: four balloons for who is here for the first time.

/** @import { Studio } from "./types.js" */
import { make } from "./dom.js";

/** Between a balloon and what it points at, and at the edge of the window, in pixels. */
const GAP = 12;

/** What each balloon points at, and what it says. */
const STOPS = [
  [".figure", "The network, from the photo to its answers. Every place opens what it holds; Play takes a pixel through it."],
  ["[data-viewer]:not([hidden]) .map", "Click anywhere in a picture: all of them, and the numbers, then speak of that place."],
  ["[data-testid=inspector]", "What each task says at the place, how sure it is, and whom the bridge asked there."],
  ["[data-testid=depth]", "Simple shows the way, Expert everything. Dotted words explain themselves; lessons ask about each view."],
];

/**
 * @param {Studio} studio
 * @param {HTMLElement} opener - Gets the keyboard's focus back.
 */
export function openTour(studio, opener) {
  document.querySelector(".balloon")?.remove();
  let stop = 0;
  const words = make("p", { "aria-live": "polite" });
  const [back, next, close] = ["Back", "Next", "✕"].map((text) => make("button", { type: "button", class: "quiet" }, text));
  close.setAttribute("aria-label", "End the tour");
  const balloon = make(
    "div",
    { class: "studio balloon", role: "dialog", "data-testid": "balloon", tabindex: -1 },
    words,
    make("div", {}, back, next, close),
  );
  document.body.append(balloon);
  back.addEventListener("click", () => go(stop - 1));
  next.addEventListener("click", () => (stop < STOPS.length - 1 ? go(stop + 1) : end(true)));
  close.addEventListener("click", () => end(false));
  balloon.addEventListener("keydown", ({ key }) => key === "Escape" && end(false));
  const follow = () => place();
  window.addEventListener("resize", follow);
  window.addEventListener("scroll", follow, { passive: true });
  if (studio.tab !== "overview") studio.show("overview");
  go(0);
  balloon.focus();

  /** @param {number} to */
  function go(to) {
    stop = to;
    const [selector, text] = STOPS[stop];
    balloon.setAttribute("aria-label", `Tour, ${stop + 1} of ${STOPS.length}`);
    words.textContent = text;
    back.disabled = stop === 0;
    next.textContent = stop === STOPS.length - 1 ? "Begin the lessons" : "Next";
    const target = document.querySelector(selector);
    target?.scrollIntoView({ block: "nearest" });
    place();
  }

  function place() {
    document.querySelectorAll(".pointed").forEach((one) => one.classList.remove("pointed"));
    const target = document.querySelector(STOPS[stop][0]);
    if (!target) return;
    target.classList.add("pointed");
    const at = target.getBoundingClientRect();
    const [width, height] = [balloon.offsetWidth, balloon.offsetHeight];
    const below = at.bottom + GAP + height < innerHeight;
    const top = below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
    balloon.style.top = `${Math.min(top, innerHeight - height - GAP)}px`;
    balloon.style.left = `${Math.max(GAP, Math.min(at.left, innerWidth - width - GAP))}px`;
  }

  /** @param {boolean} lessons - Whether they begin now. */
  function end(lessons) {
    document.querySelectorAll(".pointed").forEach((one) => one.classList.remove("pointed"));
    window.removeEventListener("resize", follow);
    window.removeEventListener("scroll", follow);
    balloon.remove();
    if (lessons) studio.ask("lesson");
    else opener.focus();
  }
}
