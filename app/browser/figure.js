// @ts-check
// The network as the paper's overview figure: a button for every place of it, lines between them as wide as what is read
// at the pixel. It is one stop of the Tab key; arrow keys move inside.

/** @import { Studio } from "./types.js" */
/** @import { Figure, FigureLink, FigureNode } from "./frame.js" */
/** @import { Layout } from "./layout.js" */
import { drawn, targetOf } from "./dom.js";
import { layOut } from "./layout.js";

/** Pixels of a line through which all is read. */
const WHOLE = 12;

/**
 * @param {Studio} studio
 * @param {HTMLElement} box
 * @param {(node: FigureNode | null) => void} tell - What is pointed at, by pointer or keyboard.
 * @param {(tab: string) => void} leave - The arrow keys leave the figure for the label of a view.
 */
export function createFigure(studio, box, tell, leave) {
  /** @type {Figure | null} */
  let figure = null;
  /** @type {Layout | null} */
  let layout = null;
  /** As the figure has links. @type {SVGPathElement[]} */
  let lines = [];
  /** Nodes that a step of the way is about. @type {string[]} */
  let walked = [];
  /** The node that the Tab key leads to. */
  let stop = "";

  box.addEventListener("click", (event) => open(nodeOf(event)));
  box.addEventListener("keydown", walk);
  box.addEventListener("pointerover", (event) => tell(nodeOf(event)));
  box.addEventListener("pointerleave", () => tell(nodeOf({ target: document.activeElement })));
  box.addEventListener("focusin", (event) => {
    const node = nodeOf(event);
    if (node) setStop(node.id);
    tell(node);
  });
  box.addEventListener("focusout", () => tell(null));

  /**
   * @param {Figure} shown
   * @param {number} room - Pixels from left to right.
   * @param {number} height
   */
  function draw(shown, room, height) {
    const focused = document.activeElement instanceof SVGElement && box.contains(document.activeElement);
    figure = shown;
    layout = layOut(shown, room, height);
    const { width } = layout;
    const colours = new Map(shown.lanes.map(({ name, colour }) => [name, colour]));
    lines = shown.links.map((link) => line(link, colours.get(link.task ?? "")));
    const places = shown.nodes.map((node) => place(node, colours.get(shown.lanes[node.place === "lane" ? (node.index ?? 0) : -1]?.name)));
    const words = Object.entries(shown.scales).map(([column, text]) => {
      const x = layout?.middle(Number(column), Number(column)) ?? 0;
      return drawn("text", { class: "scale", x, y: height - 2 }, text);
    });
    const names = layout.named ? shown.lanes.flatMap((lane) => name(lane)) : [];
    const size = { width, height, viewBox: `0 0 ${width} ${height}` };
    const parts = [drawn("defs", {}, arrow()), drawn("g", { class: "lines" }, ...lines), ...places, ...words, ...names];
    box.replaceChildren(drawn("svg", size, ...parts));
    mark();
    widen();
    point();
    if (!shown.nodes.some(({ id }) => id === stop)) stop = shown.nodes[0]?.id ?? "";
    setStop(stop);
    if (focused) element(stop)?.focus();
    return layout;
  }

  /**
   * @param {FigureLink} link
   * @param {string | undefined} colour
   */
  function line(link, colour) {
    const look = { class: `line ${link.kind}`, "data-link": `${link.source}>${link.target}`, style: { "--task": colour ?? "var(--edge)" } };
    // In TPP lanes cross; where tasks meet pair by pair, an arrow says who gets.
    const target = figure?.nodes.find(({ id }) => id === link.target);
    const apart = link.kind === "read" && target?.place === "lane" && target.about !== "after";
    return drawn("path", { ...look, d: layout?.path(link), "marker-end": apart ? "url(#figure-arrow)" : null });
  }

  /**
   * @param {FigureNode} node
   * @param {string | undefined} colour
   */
  function place(node, colour) {
    const { x, y, width, height } = layout?.boxes.get(node.id) ?? { x: 0, y: 0, width: 0, height: 0 };
    const [left, top] = [x - width / 2, y - height / 2];
    const reach = node.place === "lane" ? (layout?.pitch ?? height) : height + 4;
    const box = { x: left, y: top, width, height, rx: node.place === "hub" ? 6 : 3 };
    const hit = { class: "hit", x: x - Math.max(width / 2, 11), y: y - reach / 2, width: Math.max(width, 22), height: reach };
    const picture = node.picture ? drawn("image", { ...box, href: node.picture, preserveAspectRatio: "none" }) : null;
    const words = `${node.title}. ${figure?.sentences[node.about] ?? ""}`;
    const states = { role: "button", tabindex: -1, "data-node": node.id, "aria-label": words };
    const look = { class: `node ${node.place}`, style: { "--task": colour ?? "var(--edge)" } };
    const [ground, frame] = ["ground", "frame"].map((name) => drawn("rect", { class: name, ...box }));
    return drawn("g", { ...look, ...states }, drawn("rect", hit), ground, picture, frame);
  }

  // Beside the last place of a lane.
  /** @param {import("./frame.js").Lane} lane */
  function name(lane) {
    const last = figure?.nodes.filter((node) => node.task === lane.name && node.place === "lane").at(-1);
    const at = last && layout?.boxes.get(last.id);
    return at ? [drawn("text", { class: "name", x: at.x + at.width / 2 + 7, y: at.y + 4 }, lane.short)] : [];
  }

  // Nodes of the view that is looked at, and among them those of what is chosen.
  function mark() {
    figure?.links.forEach(({ kind, task }, index) => {
      lines[index].classList.toggle("off", kind === "read" && task === studio.cut);
    });
    for (const node of figure?.nodes ?? []) {
      const [on, here] = [node.tab === studio.tab, isChosen(studio, node)];
      const button = element(node.id);
      button?.classList.toggle("on", on);
      button?.classList.toggle("here", on && here);
      if (on && here) button?.setAttribute("aria-current", "true");
      else button?.removeAttribute("aria-current");
    }
  }

  // How much of everybody is read at the pixel, as far as that is known.
  function widen() {
    if (!figure) return;
    const reads = studio.inspected?.reads ?? {};
    const even = 1 / figure.lanes.length;
    /** What has arrived at a node so far, in pixels. @type {Map<string, number>} */
    const arrived = new Map();
    const whole = new Map(figure.links.map(({ target }) => [target, 0]));
    const shares = figure.links.map((link) => (link.kind === "read" ? (reads[`${link.source}>${link.target}`] ?? even) : 0));
    figure.links.forEach(({ target }, index) => whole.set(target, (whole.get(target) ?? 0) + WHOLE * shares[index]));
    figure.links.forEach((link, index) => {
      if (link.kind !== "read") return;
      const path = lines[index];
      const [width, before] = [WHOLE * shares[index], arrived.get(link.target) ?? 0];
      arrived.set(link.target, before + width);
      path.setAttribute("stroke-width", width.toFixed(2));
      path.setAttribute("data-share", shares[index].toFixed(4));
      // Into a hub, lines arrive one beside the other.
      const hub = figure?.nodes.find(({ id }) => id === link.target)?.place === "hub";
      if (hub) path.setAttribute("d", layout?.path(link, before + width / 2 - (whole.get(link.target) ?? 0) / 2) ?? "");
    });
  }

  /** @param {FigureNode | null} node */
  function open(node) {
    if (!node) return;
    const { tab, task, scale, options } = node;
    studio.show(tab);
    const changes = { ...(task ? { task } : {}), ...(scale === undefined ? {} : { scale }) };
    if (task || scale !== undefined || options) studio.choose({ ...changes, options: { ...studio.options, ...options } });
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const node = nodeOf(event);
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") open(node);
    else if (event.key.startsWith("Arrow")) step(node, event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {FigureNode} node
   * @param {string} key
   */
  function step(node, key) {
    const y = (/** @type {FigureNode} */ one) => layout?.boxes.get(one.id)?.y ?? 0;
    const across = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const all = figure?.nodes ?? [];
    const among = all.filter(({ column }) => column === node.column + (across ?? 0));
    if (across) {
      const nearest = among.sort((one, other) => Math.abs(y(one) - y(node)) - Math.abs(y(other) - y(node)))[0];
      if (nearest) element(nearest.id)?.focus();
      return;
    }
    const beyond = among.filter((one) => (key === "ArrowUp" ? y(one) < y(node) : y(one) > y(node)));
    const next = beyond.sort((one, other) => Math.abs(y(one) - y(node)) - Math.abs(y(other) - y(node)))[0];
    if (next) element(next.id)?.focus();
    else if (key === "ArrowDown") leave(node.tab);
  }

  /** @param {string[]} ids - Nodes that a step of the way is about, in which the pixel is shown; none: all are as they were. */
  function point(ids = walked) {
    if (!ids.length && !walked.length) return;
    walked = ids;
    box.classList.toggle("walked", ids.length > 0);
    box.querySelectorAll(".pixel").forEach((one) => one.remove());
    figure?.links.forEach(({ target }, index) => lines[index].classList.toggle("step", ids.includes(target)));
    for (const { id } of figure?.nodes ?? []) {
      const [there, at] = [ids.includes(id), layout?.boxes.get(id)];
      element(id)?.classList.toggle("step", there);
      if (!there || !at) continue;
      const [cx, cy] = [at.x + (studio.at.x - 0.5) * at.width, at.y + (studio.at.y - 0.5) * at.height];
      element(id)?.append(drawn("circle", { class: "pixel", cx, cy, r: 2.6 }));
    }
  }

  /** @param {string} id */
  function setStop(id) {
    element(stop)?.setAttribute("tabindex", "-1");
    stop = id;
    element(stop)?.setAttribute("tabindex", "0");
  }

  /** @param {string} id */
  function element(id) {
    const found = box.querySelector(`[data-node="${CSS.escape(id)}"]`);
    return found instanceof SVGElement ? found : null;
  }

  /** @param {{ target: EventTarget | null }} event */
  function nodeOf(event) {
    const id = targetOf(/** @type {Event} */ (event))?.closest("[data-node]")?.getAttribute("data-node");
    return figure?.nodes.find((node) => node.id === id) ?? null;
  }

  return {
    draw,
    mark,
    widen,

    /**
     * The first node of a view, for who comes from its label.
     *
     * @param {string} tab
     */
    enter(tab) {
      const node = figure?.nodes.find((one) => one.tab === tab && isChosen(studio, one)) ?? figure?.nodes.find((one) => one.tab === tab);
      if (node) element(node.id)?.focus();
    },

    point,
  };
}

// At the end of what one task reads of another by itself; as large as it is whatever the width of the line.
function arrow() {
  const head = drawn("path", { d: "M0 0L6 3L0 6Z", fill: "context-stroke" });
  const size = { markerWidth: 5, markerHeight: 5, refX: 6, refY: 3, viewBox: "0 0 6 6", markerUnits: "userSpaceOnUse", orient: "auto" };
  return drawn("marker", { id: "figure-arrow", ...size }, head);
}

/**
 * Whether task, scale and options are those that a node stands for.
 *
 * @param {Studio} studio
 * @param {FigureNode} node
 */
function isChosen(studio, { place, task, scale, options = {} }) {
  // A map of the backbone without a scale of the decoder is that of none.
  if (place === "map" && scale === undefined) return false;
  const alike = Object.entries(options).every(([name, value]) => (studio.options[name] ?? value) === value);
  return alike && (!task || task === studio.task) && (scale === undefined || scale === studio.scale);
}
