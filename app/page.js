// One selection for the whole page. Every component asks for the same store; the first one to load makes it.
const studio = (window.bridgenetStudio ??= createStudio());

function createStudio() {
  const link = new URLSearchParams(location.search);
  const [x, y] = (link.get("px") ?? "0.5,0.5").split(",").map(Number);
  const whole = (name) => (/^-?\d+$/.test(link.get(name) ?? "") ? Number(link.get(name)) : null);
  const listeners = new Set();
  const store = {
    at: { x: inside(x), y: inside(y) },
    hover: null,
    task: link.get("task"),
    scale: whole("scale"),
    head: whole("head") ?? -1,
    scope: link.get("scope") ?? "tab",
    tab: link.get("tab") ?? "overview",
    // Options of single views that were changed: {"tpp.direction": "incoming"}. Numbers are numbers.
    options: Object.fromEntries([...link].filter(([name]) => name.includes(".")).map(([name, value]) => [name, value !== "" && isFinite(value) ? Number(value) : value])),
    // What each viewer shows, by name.
    drawn: {},
    // Names of the pictures that each viewer holds, which need not be sent again.
    held: {},
    // What was pinned to be compared: {A: {key, title, ...}, B: ...}.
    pins: {},
    example: link.get("ex"),
    checkpoint: link.get("checkpoint"),
    photo: { src: "", size: [1, 1], key: "", title: "" },
    tasks: [],
    scales: [],
    heads: 0,
    // Whether the visitor has moved anything since the page was opened.
    touched: false,
    subscribe(listener) {
      listeners.add(listener);
    },
    // Kinds: hover, pick (another place), choice (anything else that is selected), tab, photo (another analysis),
    // answer (of Python to a pick: values by part of the page), lists (tasks, scales, heads), ask (an event for Python: {asked: {event, ...}}).
    set(kind, changes = {}) {
      Object.assign(store, changes);
      if (["pick", "choice", "tab"].includes(kind)) {
        store.touched = true;
        rememberPlace(store);
      }
      listeners.forEach((listener) => listener(kind, changes));
    },
    point(place) {
      store.set("hover", { hover: place });
    },
    pick(place) {
      store.set("pick", { at: { x: inside(place.x), y: inside(place.y) }, hover: null });
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
    // An option of the whole page (task, scale, head, scope) or of one view (with a dot in its name).
    option(name, value) {
      store.choose(name.includes(".") ? { options: { ...store.options, [name]: value } } : { [name]: value });
    },
    show(tab) {
      if (tab !== store.tab) store.set("tab", { tab });
    },
    ask(event, more = {}) {
      store.set("ask", { asked: { event, ...more } });
    },
    pin(letter) {
      const name = letter ?? (store.pins.A && !store.pins.B ? "B" : "A");
      const { key, title } = store.photo;
      if (key) store.choose({ pins: { ...store.pins, [name]: { key, title, checkpoint: store.checkpoint ?? "" } } });
    },
    selection() {
      const { at, task, scale, head, scope, tab, options, pins, checkpoint } = store;
      return { x: at.x, y: at.y, task, scale, head, scope, tab, options, pins, checkpoint, drawn: store.drawn[tab] ?? "", held: store.held[tab] ?? [] };
    },
    // A link that opens the page as it is now. A photo of one's own is not in it.
    link() {
      const { at, example, checkpoint, task, scale, head, scope, tab, options } = store;
      const place = `${at.x.toFixed(4)},${at.y.toFixed(4)}`;
      const parts = { ex: example, photo: example ? null : "own", checkpoint, tab, px: place, task, scale, head: head < 0 ? null : head, scope: scope === "tab" ? null : scope, ...options };
      const query = new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== null && value !== undefined && value !== ""));
      return `${location.origin}${location.pathname}?${query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
    },
    pixel() {
      const [width, height] = store.photo.size;
      return [Math.floor(store.at.x * width), Math.floor(store.at.y * height)];
    },
  };
  document.addEventListener("keydown", (event) => onKey(store, event));
  return store;
}

function inside(value) {
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 0.999999) : 0.5;
}

// The address follows the selection, a moment later: it can be reloaded and sent on.
function rememberPlace(store) {
  clearTimeout(store.remembering);
  store.remembering = setTimeout(() => history.replaceState(null, "", store.link()), 400);
}

function onKey(store, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input:not([type=range]), textarea, select")) return;
  const far = event.shiftKey ? 8 : 1;
  const arrows = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
  if (arrows[event.key] && event.target.closest?.("[data-viewer]") && !event.target.matches?.("input, [role=radio], [role=gridcell]")) {
    store.step(...arrows[event.key]);
  } else if ((event.key === "[" || event.key === "]") && store.heads) {
    const count = store.heads + 1;
    store.choose({ head: ((store.head + 1 + (event.key === "]" ? 1 : count - 1)) % count) - 1 });
  } else if (/^[1-6]$/.test(event.key) && store.tasks[event.key - 1]) {
    store.choose({ task: store.tasks[event.key - 1].name });
  } else if (event.key === "p" || event.key === "P") {
    store.pin();
  } else {
    return;
  }
  event.preventDefault();
}

// A small way to write DOM: make("div", {class: "card"}, "text", child, ...).
function make(tag, attributes = {}, ...children) {
  return fillNode(document.createElement(tag), attributes, children);
}

function fillNode(node, attributes, children) {
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
    const button = make("button", { type: "button", role: "radio", "aria-checked": String(on), tabindex: on ? 0 : -1, "data-value": String(value) }, text);
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

// Names stand where they fit into a bar of about `width` pixels.
function shareBar(shares, withNames, width = 780) {
  const bar = make("div", { class: withNames ? "shares" : "shares small", role: "img" });
  bar.setAttribute("aria-label", shares.map(({ title, share }) => `${title} ${percent(share)}`).join(", "));
  shares.forEach(({ title, colour, share }) => {
    const text = withNames && share > 0.09 ? `${share * width > 7.4 * title.length + 42 ? title + " " : ""}${percent(share)}` : "";
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
