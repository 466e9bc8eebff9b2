// @ts-check
// A view: words, tools, and groups of maps, matrices, lines and bars. The DOM is built once per layout; later values
// only change pictures and words, so that cross-hair and keyboard focus stay where they are.

/** @import { Large } from "./large.js" */
/** @import { Part, Studio } from "./types.js" */
/** @import { Group, Map as MapView, Place, View } from "./view.js" */
import { TAKE, find, make, parsed, refill, renew, targetOf } from "./dom.js";
import { createDrawing } from "./drawing.js";
import { createLegend } from "./legend.js";
import { createMap } from "./map.js";
import { toolRow } from "./tools.js";
import { dotted, spoken } from "./words.js";

/**
 * @param {Studio} studio
 * @param {Part<View>} part
 */
export function viewer(studio, { element, props, watch }) {
  const root = find(element, "[data-viewer]", HTMLElement);
  const name = root.dataset.viewer ?? "";
  const [say, caution, hint, bar] = [".say", ".caution", ".hint", ".bar"].map((selector) => find(root, selector, HTMLElement));
  const groups = find(root, ".groups", HTMLElement);
  const drawTools = toolRow(studio, find(root, ".tools", HTMLElement));
  const pending = pendingLine(find(root, ".pending", HTMLElement));
  /** @type {Map<string, ReturnType<typeof createMap>>} */
  const maps = new Map();
  const alone = createLegend(() => [...maps.values(), large]);
  /** Pictures by the name that Python gives them: what is held is not sent again. @type {Map<string, MapView>} */
  let pictures = new Map();
  /** What Python has drawn, by where it is. @type {WeakMap<Element, string>} */
  const charts = new WeakMap();
  /** @type {string | null} */
  let layout = null;
  /** @type {View} */
  let latest = {};
  /** Where the last click was. @type {Element | null} */
  let clicked = null;
  /** The map that lies over the page. @type {Large | null} */
  let large = null;

  const drawing = createDrawing(name, studio, {
    fill,
    hide: (absent) => (root.hidden = absent),
    pend: pending.show,
    mark: (state) => (root.dataset.state = state),
  });

  watch("value", () => drawing.take(props.value));
  studio.subscribe((kind) => {
    if (kind === "answer") drawing.take(/** @type {View | undefined} */ (studio.answer?.[name]));
    if (kind === "photo") takePhoto();
    if (kind === "choice") maps.forEach((map) => map.markTask());
    if (kind === "tab") large?.close();
    // What nobody sees follows when it is shown.
    if (studio.tab !== name) return;
    if (["choice", "inspected", "photo", "tab"].includes(kind)) [...maps.values(), large].forEach((map) => map?.drawRegion());
    if (["hover", "pick", "photo", "tab"].includes(kind)) [...maps.values(), large].forEach((map) => map?.moveCross());
    if (kind === "ask" && studio.asked?.event === "run" && !studio.asked.tab) drawing.begin();
    if (kind === "waiting") drawing.wait(studio.waiting);
  });
  root.addEventListener("pointermove", (event) => studio.point(placeOf(event)));
  root.addEventListener("pointerleave", () => studio.point(null));
  groups.addEventListener("click", (event) => {
    const key = targetOf(event)?.closest("[data-value]")?.getAttribute("data-value");
    const group = targetOf(event)?.closest("[data-option]")?.getAttribute("data-option");
    if (key && group) studio.option(group, key);
  });
  root.addEventListener("click", (event) => {
    const target = targetOf(event);
    if (target?.matches(".enlarge")) enlarge(target);
    const place = placeOf(event);
    if (!place) return;
    if (!large) clicked = target;
    root.focus({ preventScroll: true });
    studio.pick(place);
  });
  root.addEventListener("dblclick", (event) => {
    if (placeOf(event)) enlarge(targetOf(event));
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== root) return;
    enlarge(clicked?.isConnected ? clicked : groups.querySelector(".card.on .map") ?? groups.querySelector(".map"));
  });
  pending.button.addEventListener("click", drawing.press);
  drawing.take(props.value);
  // Where the sentence stands beside the figure, there is to be room for all of it.
  new ResizeObserver(() => {
    if (say.offsetHeight) document.documentElement.style.setProperty("--said", `${say.offsetHeight}px`);
  }).observe(say);

  function takePhoto() {
    alone.clear();
    drawing.forget();
    drawing.take(props.value);
    [...maps.values(), large].forEach((map) => map?.drawPhoto());
  }

  /** @param {Element | null} inside - What the card of a map holds. */
  async function enlarge(inside) {
    const { openLarge } = await import("./large.js");
    const map = mapsOf(latest).find(({ id }) => id === inside?.closest(".card")?.querySelector(".map")?.getAttribute("data-map"));
    if (map && !large) large = openLarge(studio, root, map, latest, alone, () => (large = null));
  }

  /** @param {View} value */
  function fill(value) {
    const parts = value.groups ?? [];
    for (const group of parts) if (group.maps) group.maps = group.maps.map(whole);
    const held = mapsOf(value).flatMap((map) => (map.hash ? [[map.hash, map]] : []));
    pictures = new Map(/** @type {[string, MapView][]} */ (held));
    studio.held[name] = [...pictures.keys()];
    root.dataset.key = value.key;
    if (value.heads !== undefined) studio.heads = value.heads;
    fillWords(value);
    // Until there is something new to see, what was there stays, dimmed: the page does not jump.
    const stays = Boolean(value.pending && !parts.length && layout && groups.childElementCount);
    groups.classList.toggle("old", stays);
    const wanted = stays ? layout : JSON.stringify(parts.map(layoutOf));
    if (wanted !== layout) build(parts);
    layout = wanted;
    parts.forEach((group, index) => fillGroup(find(groups, `[data-group="${index}"]`, HTMLElement), group, value));
    if (!stays) fillLarge(value);
    // No legend names what is kept any more: nothing could let it go.
    if (!groups.querySelector('.entry[aria-pressed="true"]')) alone.clear();
    [...maps.values(), large].forEach((map) => {
      map?.markTask();
      map?.moveCross();
    });
  }

  /** @param {View} value */
  function fillLarge(value) {
    latest = value;
    const map = mapsOf(value).find(({ id }) => id === large?.id);
    if (map) large?.fill(map, value);
    else large?.close();
  }

  /**
   * A map with the pictures that were sent earlier.
   *
   * @param {MapView} map
   * @returns {MapView}
   */
  function whole(map) {
    const known = map.src || map.values || map.mesh || !map.hash ? null : pictures.get(map.hash);
    if (!known) return map;
    const { src, values, wipe, disc, mesh } = known;
    return { ...map, src, values, wipe, disc, mesh };
  }

  /** @param {View} value */
  function fillWords(value) {
    refill(say, ...spoken(value.say ?? []));
    refill(hint, ...dotted(value.hint ?? ""));
    refill(caution, value.caution ?? "");
    caution.hidden = !value.caution;
    drawTools(value.tools ?? []);
    refill(bar, ...parsed(value.shares ?? ""));
  }

  /** @param {Group[]} parts */
  function build(parts) {
    maps.clear();
    groups.replaceChildren(
      ...parts.map((group, index) => {
        const heading = group.title ? make("h3") : null;
        const take = group.chart && heading ? make("button", { type: "button", class: "card-act take", title: TAKE }, "⤓") : null;
        const head = make("div", { class: "group-head" }, heading, make("span", { class: "group-text" }), take);
        const columns = group.maps ? (group.columns ?? 3) : 3;
        const kind = group.chart ? "chart" : group.dense ? "grid many dense" : columns > 3 ? "grid many" : "grid";
        const body = make("div", { class: kind, style: { "--columns": columns } });
        group.maps?.forEach((first) => {
          const map = createMap(studio, first, alone);
          maps.set(first.id, map);
          body.append(map.card);
        });
        const named = { "data-testid": group.id ? `group-${group.id}` : null, "data-group": index, "data-expert": group.expert };
        const look = { class: group.title ? "group" : "group bare", style: { "--span": group.span ?? 12 } };
        return make("section", { ...named, ...look }, head, body);
      }),
    );
  }

  /**
   * @param {HTMLElement} box
   * @param {Group} group
   * @param {View} value
   */
  function fillGroup(box, group, value) {
    fillHead(find(box, ".group-head", HTMLElement), group);
    group.maps?.forEach((map) => maps.get(map.id)?.fill(map, value));
    if (!group.chart) return;
    const chart = find(box, ".chart", HTMLElement);
    chart.dataset.option = group.option ?? "";
    if (charts.get(chart) === group.chart) return;
    charts.set(chart, group.chart);
    const focused = document.activeElement;
    const held = focused instanceof HTMLElement && box.contains(focused) ? focused.dataset.value : undefined;
    renew(chart, ...parsed(group.chart));
    const again = held && box.querySelector(`[data-value="${CSS.escape(held)}"]`);
    if (again instanceof HTMLElement && again !== document.activeElement) again.focus();
  }
}

