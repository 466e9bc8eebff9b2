// @ts-check
// Head of the page: the checkpoint, the tour, the link, and one quiet line about what is going on.

/** @import { Depth, HeadServer, Part, Studio } from "./types.js" */
/** @import { Head } from "./frame.js" */
import { find, make, renew } from "./dom.js";
import { downloads } from "./download.js";
import { rememberDepth } from "./memory.js";
import { segments } from "./segments.js";

/** @type {{ value: Depth, text: string }[]} */
const DEPTHS = [
  { value: "simple", text: "Simple" },
  { value: "expert", text: "Expert" },
];
const UNKNOWN = "See the address bar";

/**
 * @param {Studio} studio
 * @param {Part<Head, HeadServer>} part
 */
export function head(studio, { element, props, watch, server }) {
  const root = find(element, "[data-testid=head]", HTMLElement);
  const [chip, banner] = [find(root, ".chip", HTMLElement), find(root, ".banner", HTMLElement)];
  const others = find(root, ".others", HTMLSelectElement);
  const copy = find(root, "[data-action=link]", HTMLButtonElement);
  /** Values from Python are patches. @type {Head} */
  const known = {};

  watch("value", draw);
  studio.subscribe((kind) => {
    if (kind === "settled") drawOthers();
    if (kind === "choice" || kind === "tab") drawDepth();
    if (kind === "banner") drawBanner(studio.banner);
    if (kind === "answer" && studio.answer?.head) drawBanner(studio.answer.head);
  });
  const tour = find(root, "[data-action=tour]", HTMLButtonElement);
  tour.addEventListener("click", () => import("./tour.js").then(({ openTour }) => openTour(studio, tour)));
  copy.addEventListener("click", copyLink);
  others.addEventListener("change", () => studio.want({ checkpoint: others.value }));
  drawDepth();
  downloads(studio, find(root, ".menu", HTMLDetailsElement), find(root, "[data-action=stop]", HTMLButtonElement), server);
  draw();

  function draw() {
    if (!props.value) return;
    Object.assign(known, props.value);
    if (known.title !== undefined) drawChip(known.title);
    drawBanner({});
    root.dataset.state = "ready";
    if (known.network) root.dataset.network = known.network;
  }

  /** @param {Head} changes */
  function drawBanner(changes) {
    Object.assign(known, changes);
    banner.textContent = known.banner ?? "";
    banner.dataset.kind = known.kind ?? "";
    banner.hidden = !known.banner;
  }

  /** @param {string} title */
  function drawChip(title) {
    chip.replaceChildren(make("b", {}, title), known.facts ? ` · ${known.facts.map(together).join(" · ")}` : "");
    chip.title = chip.textContent ?? "";
    drawOthers();
  }

  // The menu stands at what was chosen last, and goes back where that could not be opened.
  function drawOthers() {
    const names = known.checkpoints ?? [];
    others.hidden = names.length < 2;
    others.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
    others.value = (studio.photo.live && studio.wanted?.checkpoint) || known.title || "";
  }

  // Style sheets hide what is only for who asks for everything.
  function drawDepth() {
    document.documentElement.dataset.depth = studio.depth;
    const choose = (/** @type {Depth} */ depth) => {
      rememberDepth(depth);
      studio.deepen(depth);
    };
    renew(find(root, ".depth", HTMLElement), segments("How much is shown", DEPTHS, studio.depth, choose));
  }

  async function copyLink() {
    const words = (studio.wanted ?? studio.photo).example ? "Copied" : "Copied, without your photo";
    // Pages from another machine have no clipboard unless they come encrypted.
    const copied = navigator.clipboard?.writeText(studio.link()).then(
      () => words,
      () => UNKNOWN,
    );
    copy.textContent = (await copied) ?? UNKNOWN;
    setTimeout(() => {
      copy.textContent = "Copy link";
    }, 1800);
  }
}

/**
 * A fact whose number stays with its unit where the line ends.
 *
 * @param {string} fact
 */
function together(fact) {
  return fact.replaceAll(" ", "\u00a0");
}
