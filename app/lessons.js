// The card of a lesson, which stays beside the views while the visitor looks around, and the row of steps in its tab.
const card = element.querySelector("[data-testid=lesson]");
const part = (name) => card.querySelector(`[data-part=${name}]`);
// Lessons there are, which one is open (its name), what was revealed and for what, which are done, how the page was set
// before the open one, and whether what it points at is still to be scrolled to.
const course = { lessons: [], open: null, revealed: {}, done: new Set(), before: null, aim: false };
// Outlines what the open lesson points at, however often the view draws it anew.
const pointer = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, pointer];
// Parts of the selection that a lesson may set, beside options and the place; and what is left free around its target.
const SHARED = ["task", "scale", "head", "scope"];
const MARGIN = 14;
// Several cards share the page: the one that was loaded last speaks.
const me = Symbol("lessons");
studio.lessons = me;

watch("value", draw);
studio.subscribe((kind) => {
  if (studio.lessons !== me) return;
  if (kind === "ask" && studio.asked.event === "lesson") begin(studio.asked.lesson);
  // What was said about another place or scale does not hold for this one.
  if ((kind === "pick" || kind === "choice") && current()) redraw();
  if (kind === "settled" && !course.lessons.length) drawSteps();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && course.open && studio.lessons === me) close();
});
document.addEventListener("click", (event) => {
  if (studio.lessons !== me) return;
  const name = event.target.closest?.("[data-begin]")?.dataset.begin;
  if (name) begin(name);
  const step = event.target.closest?.("#lesson-steps [role=tab]");
  if (step) openStep(nameOf(step));
});
part("show").addEventListener("click", () => follow(current().show));
part("reveal").addEventListener("click", reveal);
part("back").addEventListener("click", () => move(-1));
part("next").addEventListener("click", () => move(1));
part("close").addEventListener("click", close);
new MutationObserver(aim).observe(card.closest(".studio-body") ?? document.body, { subtree: true, attributeFilter: ["data-state"] });
new MutationObserver(onSteps).observe(document.getElementById("page-lessons") ?? document.body, {
  subtree: true,
  childList: true,
  attributeFilter: ["disabled"],
});
draw();

function draw() {
  const value = props.value;
  if (!value) return;
  // Another photo or checkpoint: what was said no longer holds.
  if (value.key !== course.key) course.revealed = {};
  Object.assign(course, { key: value.key, lessons: value.lessons });
  if (course.open && !current()) {
    putBack();
    course.open = null;
  }
  redraw();
  if (course.wanted) begin();
}

function current() {
  return course.lessons.find(({ name }) => name === course.open);
}

function place() {
  return course.lessons.findIndex(({ name }) => name === course.open);
}

// Without a name: the first. Before the network is there, no lesson is known: the first begins when it is.
function begin(name) {
  putBack();
  course.wanted = !course.lessons.length;
  course.open = name ?? course.lessons[0]?.name;
  if (!current()) return;
  course.before = {
    lesson: current(),
    at: studio.at,
    options: studio.options,
    ...Object.fromEntries(SHARED.map((one) => [one, studio[one]])),
  };
  follow(current().start);
  redraw();
  openStep(course.open);
  card.focus({ preventScroll: true });
}

// What the open lesson has set goes back to what it was, unless the visitor has set something else meanwhile.
function putBack() {
  const { before } = course;
  course.before = null;
  if (!before) return;
  const links = [before.lesson.start, before.lesson.show];
  const itsOwn = (name, value) => links.some((link) => link[name] !== undefined && String(link[name]) === String(value));
  const shared = SHARED.filter((name) => itsOwn(name, studio[name]) && studio[name] !== before[name]);
  const kept = Object.entries(studio.options).filter(([name, value]) => !itsOwn(name, value));
  const old = Object.entries(before.options).filter(([name]) => itsOwn(name, studio.options[name]));
  const options = Object.fromEntries([...kept, ...old]);
  const changed = JSON.stringify(Object.entries(options).sort()) !== JSON.stringify(Object.entries(studio.options).sort());
  if (shared.length || changed) studio.choose({ ...Object.fromEntries(shared.map((name) => [name, before[name]])), options });
  if (itsOwn("px", placeOf(studio.at)) && placeOf(before.at) !== placeOf(studio.at)) studio.pick(before.at);
}

function placeOf({ x, y }) {
  return `${x.toFixed(4)},${y.toFixed(4)}`;
}

// Gradio lets its row of steps go back only; forward goes by way of Python.
function openStep(name) {
  const index = labels().findIndex(({ id }) => id === `step-${name}-button`);
  if (index >= 0) trigger("step", { index });
}

function labels() {
  return [...document.querySelectorAll("#lesson-steps [role=tab]")];
}

function move(step) {
  const next = course.lessons[place() + step];
  if (next) return begin(next.name);
  close();
  studio.show("lessons");
}

function close() {
  putBack();
  course.open = null;
  const held = card.contains(document.activeElement);
  redraw();
  if (held) document.querySelector(`[data-viewer="${studio.tab}"]`)?.focus({ preventScroll: true });
}

