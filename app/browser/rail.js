// @ts-check
// The left side: a place to drop a photo, examples, notes about the photo, tasks, keys.

/** @import { Part, Studio } from "./types.js" */
/** @import { Rail } from "./frame.js" */
import { dot, find, make, renew } from "./dom.js";
import { forgetOwn, ownPhotos, rememberOwn, samePhoto } from "./own.js";
import { regionButtons } from "./region.js";

/**
 * @param {Studio} studio
 * @param {Part<Rail>} part
 */
export function rail(studio, { element, props, watch, upload }) {
  const root = find(element, ".rail", HTMLElement);
  const box = (/** @type {string} */ selector) => find(root, selector, HTMLElement);
  const inputs = [...root.querySelectorAll("input")];
  const drop = box(".drop");
  /** Values from Python are patches: what is not named stays as it was. @type {Rail & { busy?: boolean }} */
  const known = {};
  /** The file that is on its way. @type {symbol | null} */
  let sending = null;

  watch("value", draw);
  studio.subscribe((kind) => {
    if (kind === "choice" || kind === "photo") drawChoices();
    if (kind === "photo") rememberOwn(studio.photo).then(drawOwn);
    if (kind === "settled") patch({ busy: false, ...(studio.photo.live ? { chosen: studio.photo.example } : {}) });
    if (kind === "refused" && studio.refused?.kind === "show") patch({ error: studio.refused.words, busy: false });
  });
  for (const input of inputs) {
    input.addEventListener("change", () => {
      send(input.files?.[0]);
      input.value = "";
    });
  }
  for (const kind of /** @type {const} */ (["dragenter", "dragover", "dragleave", "drop"])) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop") send(event.dataTransfer.files[0]);
    });
  }
  document.addEventListener("paste", (event) => send(event.clipboardData?.files[0], "Pasted photo"));
  const drawRegion = regionButtons(studio, box(".region"));
  draw();
  drawOwn();

  /**
   * @param {File | undefined} file
   * @param {string} [title] - Instead of the file's name.
   */
  async function send(file, title = file?.name) {
    if (!file) return;
    const refused = refusal(file, known.limit ?? 20);
    if (refused) return patch({ error: refused, notes: [] });
    patch({ error: "", notes: [], busy: true });
    const mine = (sending = Symbol("sending"));
    try {
      const stored = await upload(new File([file], uniqueName(file.name), { type: file.type }));
      // Meanwhile something else was chosen.
      if (mine === sending) studio.want({ path: stored.path, name: title });
    } catch {
      patch({ error: "The photo did not reach the studio. Is it still running? Drop it again to retry.", busy: false });
    }
  }

  /** @param {Rail & { busy?: boolean }} changes */
  function patch(changes) {
    Object.assign(known, changes);
    redraw();
  }

  function draw() {
    if (!props.value) return;
    Object.assign(known, { busy: false }, props.value);
    if (props.value.gone) forgetOwn(props.value.gone);
    Object.assign(studio, { tasks: known.tasks ?? [], heads: known.heads ?? 0 });
    redraw();
  }

  function redraw() {
    drop.classList.toggle("busy", Boolean(known.busy));
    box(".limit").textContent = known.busy ? "Sending…" : `PNG, JPEG, WebP · up to ${known.limit} MB`;
    box(".error").textContent = known.error ?? "";
    box(".error").hidden = !known.error;
    box(".notes").replaceChildren(...(known.notes ?? []).map((note) => make("p", {}, note)));
    drawExamples();
    drawOwn();
    drawChoices();
    root.dataset.state = known.busy ? "busy" : "ready";
  }

  function drawExamples() {
    const buttons = (known.examples ?? []).map(({ id, name, thumb }) => {
      const look = { ...pressed(id === known.chosen), title: name, "data-testid": `example-${id}` };
      const button = make("button", look, make("img", { src: thumb, alt: name }));
      button.addEventListener("click", () => {
        sending = null;
        patch({ chosen: id, error: "", busy: false });
        studio.want({ example: id });
      });
      return button;
    });
    renew(box(".examples .thumbs"), ...buttons);
  }

  function drawOwn() {
    const { key, live } = studio.photo;
    const buttons = ownPhotos().map((own) => {
      const on = Boolean(live) && samePhoto(own.key, key);
      const look = { ...pressed(on), title: own.title, "aria-label": own.title, "data-testid": "own-photo" };
      const button = make("button", look, make("img", { src: own.thumb, alt: "" }), make("span", {}, own.title));
      button.addEventListener("click", () => {
        sending = null;
        patch({ chosen: null, error: "", busy: false });
        studio.want({ key: own.key });
      });
      return button;
    });
    box(".own").hidden = !buttons.length;
    renew(box(".own .thumbs"), ...buttons);
  }

  function drawChoices() {
    const { tasks = [] } = known;
    const buttons = tasks.map(({ name, title, colour }, index) => {
      const look = { ...pressed(name === (studio.task ?? tasks[0].name)), "data-testid": `task-${name}` };
      const button = make("button", look, dot(colour), title, make("kbd", {}, String(index + 1)));
      button.addEventListener("click", () => studio.choose({ task: name }));
      return make("div", { class: name === studio.cut ? "cut" : "" }, button, known.cuttable ? cutter(name, title) : null);
    });
    renew(box(".tasks"), ...buttons);
    drawRegion();
    box(".last-task").textContent = String(known.tasks?.length ?? 6);
  }

  /**
   * @param {string} name - Of a task.
   * @param {string} title
   */
  function cutter(name, title) {
    const words = `No other task reads ${title}: see the network without it`;
    const look = { ...pressed(name === studio.cut), title: words, "aria-label": words, "data-testid": `cut-${name}` };
    const button = make("button", look, "cut");
    button.addEventListener("click", () => studio.choose({ cut: studio.cut === name ? null : name }));
    return button;
  }
}

/** @param {boolean} on */
function pressed(on) {
  return { type: "button", class: on ? "on" : "", "aria-pressed": String(on) };
}

/**
 * Why a file is not sent; nothing where it is.
 *
 * @param {File} file
 * @param {number} limit - Megabytes.
 */
function refusal({ size }, limit) {
  if (size === 0) return "This file is empty.";
  if (size <= limit * 1e6) return "";
  const large = `This file has ${(size / 1e6).toFixed(1)} MB, more than the ${limit} MB that the studio takes.`;
  return `${large} Export it smaller and drop it again.`;
}

/**
 * A name of its own: two visitors with the same photo must not delete each other's.
 *
 * @param {string} name
 */
function uniqueName(name) {
  const kind = (name.split(".").pop() ?? "").replace(/\W/g, "").slice(0, 8);
  return `${crypto.getRandomValues(new Uint32Array(4)).join("")}.${kind}`;
}
