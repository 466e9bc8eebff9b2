// @ts-check
// Way through the page: pipeline strip and tabs.

/** @import { Part, Studio } from "./types.js" */
/** @import { Stop, Way } from "./frame.js" */
import { find, make, renew, targetOf } from "./dom.js";

/**
 * @param {Studio} studio
 * @param {Part<Way>} part
 */
export function way(studio, { element, props, watch }) {
  const root = find(element, "nav", HTMLElement);
  const [tabs, pipeline] = [find(root, ".tabs", HTMLElement), find(root, ".pipeline", HTMLElement)];

  watch("value", draw);
  studio.subscribe((kind) => {
    if (kind === "tab" || kind === "choice" || kind === "photo") mark();
  });
  tabs.addEventListener("keydown", walk);
  draw();

  function draw() {
    if (!props.value) return;
    if (props.value.tabs) renew(tabs, ...props.value.tabs.map(tab));
    if (props.value.pipeline) renew(pipeline, ...props.value.pipeline.map(station));
    root.dataset.state = "ready";
    mark();
  }

  /** @param {{ name: string, title: string }} tab */
  function tab({ name, title }) {
    const states = { role: "tab", id: `tab-${name}`, "aria-controls": `page-${name}` };
    const button = make("button", { type: "button", ...states, "data-testid": `tab-${name}`, "data-tab": name }, title);
    button.addEventListener("click", () => studio.show(name));
    return button;
  }

  /** @param {Stop} station */
  function station({ title, tab: name, scale }) {
    const button = make("button", { type: "button", "data-tab": name, "data-scale": scale ?? "" }, title);
    button.addEventListener("click", () => {
      studio.show(name);
      if (scale !== undefined) studio.choose({ scale });
    });
    return button;
  }

  function mark() {
    document.documentElement.dataset.tab = studio.tab;
    for (const button of tabs.querySelectorAll("button")) {
      const on = button.dataset.tab === studio.tab;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    const stations = [...pipeline.querySelectorAll("button")];
    const here = stations.filter(
      ({ dataset }) => dataset.tab === studio.tab && (dataset.scale === "" || Number(dataset.scale) === studio.scale),
    );
    for (const button of stations) button.classList.toggle("on", button === here.at(-1));
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || targetOf(event)?.getAttribute("role") !== "tab") return;
    const buttons = [...tabs.querySelectorAll("button")];
    const here = buttons.findIndex((button) => button.dataset.tab === studio.tab);
    const next = buttons[(here + step + buttons.length) % buttons.length];
    event.preventDefault();
    studio.show(next.dataset.tab ?? "");
    next.focus();
  }
}