// Set the page as a link would.
function follow(link) {
  const shared = Object.fromEntries(SHARED.filter((name) => link[name] !== undefined).map((name) => [name, link[name]]));
  const options = Object.fromEntries(Object.entries(link).filter(([name]) => name.includes(".")));
  // First, so that Back leads to the view before as it was.
  studio.show(link.tab);
  studio.choose({ ...shared, options: { ...studio.options, ...options } });
  if (link.px) {
    const [x, y] = link.px.split(",").map(Number);
    studio.pick({ x, y });
  }
  course.aim = true;
  aim();
}

// Scroll no farther than is needed to see all that the lesson points at, once the view has drawn it.
function aim() {
  const lesson = current();
  const viewer = lesson && document.querySelector(`[data-viewer="${lesson.start.tab}"]`);
  if (!course.aim || studio.lessons !== me || studio.tab !== lesson?.start.tab || !["ready", "pending"].includes(viewer?.dataset.state))
    return;
  const boxes = [...viewer.querySelectorAll(lesson.target)].map((one) => one.getBoundingClientRect()).filter(({ height }) => height);
  if (!boxes.length) return;
  course.aim = viewer.dataset.state !== "ready";
  const [top, bottom] = [Math.min(...boxes.map((box) => box.top)), Math.max(...boxes.map((box) => box.bottom))];
  const floor = getComputedStyle(card).position === "fixed" ? card.getBoundingClientRect().top : window.innerHeight;
  const needed = window.scrollY + Math.min(top - MARGIN, bottom + MARGIN - floor);
  window.scrollTo({ top: Math.max(0, needed) });
}

async function reveal() {
  const { name } = current();
  const { key } = course;
  const about = aboutOf(current());
  part("reveal").disabled = true;
  part("answer").replaceChildren("Measuring …");
  const answer = await server.reveal_lesson({ ...studio.selection(), key, lesson: name });
  part("reveal").disabled = false;
  if (key !== course.key) return;
  course.revealed[name] = { about, say: answer?.say ?? [{ text: answer?.problem ?? "The studio does not answer. Is it still running?" }] };
  if (answer?.say) course.done.add(name);
  redraw();
}

// What the sentence of a lesson depends on, as it is now.
function aboutOf({ follows }) {
  return JSON.stringify([course.key, ...follows.map((name) => (name === "place" ? placeOf(studio.at) : studio[name]))]);
}

function saidOf(lesson) {
  const said = course.revealed[lesson.name];
  return said?.about === aboutOf(lesson) ? said.say : null;
}

function redraw() {
  const lesson = current();
  pointer.replaceSync(
    lesson
      ? `[data-viewer="${lesson.start.tab}"] :is(${lesson.target})
         { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: var(--radius); }`
      : "",
  );
  card.hidden = !lesson;
  card.dataset.state = lesson ? "open" : "closed";
  card.dataset.lesson = lesson?.name ?? "";
  if (lesson) fillCard(lesson);
  drawSteps();
}

function fillCard(lesson) {
  const said = saidOf(lesson);
  part("count").textContent = `Lesson ${place() + 1} of ${course.lessons.length}`;
  part("title").textContent = lesson.title;
  part("question").textContent = lesson.question;
  part("look").textContent = lesson.look;
  part("answer").replaceChildren(...(said ? spoken(said) : []));
  part("done").hidden = !course.done.has(lesson.name);
  part("back").disabled = place() === 0;
  part("next").textContent = place() === course.lessons.length - 1 ? "Finish" : "Next";
  part("next").classList.toggle("on", Boolean(said));
}

// The row of steps is Gradio's, which only has the open one in the page; what stands in it is written here.
function drawSteps() {
  labels().forEach((label) => {
    const name = nameOf(label);
    Object.assign(label.dataset, { done: String(course.done.has(name)), offered: String(course.lessons.some((one) => one.name === name)) });
    if (label.disabled) label.disabled = false;
    if (label.ariaDisabled === "true") label.ariaDisabled = "false";
  });
  document.querySelectorAll("[data-step]").forEach((box) => box.replaceChildren(...stepOf(box.dataset.step)));
}

function stepOf(name) {
  const lesson = course.lessons.find((one) => one.name === name);
  if (!lesson)
    return [
      make(
        "p",
        { class: "hint" },
        course.lessons.length
          ? "This checkpoint does not have what the lesson looks at."
          : studio.wanted
            ? "The network is warming up …"
            : "No network could be opened. Choose another checkpoint.",
      ),
    ];
  const [said, done] = [saidOf(lesson), course.done.has(name)];
  return [
    make("h3", {}, lesson.title, done ? make("span", { class: "done" }, "done ✓") : null),
    make("p", {}, lesson.question),
    said ? make("p", { class: "said" }, ...spoken(said)) : make("p", { class: "hint" }, lesson.look),
    make(
      "button",
      { type: "button", class: "quiet", "data-begin": name, "data-testid": `begin-${name}` },
      done ? "Once more" : "Begin this lesson",
    ),
  ];
}

function nameOf(label) {
  return label.id.slice("step-".length, -"-button".length);
}

// Gradio locks later steps and makes the content of a step when it is opened.
function onSteps() {
  if (document.querySelector("#lesson-steps [role=tab]:disabled, #lesson-steps [role=tab]:not([data-offered]), [data-step]:empty"))
    drawSteps();
}
