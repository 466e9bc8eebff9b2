// The card of a lesson, which stays below the views while the visitor looks around, and the row of steps in its tab.
const card = element.querySelector("[data-testid=lesson]");
const part = (name) => card.querySelector(`[data-part=${name}]`);
// Lessons there are, which one is open (its name), what was revealed, and which are done.
const course = { lessons: [], open: null, revealed: {}, done: new Set() };
// Several cards share the page: the one that was loaded last speaks.
const me = Symbol("lessons");
studio.lessons = me;

watch("value", draw);
studio.subscribe((kind) => {
  if (studio.lessons === me && kind === "ask" && studio.asked.event === "lesson") begin(studio.asked.lesson);
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
new MutationObserver(onSteps).observe(document.getElementById("page-lessons") ?? document.body, { subtree: true, childList: true, attributeFilter: ["disabled"] });
draw();

function draw() {
  const value = props.value;
  if (!value) return;
  // Another photo or checkpoint: what was said no longer holds.
  if (value.key !== course.key) course.revealed = {};
  Object.assign(course, { key: value.key, lessons: value.lessons });
  if (course.open && !current()) course.open = null;
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
  course.wanted = !course.lessons.length;
  course.open = name ?? course.lessons[0]?.name;
  if (!current()) return;
  follow(current().start);
  redraw();
  openStep(course.open);
  // On narrow screens the views begin far below the top of the page.
  const top = card.closest(".centre-column").getBoundingClientRect().top + window.scrollY;
  window.scrollTo({ top: top > 200 ? top : 0 });
  card.focus({ preventScroll: true });
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
  course.open = null;
  const held = card.contains(document.activeElement);
  redraw();
  if (held) document.querySelector(`[data-viewer="${studio.tab}"]`)?.focus({ preventScroll: true });
}

// Set the page as a link would.
function follow(link) {
  const shared = Object.fromEntries(["task", "scale", "head", "scope"].filter((name) => link[name] !== undefined).map((name) => [name, link[name]]));
  const options = Object.fromEntries(Object.entries(link).filter(([name]) => name.includes(".")));
  studio.choose({ ...shared, options: { ...studio.options, ...options } });
  if (link.px) {
    const [x, y] = link.px.split(",").map(Number);
    studio.pick({ x, y });
  }
  studio.show(link.tab);
}

async function reveal() {
  const { name } = current();
  const { key } = course;
  part("reveal").disabled = true;
  part("answer").replaceChildren("Measuring …");
  const answer = await server.reveal_lesson({ ...studio.selection(), key, lesson: name });
  part("reveal").disabled = false;
  if (key !== course.key) return;
  course.revealed[name] = answer?.say ?? [{ text: answer?.problem ?? "The studio does not answer. Is it still running?" }];
  if (answer?.say) course.done.add(name);
  redraw();
}

function redraw() {
  const lesson = current();
  card.hidden = !lesson;
  card.dataset.state = lesson ? "open" : "closed";
  card.dataset.lesson = lesson?.name ?? "";
  if (lesson) fillCard(lesson);
  drawSteps();
}

function fillCard(lesson) {
  const said = course.revealed[lesson.name];
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
  if (!lesson) return [make("p", { class: "hint" }, course.lessons.length ? "This checkpoint does not have what the lesson looks at." : "The network is warming up …")];
  const [said, done] = [course.revealed[name], course.done.has(name)];
  return [
    make("h3", {}, lesson.title, done ? make("span", { class: "done" }, "done ✓") : null),
    make("p", {}, lesson.question),
    said ? make("p", { class: "said" }, ...spoken(said)) : make("p", { class: "hint" }, lesson.look),
    make("button", { type: "button", class: "quiet", "data-begin": name, "data-testid": `begin-${name}` }, done ? "Once more" : "Begin this lesson"),
  ];
}

function nameOf(label) {
  return label.id.slice("step-".length, -"-button".length);
}

// Gradio locks later steps and makes the content of a step when it is opened.
function onSteps() {
  if (document.querySelector("#lesson-steps [role=tab]:disabled, #lesson-steps [role=tab]:not([data-offered]), [data-step]:empty")) drawSteps();
}
