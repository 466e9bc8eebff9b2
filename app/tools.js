// Tools of a viewer: segments, lists, sliders, buttons. They stay while values change, so that a slider can be dragged
// and keeps the keyboard's focus.
function toolRow(root) {
  let layout = null;
  const shown = new Map();
  return (tools) => {
    const wanted = JSON.stringify(tools.map(({ kind, name, label, options, low, high }) => [kind, name, label, options, low, high]));
    if (wanted !== layout) {
      shown.clear();
      root.replaceChildren(
        ...tools.map((tool) => {
          const entry = MAKERS[tool.kind ?? "segments"](tool);
          shown.set(tool.name, entry);
          return entry.node;
        }),
      );
      layout = wanted;
    }
    tools.forEach((tool) => shown.get(tool.name).update(tool));
  };
}

const MAKERS = {
  segments({ name, label, options }) {
    const place = make("span");
    const update = ({ chosen }) =>
      place.replaceChildren(
        segments(label, options, chosen, (value) => {
          studio.option(name, value);
          update({ chosen: value });
          place.querySelector("[aria-checked=true]")?.focus();
        }),
      );
    return { node: labelled(label, name, place), update };
  },
  list({ name, label, options }) {
    const list = make("select", { "aria-label": label }, ...options.map(({ value, text }) => make("option", { value }, text)));
    list.addEventListener("change", () => studio.option(name, list.value));
    return {
      node: labelled(label, name, list),
      update: ({ chosen }) => {
        list.value = chosen;
      },
    };
  },
  slider({ name, label, low, high, step }) {
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
    // While it is dragged, the hand knows better than the answer to an earlier question.
    const update = ({ value }) => {
      if (!range.matches(":active")) range.value = value;
      say();
    };
    return { node: labelled(label, name, make("span", { class: "slide" }, range, text)), update };
  },
  toggle({ name, label }) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => studio.option(name, box.checked ? "on" : "off"));
    return {
      node: make("label", { class: "tool", "data-tool": name }, box, label),
      update: ({ chosen }) => {
        box.checked = chosen === "on";
      },
    };
  },
  // How strongly maps cover the photo. It only mixes pictures that are there: Python is not asked.
  mix({ name, label, low, high, step }) {
    const range = make("input", { type: "range", min: low, max: high, step, "aria-label": label });
    const mix = (value) => document.documentElement.style.setProperty("--mix", value);
    range.addEventListener("input", () => {
      studio.options = { ...studio.options, [name]: Number(range.value) };
      mix(range.value);
    });
    return {
      node: labelled(label, name, range),
      update: ({ value }) => {
        range.value = studio.options[name] ?? value;
        mix(range.value);
      },
    };
  },
  button({ name, label, action, value }) {
    const node = make("button", { type: "button", class: "quiet", "data-testid": `action-${name}` }, label);
    const actions = {
      set: () => studio.option(name, node.value),
      pin: () => studio.pin(node.value),
      unpin: () => studio.choose({ pins: {} }),
    };
    node.addEventListener("click", actions[action] ?? (() => studio.ask(action)));
    return {
      node,
      update: (tool) => {
        node.value = tool.value ?? value ?? "";
      },
    };
  },
};

function labelled(label, name, control) {
  return make("div", { class: "tool", "data-tool": name }, make("span", {}, label), control);
}
