// @ts-check
// The card of a lesson, which stays beside the views while the visitor looks around.

/** @import { LessonServer, Options, Part, Studio } from "./types.js" */
/** @import { LessonStep, Lessons, Setting, Spoken } from "./view.js" */
import { find, make, targetOf } from "./dom.js";
import { readPlace, writePlace } from "./link.js";
import { stepName, stepRow } from "./steps.js";
import { dotted, spoken } from "./words.js";

/** Parts of the selection that a lesson may set, beside options and the place. */
const SHARED = /** @type {const} */ (["depth", "task", "scale", "head", "scope"]);
/** What is left free around what a lesson points at. */
const MARGIN = 14;
const GONE = "The studio does not answer. Is it still running?";

/** @typedef {Pick<Studio, "at" | "options" | "cut" | (typeof SHARED)[number]> & { lesson: LessonStep }} Before */

/**
 * Lessons there are, which one is open, what was revealed and for what, which are done, how the page was set before the
 * open one, whether one is to begin as soon as there is any, and whether what it points at is still to be scrolled to.
 *
 * @typedef {object} Course
 * @property {string} key - Of the photo.
 * @property {LessonStep[]} lessons
 * @property {string | null} open
 * @property {Record<string, { about: string, say: Spoken[] }>} revealed
 * @property {Set<string>} done
 * @property {Before | null} before
 * @property {boolean} wanted
 * @property {boolean} aim
 */

/**
 * @param {Studio} studio
 * @param {Part<Lessons, LessonServer>} handed
 */
