// @ts-check
// The download menu. How a thing is taken along, `taking.js` knows.

/** @import { Banner, HeadServer, Studio } from "./types.js" */
import { find, targetOf } from "./dom.js";

/** @type {Record<string, string>} */
const WORDS = {
  zip: "Packing numbers and pictures …",
  report: "Writing the report …",
  slides: "Writing the slides …",
  picture: "Drawing the view …",
  card: "Drawing the picture …",
  sweep: "Turning the bridge's strength …",
  room: "Building the room …",
};

/**
 * @param {Studio} studio
 * @param {HTMLDetailsElement} menu
 * @param {HTMLButtonElement} stop
 * @param {HeadServer} server
 */
export function downloads(studio, menu, stop, server) {
  document.addEventListener("click", (event) => {
    const button = targetOf(event)?.closest("[data-download], [data-take]");
    if (!(button instanceof HTMLElement)) return;
    const { download, take: card, form } = button.dataset;
    if (download) take({ what: download });
    else if (form) take({ what: "card", card, form });
    else import("./forms.js").then(({ openForms }) => openForms(button));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    find(menu, "summary", HTMLElement).focus();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  find(menu, "[data-action=api]", HTMLElement).addEventListener("click", () => {
    menu.open = false;
    openApi();
  });
  // Asked for by the address alone, Gradio's page does not open.
  if (new URLSearchParams(location.search).get("view") === "api") setTimeout(openApi, 1000);

  // What not every network can be asked for.
  studio.subscribe((kind) => {
    if (kind === "photo") find(menu, "[data-download=sweep]", HTMLElement).hidden = !studio.photo.offers?.tabs.includes("refinement");
  });

  /** @param {{ what: string, card?: string, form?: string }} asked */
  async function take(asked) {
    menu.open = false;
    if (menu.dataset.busy) return;
    menu.dataset.busy = "yes";
    tell(WORDS[asked.what], "busy");
    try {
      const { takeAlong } = await import("./taking.js");
      await takeAlong(studio, server, asked, (words) => tell(words, "busy"), stop);
      tell("");
    } catch (problem) {
      tell(problem instanceof Error ? problem.message : String(problem), "alarm");
    } finally {
      delete menu.dataset.busy;
    }
  }

  /**
   * @param {string} banner
   * @param {Banner["kind"]} [kind]
   */
  function tell(banner, kind = "") {
    studio.set("banner", { banner: { banner, kind } });
  }
}

/** Gradio's own page about the endpoints. Its button stands in the footer, which is hidden; the first click may only close it. */
async function openApi() {
  const shown = () => document.querySelector(".api-docs");
  for (let tries = 0; tries < 3 && !shown(); tries++) {
    const button = document.querySelector("footer .show-api");
    if (button instanceof HTMLElement) button.click();
    for (let waited = 0; waited < 40 && !shown(); waited++) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