/**
 * @param {HTMLElement} head
 * @param {Group} group
 */
function fillHead(head, { id, title, text }) {
  const [heading, words, take] = ["h3", ".group-text", ".take"].map((selector) => head.querySelector(selector));
  if (heading) refill(heading, title ?? "");
  if (words) refill(words, ...dotted(text ?? ""));
  take?.setAttribute("data-take", id ?? title ?? "");
  take?.setAttribute("aria-label", `${TAKE}: ${title}`);
}

/** @param {View} view */
function mapsOf({ groups }) {
  return (groups ?? []).flatMap((group) => group.maps ?? []);
}

/**
 * What the DOM of a group depends on.
 *
 * @param {Group} group
 */
function layoutOf({ id, chart, span, title, columns, maps }) {
  return [id, Boolean(chart), span, Boolean(title), columns, maps?.map((map) => [map.id, Boolean(map.wipe), map.threshold, map.blend])];
}

/**
 * What is still to be computed, and how far it is.
 *
 * @param {HTMLElement} line
 */
function pendingLine(line) {
  const [words, button] = [find(line, "p", HTMLElement), find(line, "button", HTMLButtonElement)];
  const bar = find(line, "progress", HTMLProgressElement);
  /** @param {import("./drawing.js").Pending} pending */
  function show({ words: text, progress, busy }) {
    line.hidden = !text;
    words.textContent = text;
    bar.hidden = !busy;
    button.textContent = busy ? "Cancel" : "Compute";
    if (progress) [bar.value, bar.max] = progress;
    else bar.removeAttribute("value");
  }
  return { button, show };
}

/**
 * The place in the photo that the pointer is at; null beside all maps and on what is moved by hand.
 *
 * @param {MouseEvent} event
 * @returns {Place | null}
 */
function placeOf(event) {
  const target = targetOf(event);
  const frame = target?.closest(".map");
  if (!frame || target?.matches("input")) return null;
  const box = frame.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
}