export function lessons(studio, { element, props, watch, server, trigger }) {
  const card = find(element, "[data-testid=lesson]", HTMLElement);
  const part = (/** @type {string} */ name) => find(card, `[data-part=${name}]`, HTMLElement);
  const button = (/** @type {string} */ name) => find(card, `[data-part=${name}]`, HTMLButtonElement);
  const guess = find(card, "[data-part=guess]", HTMLInputElement);
  /** @type {Course} */
  const course = { key: "", lessons: [], open: null, revealed: {}, done: new Set(), before: null, wanted: false, aim: false };
  const steps = stepRow({ studio, course, saidOf });
  // Outlines what the open lesson points at, however often the view draws it anew.
  const pointer = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, pointer];
  // Several cards may share the page: the one that was loaded last speaks.
  const me = Symbol("lessons");
  studio.lessons = me;

  course.wanted = Boolean(studio.lesson);
  watch("value", draw);
  studio.subscribe((kind) => {
    if (studio.lessons !== me) return;
    if (kind === "ask" && studio.asked?.event === "lesson") begin(studio.asked.lesson);
    // What was said about another place or scale does not hold for this one.
    if ((kind === "pick" || kind === "choice") && current()) redraw();
    if (kind === "settled" && !course.lessons.length) steps.draw();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && course.open && studio.lessons === me) close();
  });
  document.addEventListener("click", (event) => {
    if (studio.lessons !== me) return;
    const target = targetOf(event);
    const name = target?.closest("[data-begin]")?.getAttribute("data-begin");
    if (name) begin(name);
    const step = target?.closest("#lesson-steps [role=tab]");
    if (step) openStep(stepName(step));
  });
  guess.addEventListener("keydown", ({ key }) => key === "Enter" && reveal());
  button("show").addEventListener("click", () => follow(current()?.show));
  button("reveal").addEventListener("click", reveal);
  button("back").addEventListener("click", () => move(-1));
  button("next").addEventListener("click", () => move(1));
  button("close").addEventListener("click", close);
  new MutationObserver(aim).observe(card.closest(".studio-body") ?? document.body, { subtree: true, attributeFilter: ["data-state"] });
  draw();

  function draw() {
    const { value } = props;
    if (!value) return;
    // Another photo or checkpoint: what was said no longer holds.
    if (value.key !== course.key) course.revealed = {};
    Object.assign(course, { key: value.key, lessons: value.lessons });
    if (course.open && !current()) {
      putBack();
      course.open = null;
      studio.lesson = null;
    }
    redraw();
    if (course.wanted) begin(course.lessons.find(({ name }) => name === studio.lesson)?.name);
  }

  function current() {
    return course.lessons.find(({ name }) => name === course.open);
  }

  function place() {
    return course.lessons.findIndex(({ name }) => name === course.open);
  }

  /**
   * Before the network is there, no lesson is known: the first begins when it is.
   *
   * @param {string} [name] - Without it, the first.
   */
  function begin(name = course.lessons[0]?.name) {
    putBack();
    course.wanted = !course.lessons.length;
    course.open = name ?? null;
    studio.lesson = course.open;
    const lesson = current();
    if (!lesson) return;
    guess.value = "";
    const { at, options, depth, task, scale, head, scope } = studio;
    course.before = { lesson, at, options, depth, cut: studio.cut, task, scale, head, scope };
    if (studio.cut) studio.choose({ cut: null });
    follow(lesson.start);
    redraw();
    openStep(lesson.name);
    card.focus({ preventScroll: true });
  }

  // What the open lesson has set goes back to what it was, unless the visitor has set something else meanwhile.
  function putBack() {
    const { before } = course;
    course.before = null;
    if (!before) return;
    const links = [before.lesson.start, before.lesson.show];
    const itsOwn = (/** @type {string} */ name, /** @type {unknown} */ value) =>
      links.some((link) => link[name] !== undefined && String(link[name]) === String(value));
    const shared = SHARED.filter((name) => itsOwn(name, studio[name]) && studio[name] !== before[name]);
    const kept = Object.entries(studio.options).filter(([name, value]) => !itsOwn(name, value));
    const old = Object.entries(before.options).filter(([name]) => itsOwn(name, studio.options[name]));
    /** @type {Options} */
    const options = Object.fromEntries([...kept, ...old]);
    if (shared.length || !alike(options, studio.options)) {
      studio.choose({ ...Object.fromEntries(shared.map((name) => [name, before[name]])), options });
    }
    if (before.cut && !studio.cut) studio.choose({ cut: before.cut });
    if (itsOwn("px", writePlace(studio.at)) && writePlace(before.at) !== writePlace(studio.at)) studio.pick(before.at);
  }

  // Gradio lets its row of steps go back only; forward goes by way of Python.
  /** @param {string} name */
  function openStep(name) {
    const index = steps.indexOf(name);
    if (index >= 0) trigger("step", { index });
  }

  /** @param {number} step */
  function move(step) {
    const next = course.lessons[place() + step];
    if (next) return begin(next.name);
    close();
    studio.show("lessons");
  }

  function close() {
    putBack();
    course.open = null;
    studio.choose({ lesson: null });
    const held = card.contains(document.activeElement);
    redraw();
    const viewer = held && document.querySelector(`[data-viewer="${studio.tab}"]`);
    if (viewer instanceof HTMLElement) viewer.focus({ preventScroll: true });
  }

  /**
   * Set the page as a link would.
   *
   * @param {Record<string, Setting> | undefined} link
   */
  function follow(link) {
    if (!link) return;
    const shared = Object.fromEntries(SHARED.filter((name) => link[name] !== undefined).map((name) => [name, link[name]]));
    const options = Object.fromEntries(Object.entries(link).filter(([name]) => name.includes(".")));
    // First, so that Back leads to the view before as it was.
    studio.show(String(link.tab));
    studio.choose({ ...shared, options: { ...studio.options, .../** @type {Options} */ (options) } });
    const at = readPlace(String(link.px ?? ""));
    if (at) studio.pick(at);
    course.aim = true;
    aim();
  }

  // Scroll no farther than is needed to see all that the lesson points at, once the view has drawn it.
  function aim() {
    const lesson = current();
    if (!course.aim || studio.lessons !== me || !lesson || studio.tab !== lesson.start.tab) return;
    const viewer = document.querySelector(`[data-viewer="${lesson.start.tab}"]`);
    const state = viewer?.getAttribute("data-state") ?? "";
    if (!viewer || !["ready", "pending"].includes(state)) return;
    const boxes = [...viewer.querySelectorAll(lesson.target)].map((one) => one.getBoundingClientRect()).filter(({ height }) => height);
    if (!boxes.length) return;
    course.aim = state !== "ready";
    const [top, bottom] = [Math.min(...boxes.map((box) => box.top)), Math.max(...boxes.map((box) => box.bottom))];
    const floor = getComputedStyle(card).position === "fixed" ? card.getBoundingClientRect().top : window.innerHeight;
    const roof = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    const needed = window.scrollY + Math.min(top - MARGIN - roof, bottom + MARGIN - floor);
    window.scrollTo({ top: Math.max(0, needed) });
  }

  async function reveal() {
    const lesson = current();
    if (!lesson) return;
    const { name } = lesson;
    const { key } = course;
    const about = aboutOf(lesson);
    button("reveal").disabled = true;
    part("answer").replaceChildren("Measuring …");
    const answer = await server.reveal_lesson({ ...studio.selection(), key, lesson: name });
    button("reveal").disabled = false;
    if (key !== course.key) return;
    course.revealed[name] = { about, say: answer?.say ?? [{ text: answer?.problem ?? GONE }] };
    if (answer?.say) course.done.add(name);
    redraw();
  }

  /**
   * What the sentence of a lesson depends on, as it is now.
   *
   * @param {LessonStep} lesson
   */
  function aboutOf({ follows }) {
    return JSON.stringify([course.key, ...follows.map((name) => (name === "place" ? writePlace(studio.at) : studio[name]))]);
  }

  /** @param {LessonStep} lesson */
  function saidOf(lesson) {
    const said = course.revealed[lesson.name];
    return said?.about === aboutOf(lesson) ? said.say : null;
  }

  function redraw() {
    const lesson = current();
    pointer.replaceSync(lesson ? outline(lesson) : "");
    card.hidden = !lesson;
    card.dataset.state = lesson ? "open" : "closed";
    card.dataset.lesson = lesson?.name ?? "";
    if (lesson) fillCard(lesson);
    steps.draw();
  }

  /** @param {LessonStep} lesson */
  function fillCard(lesson) {
    const said = saidOf(lesson);
    part("count").textContent = `Lesson ${place() + 1} of ${course.lessons.length}`;
    part("title").textContent = lesson.title;
    part("question").replaceChildren(...dotted(lesson.question));
    part("look").replaceChildren(...dotted(lesson.look));
    const guessed = said && guess.value.trim() ? [make("span", { class: "guess" }, `You guessed: ${guess.value.trim()}`)] : [];
    part("answer").replaceChildren(...(said ? spoken(said) : []), ...guessed);
    part("done").hidden = !course.done.has(lesson.name);
    button("back").disabled = place() === 0;
    button("next").textContent = place() === course.lessons.length - 1 ? "Finish" : "Next";
    button("next").classList.toggle("on", Boolean(said));
  }
}

/**
 * The style of what a lesson points at.
 *
 * @param {LessonStep} lesson
 */
function outline({ start, target }) {
  return `[data-viewer="${start.tab}"] :is(${target})
    { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: var(--radius); }`;
}

/**
 * Whether the same options have the same values.
 *
 * @param {Options} one
 * @param {Options} other
 */
function alike(one, other) {
  const text = (/** @type {Options} */ options) => JSON.stringify(Object.entries(options).sort());
  return text(one) === text(other);
}
