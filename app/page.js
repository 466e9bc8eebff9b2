// One selection for the whole page. Every component asks for the same store; the first one to load makes it.
// What is selected: a place (x, y in 0..1 of the photo), a task, a scale of the bridge, an attention head.
const studio = (window.bridgenetStudio ??= createStudio());

function createStudio() {
  const listeners = new Set();
  const store = {
    at: { x: 0.5, y: 0.5 },
    hover: null,
    task: null,
    scale: null,
    head: -1,
    tab: "overview",
    photo: { src: "", size: [1, 1], key: "" },
    tasks: [],
    scales: [],
    heads: 0,
    subscribe(listener) {
      listeners.add(listener);
    },
    set(kind, changes) {
      Object.assign(store, changes);
      listeners.forEach((listener) => listener(kind));
    },
    point(place) {
      store.set("hover", { hover: place });
    },
    pick(place) {
      const clamp = (value) => Math.min(Math.max(value, 0), 0.999999);
      store.set("pick", { at: { x: clamp(place.x), y: clamp(place.y) }, hover: null });
    },
    step(columns, rows) {
      const [width, height] = store.photo.size;
      // Half a pixel in: a place always lies in the middle of the pixel it names.
      const move = (value, count, step) => (Math.min(Math.max(Math.floor(value * count) + step, 0), count - 1) + 0.5) / count;
      store.pick({ x: move(store.at.x, width, columns), y: move(store.at.y, height, rows) });
    },
    choose(changes) {
      store.set("choice", changes);
    },
    show(tab) {
      store.set("tab", { tab });
    },
    pixel() {
      const [width, height] = store.photo.size;
      return [Math.floor(store.at.x * width), Math.floor(store.at.y * height)];
    },
  };
  document.addEventListener("keydown", (event) => onKey(store, event));
  return store;
}

function onKey(store, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
  const far = event.shiftKey ? 8 : 1;
  const arrows = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
  if (arrows[event.key] && event.target.closest?.("[data-viewer]")) {
    store.step(...arrows[event.key]);
  } else if ((event.key === "[" || event.key === "]") && store.heads) {
    const count = store.heads + 1;
    store.choose({ head: ((store.head + 1 + (event.key === "]" ? 1 : count - 1)) % count) - 1 });
  } else if (/^[1-6]$/.test(event.key) && store.tasks[event.key - 1]) {
    store.choose({ task: store.tasks[event.key - 1].name });
  } else {
    return;
  }
  event.preventDefault();
}

// A small way to write DOM: make("div", {class: "card"}, "text", child, ...).
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => {
    if (name === "style") Object.entries(value).forEach(([property, entry]) => node.style.setProperty(property, entry));
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  });
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function dot(colour) {
  return make("span", { class: "dot", style: { background: colour } });
}

// A row of choices of which one is on. Arrow keys walk it, as in every radio group.
function segments(label, options, chosen, onChoose) {
  const group = make("div", { class: "segments", role: "radiogroup", "aria-label": label });
  options.forEach(({ value, text }) => {
    const on = value === chosen;
    const button = make("button", { type: "button", role: "radio", "aria-checked": String(on), tabindex: on ? 0 : -1 }, text);
    button.addEventListener("click", () => onChoose(value));
    group.append(button);
  });
  group.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (options.findIndex(({ value }) => value === chosen) + step + options.length) % options.length;
    onChoose(options[next].value);
    group.parentElement?.querySelector("[aria-checked=true]")?.focus();
  });
  return group;
}

function shareBar(shares, withNames) {
  const bar = make("div", { class: withNames ? "shares" : "shares small", role: "img" });
  bar.setAttribute("aria-label", shares.map(({ title, share }) => `${title} ${percent(share)}`).join(", "));
  shares.forEach(({ title, colour, share }) => {
    const text = withNames && share > 0.09 ? `${share > 0.16 ? title + " " : ""}${percent(share)}` : "";
    const part = make("span", { style: { background: colour, color: inkOn(colour), width: `${100 * share}%` }, title: `${title} ${percent(share)}` }, text);
    bar.append(part);
  });
  return bar;
}

// Black or white, whichever stands out more.
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => (parseInt(colour.slice(start, start + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
