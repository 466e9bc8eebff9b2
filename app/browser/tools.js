// @ts-check
// Tools of a viewer: segments, lists, sliders, buttons. They stay while values change, so that a slider can be dragged
// and keeps the keyboard's focus.

/** @import { Letter, Studio } from "./types.js" */
/** @import { ButtonTool, ChoiceTool, SliderTool, ToggleTool, Tool } from "./view.js" */
import { make, renew } from "./dom.js";
import { segments } from "./segments.js";

/**
 * @template {Tool} Kind
 * @typedef {{ node: HTMLElement, update(tool: Kind): void }} Shown
 */

/**
 * @param {Studio} studio
 * @param {HTMLElement} root
 */
export function toolRow(studio, root) {
  /** Tools by what their DOM depends on. @type {Map<string, Shown<Tool>>} */
  let shown = new Map();
  return (/** @type {Tool[]} */ tools) => {
    shown = new Map(tools.map((tool) => [layoutOf(tool), shown.get(layoutOf(tool)) ?? makeTool(studio, tool)]));
    const nodes = [...shown.values()].map(({ node }) => node);
    for (const node of [...root.children]) if (!nodes.some((other) => other === node)) node.remove();
    nodes.forEach((node, index) => node !== root.children[index] && root.insertBefore(node, root.children[index] ?? null));
    tools.forEach((tool) => {
      const { node, update } = /** @type {Shown<Tool>} */ (shown.get(layoutOf(tool)));
      node.toggleAttribute("data-expert", Boolean(tool.expert));
      update(tool);
    });
  };
}

/**
 * What the DOM of a tool depends on.
 *
 * @param {Tool} tool
 */
function layoutOf(tool) {
  const { kind, name, label } = tool;
  const range = "low" in tool ? [tool.low, tool.high] : null;
  return JSON.stringify([kind, name, label, "options" in tool ? tool.options : null, range]);
}

/**
 * @param {Studio} studio
 * @param {Tool} tool
 * @returns {Shown<Tool>}
 */
function makeTool(studio, tool) {
  switch (tool.kind) {
    case "segments":
      return row(studio, tool);
    case "list":
      return list(studio, tool);
    case "slider":
      return slider(studio, tool);
    case "toggle":
      return toggle(studio, tool);
    case "mix":
      return mixer(studio, tool);
    case "button":
      return button(studio, tool);
  }
}

/**
 * @param {Studio} studio
 * @param {ChoiceTool} tool
 * @returns {Shown<ChoiceTool>}
 */
function row(studio, { name, label, options }) {
  const place = make("span");
  const update = (/** @type {{ chosen: ChoiceTool["chosen"] }} */ { chosen }) =>
    renew(
      place,
      segments(label, options, chosen, (value) => {
        studio.option(name, value);
        update({ chosen: value });
        const on = place.querySelector("[aria-checked=true]");
        if (on instanceof HTMLElement) on.focus();
      }),
    );
  return { node: labelled(label, name, place), update };
}

/**
 * @param {Studio} studio
 * @param {ChoiceTool} tool
 * @returns {Shown<ChoiceTool>}
 */
function list(studio, { name, label, options }) {
  const select = make("select", { "aria-label": label }, ...options.map(({ value, text }) => make("option", { value }, text)));
  select.addEventListener("change", () => studio.option(name, select.value));
  return {
    node: labelled(label, name, select),
    update: ({ chosen }) => {
      select.value = String(chosen);
    },
  };
}

/**
 * @param {Studio} studio
 * @param {SliderTool} tool
 * @returns {Shown<SliderTool>}
 */
function slider(studio, { name, label, low, high, step }) {
  const range = make("input", { type: "range", min: low, max: high, step, "aria-label": label });
  const text = make("output");
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const say = () => {
    text.textContent = Number(range.value).toFixed(digits);
  };
  range.addEventListener("input", () => {
    say();
    studio.option(name, Number(range.value));
  });
  return {
    node: labelled(label, name, make("span", { class: "slide" }, range, text)),
    // While it is dragged, the hand knows better than the answer to an earlier question.
    update: ({ value }) => {
      if (!range.matches(":active")) range.value = String(value);
      say();
    },
  };
}

/**
 * @param {Studio} studio
 * @param {ToggleTool} tool
 * @returns {Shown<ToggleTool>}
 */
function toggle(studio, { name, label }) {
  const box = make("input", { type: "checkbox" });
  box.addEventListener("change", () => studio.option(name, box.checked ? "on" : "off"));
  return {
    node: make("label", { class: "tool", "data-tool": name }, box, label),
    update: ({ chosen }) => {
      box.checked = chosen === "on";
    },
  };
}

/**
 * How strongly maps cover the photo. It only mixes pictures that are there: Python is not asked.
 *
 * @param {Studio} studio
 * @param {SliderTool} tool
 * @returns {Shown<SliderTool>}
 */
function mixer(studio, { name, label, low, high, step }) {
  const range = make("input", { type: "range", min: low, max: high, step, "aria-label": label });
  const mix = () => document.documentElement.style.setProperty("--mix", range.value);
  range.addEventListener("input", () => {
    studio.options = { ...studio.options, [name]: Number(range.value) };
    mix();
  });
  return {
    node: labelled(label, name, range),
    update: ({ value }) => {
      range.value = String(studio.options[name] ?? value);
      mix();
    },
  };
}

/**
 * @param {Studio} studio
 * @param {ButtonTool} tool
 * @returns {Shown<ButtonTool>}
 */
function button(studio, { name, label, action, value }) {
  const node = make("button", { type: "button", class: "quiet", "data-testid": `action-${name}` }, label);
  node.addEventListener("click", () => {
    switch (action) {
      case "set":
        return studio.option(name, node.value);
      case "pin":
        return studio.pin(/** @type {Letter} */ (node.value));
      case "unpin":
        return studio.choose({ pins: {} });
      default:
        return studio.ask(action);
    }
  });
  return {
    node,
    update: (tool) => {
      node.value = tool.value ?? value ?? "";
    },
  };
}

/**
 * @param {string} label
 * @param {string} name
 * @param {HTMLElement} control
 */
function labelled(label, name, control) {
  return make("div", { class: "tool", "data-tool": name }, make("span", {}, label), control);
}
