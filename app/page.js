// One selection for the whole page. Every component asks for the same store; the first one to load makes it.
const studio = (window.bridgenetStudio ??= createStudio());

function createStudio() {
  const { example, checkpoint, ...selection } = readLink();
  const listeners = new Set();
  const store = {
    // at, task, scale, head, scope, tab, and options of single views that were changed: {"tpp.direction": "incoming"}.
    ...selection,
    hover: null,
    // What each viewer shows, by name.
    drawn: {},
    // Names of the pictures that each viewer holds, which need not be sent again.
    held: {},
    // What was pinned to be compared: {A: {key, title, checkpoint}, B: ...}.
    pins: {},
    // What is shown. Its key names the photo and the checkpoint, and so does everything that is asked of Python.
    photo: { src: "", size: [1, 1], key: "", title: "" },
    // What was chosen and is not shown yet, {example or key or path, checkpoint, ticket}; at first what the link asks for.
    wanted: { example, checkpoint, key: history.state?.studio?.key ?? null, ticket: "open", quiet: true },
    // Who waits for it to be shown.
    patient: [],
    // Ticket of what is being computed for a view.
    underWay: null,
    tasks: [],
    heads: 0,
    // Whether the visitor has moved anything since the page was opened.
    touched: false,
    get example() {
      return store.photo.example ?? null;
    },
    get checkpoint() {
      return store.photo.checkpoint ?? null;
    },
    subscribe(listener) {
      listeners.add(listener);
    },
    // Kinds: hover, pick (another place), choice (anything else that is selected), tab, photo (another analysis),
    // settled (nothing is wanted any more), answer (of Python to a pick: values by part of the page), ask (an event for
    // Python: {asked: {event, ...}}).
    set(kind, changes = {}) {
      Object.assign(store, changes);
      if (["pick", "choice", "tab"].includes(kind)) store.touched = true;
      if (["pick", "choice"].includes(kind)) rememberSoon(store);
      store.tell(kind, changes);
    },
    tell(kind, changes = {}) {
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
    // Back leads to the view before, as it was when it was left.
    show(tab) {
      if (tab === store.tab) return;
      finishRemembering(store);
      store.set("tab", { tab });
      remember(store, "pushState");
    },
    ask(event, more = {}) {
      store.set("ask", { asked: { event, ...more } });
    },
    // Choose a photo (of an example, a path, a key), a checkpoint, or both. A choice of one keeps what was chosen last of
    // the other, also where that is not shown yet.
    want(choice) {
      const { key, example, checkpoint, live } = store.photo;
      const former = store.wanted ?? { key: live ? key : null, example, checkpoint };
      const photo = ["key", "example", "path"].some((name) => choice[name]) ? { key: null, example: null, path: null } : {};
      store.wanted = { ...former, quiet: false, ...photo, ...choice };
      store.ask("show");
    },
    // Another analysis is shown.
    see(photo) {
      finishRemembering(store);
      if (photo.live) fit(store, photo.offers);
      store.set("photo", { photo });
    },
    remember(way) {
      remember(store, way);
    },
    // What was wanted is shown, or cannot be.
    settle() {
      store.wanted = null;
      store.set("settled");
      store.patient.splice(0).forEach((resolve) => resolve());
    },
    settled() {
      return store.wanted ? new Promise((resolve) => store.patient.push(resolve)) : Promise.resolve();
    },
    // What is pinned or taken along is what was chosen last.
    async pin(letter) {
      await store.settled();
      const name = letter ?? (store.pins.A && !store.pins.B ? "B" : "A");
      const { key, title, checkpoint, live } = store.photo;
      if (live) store.choose({ pins: { ...store.pins, [name]: { key, title, checkpoint } } });
    },
    selection() {
      const { at, task, scale, head, scope, tab, options, pins } = store;
      return { x: at.x, y: at.y, task, scale, head, scope, tab, options, pins, drawn: store.drawn[tab] ?? "", held: store.held[tab] ?? [] };
    },
    // A link that opens the page with what was chosen last. A photo of one's own is not in it.
    link({ example, checkpoint } = store.wanted ?? store.photo) {
      const { at, task, scale, head, scope, tab, options } = store;
      const place = `${at.x.toFixed(4)},${at.y.toFixed(4)}`;
      const parts = {
        ex: example,
        photo: example ? null : "own",
        checkpoint,
        tab,
        px: place,
        task,
        scale,
        head: head < 0 ? null : head,
        scope: scope === "tab" ? null : scope,
        ...options,
      };
      const query = new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== null && value !== undefined && value !== ""));
      return `${location.origin}${location.pathname}?${query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
    },
    pixel() {
      const [width, height] = store.photo.size;
      return [Math.floor(store.at.x * width), Math.floor(store.at.y * height)];
    },
  };
  document.addEventListener("keydown", (event) => onKey(store, event));
  window.addEventListener("popstate", () => restore(store, history.state?.studio ?? readLink()));
  return store;
}

// What the address says after its question mark. Python reads it by the same rules (`app/links.py`), gives options
// their types, and says what it could not understand.
function readLink() {
  const link = new URLSearchParams(location.search);
  const number = (text) => (/^-?[0-9]{1,9}([.][0-9]{1,12})?$/.test(text) ? Number(text) : NaN);
  const whole = (name) => (/^-?[0-9]{1,4}$/.test(link.get(name) ?? "") ? Number(link.get(name)) : null);
  const [x, y, ...more] = (link.get("px") ?? "").split(",").map(number);
  const place = x >= 0 && x <= 1 && y >= 0 && y <= 1 && !more.length;
  const options = [...link].filter(([name, value]) => name.includes(".") && value).reverse();
  return {
    at: place ? { x: inside(x), y: inside(y) } : { x: 0.5, y: 0.5 },
    task: link.get("task") || null,
    scale: whole("scale"),
    head: whole("head") ?? -1,
    scope: ["map", "tab", "all"].includes(link.get("scope")) ? link.get("scope") : "tab",
    tab: VIEWS.includes(link.get("tab")) ? link.get("tab") : "overview",
    options: Object.fromEntries(options),
    example: link.get("ex") || null,
    checkpoint: link.get("checkpoint") || null,
  };
}

// The selection, as far as this network has it. `read_selection` judges by the same rules.
function fit(store, { tabs, tasks, scales, heads }) {
  const within = (value, count) => Number.isInteger(value) && value >= 0 && value < count;
  if (!tabs.includes(store.tab)) store.tab = "overview";
  if (!tasks.includes(store.task)) store.task = tasks[0];
  if (!within(store.scale, scales)) store.scale = scales ? scales - 1 : null;
  if (!within(store.head, heads)) store.head = -1;
}

// Back and Forward: what was shown there, as it was.
function restore(store, { key = null, example, checkpoint, ...selection }) {
  clearTimeout(store.remembering);
  Object.assign(store, selection, { hover: null, remembering: null });
  const { photo } = store;
  if (photo.live) fit(store, photo.offers);
  const here = key ? key === photo.key : (!example || example === photo.example) && (!checkpoint || checkpoint === photo.checkpoint);
  if (store.wanted || !here) store.want({ key, example, checkpoint, path: null, quiet: true });
  store.touched = true;
  ["tab", "choice", "pick"].forEach((kind) => store.tell(kind));
}

function inside(value) {
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 0.999999) : 0.5;
}

// The address follows the selection, a moment later: it can be reloaded and sent on. Each entry of the browser's
// history also holds what the address does not say: the key of the photo, which nobody but its visitor may have.
function rememberSoon(store) {
  clearTimeout(store.remembering);
  store.remembering = setTimeout(() => remember(store), 400);
}

function finishRemembering(store) {
  if (store.remembering) remember(store);
}

function remember(store, way = "replaceState") {
  clearTimeout(store.remembering);
  store.remembering = null;
  const { at, task, scale, head, scope, tab, options, photo, wanted } = store;
  const shown = photo.live ? photo : (wanted ?? {});
  const studio = {
    at,
    task,
    scale,
    head,
    scope,
    tab,
    options,
    key: shown.key ?? null,
    example: shown.example ?? null,
    checkpoint: shown.checkpoint ?? null,
  };
  // An address that was opened stays as it was written until something is changed.
  history[way]({ ...history.state, studio }, "", store.touched || way === "pushState" ? store.link(shown) : location.href);
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
    const button = make(
      "button",
      { type: "button", role: "radio", "aria-checked": String(on), tabindex: on ? 0 : -1, "data-value": String(value) },
      text,
    );
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

// Names and shares stand where they fit, see the style sheet.
function shareBar(shares, withNames) {
  const bar = make("div", { class: withNames ? "shares" : "shares small", role: "img" });
  bar.setAttribute("aria-label", shares.map(({ title, share }) => `${title} ${percent(share)}`).join(", "));
  shares.forEach(({ title, colour, share }) => {
    const words = withNames ? [make("b", {}, percent(share)), make("i", {}, title)] : [];
    const part = make(
      "span",
      { style: { background: colour, color: inkOn(colour), width: `${100 * share}%` }, title: `${title} ${percent(share)}` },
      ...words,
    );
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
