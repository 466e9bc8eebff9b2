// @ts-check
// The row of lessons in their tab. It is Gradio's, which only has the open one in the page; what stands in it is written
// here.

/** @import { Studio } from "./types.js" */
/** @import { LessonStep, Spoken } from "./view.js" */
import { make } from "./dom.js";
import { spoken } from "./words.js";

/** What shows that Gradio has made something of the row anew. */
const UNWRITTEN = "#lesson-steps [role=tab]:disabled, #lesson-steps [role=tab]:not([data-offered]), [data-step]:empty";

/** @typedef {Pick<import("./lessons.js").Course, "lessons" | "done">} Known */

/**
 * @param {object} about
 * @param {Studio} about.studio
 * @param {Known} about.course
 * @param {(lesson: LessonStep) => Spoken[] | null} about.saidOf - What was revealed, as far as it still holds.
 */
export function stepRow({ studio, course, saidOf }) {
  // Gradio locks later steps and makes the content of a step when it is opened.
  new MutationObserver(() => {
    if (document.querySelector(UNWRITTEN)) draw();
  }).observe(document.getElementById("page-lessons") ?? document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["disabled"],
  });

  function draw() {
    for (const label of labels()) {
      const name = stepName(label);
      const offered = course.lessons.some((one) => one.name === name);
      Object.assign(label.dataset, { done: String(course.done.has(name)), offered: String(offered) });
      if (label.disabled) label.disabled = false;
      if (label.ariaDisabled === "true") label.ariaDisabled = "false";
    }
    document.querySelectorAll("[data-step]").forEach((box) => box.replaceChildren(...stepOf(box.getAttribute("data-step") ?? "")));
  }

  /** @param {string} name */
  function stepOf(name) {
    const lesson = course.lessons.find((one) => one.name === name);
    if (!lesson) return [make("p", { class: "hint" }, whyNot())];
    const [said, done] = [saidOf(lesson), course.done.has(name)];
    const states = { "data-begin": name, "data-testid": `begin-${name}` };
    return [
      make("h3", {}, lesson.title, done ? make("span", { class: "done" }, "done ✓") : null),
      make("p", {}, lesson.question),
      said ? make("p", { class: "said" }, ...spoken(said)) : make("p", { class: "hint" }, lesson.look),
      make("button", { type: "button", class: "quiet", ...states }, done ? "Once more" : "Begin this lesson"),
    ];
  }

  function whyNot() {
    if (course.lessons.length) return "This checkpoint does not have what the lesson looks at.";
    return studio.wanted ? "The network is warming up …" : "No network could be opened. Choose another checkpoint.";
  }

  return {
    draw,
    /**
     * Where in the row a lesson stands; -1 where it does not.
     *
     * @param {string} name
     */
    indexOf: (name) => labels().findIndex((label) => stepName(label) === name),
  };
}

/** @returns {HTMLButtonElement[]} */
function labels() {
  return [...document.querySelectorAll("#lesson-steps [role=tab]")].filter((label) => label instanceof HTMLButtonElement);
}

/**
 * Name of the lesson that a label of the row opens.
 *
 * @param {Element} label
 */
export function stepName(label) {
  return label.id.slice("step-".length, -"-button".length);
}
