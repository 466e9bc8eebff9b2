// @ts-check
// The download menu. What is taken along comes in the answer of the studio and becomes a file here: nothing stays there.

/** @import { Banner, HeadServer, Studio } from "./types.js" */
import { find, make, targetOf } from "./dom.js";

/** Twice what is seen, for slides and print. */
const SHARP = 2;
const WIDE = 1120;
/** @type {Record<string, string>} */
const WORDS = {
  zip: "Packing numbers and pictures …",
  report: "Writing the report …",
  picture: "Drawing the view …",
  room: "Building the room …",
};

/**
 * @param {Studio} studio
 * @param {HTMLDetailsElement} menu
 * @param {HeadServer} server
 */
export function downloads(studio, menu, server) {
  document.addEventListener("click", (event) => {
    const button = targetOf(event)?.closest("[data-download]");
    const what = button?.getAttribute("data-download");
    if (what) takeAlong(what);
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

  /** @param {string} what */
  async function takeAlong(what) {
    menu.open = false;
    if (menu.dataset.busy) return;
    menu.dataset.busy = "yes";
    tell(WORDS[what], "busy");
    try {
      await studio.settled();
      if (!studio.photo.live) throw new Error("No network could be opened, so there is nothing to take along. Choose another checkpoint.");
      const made = await server.take_along({ ...studio.selection(), what, key: studio.photo.key, link: studio.link(studio.photo) });
      if (!made) throw new Error("The studio does not answer. Is it still running?");
      if (made.problem) throw new Error(made.problem);
      offer(made.name ?? "bridgenet", made.html ? await pictureOf(made.html) : new Blob([bytesOf(made.data ?? "")], { type: made.type }));
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

/**
 * @param {string} name
 * @param {Blob} blob
 */
function offer(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** @param {string} base64 */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * Lays still HTML out unseen, draws it through an SVG, and reads the pixels back.
 *
 * @param {string} html
 * @returns {Promise<Blob>}
 */
async function pictureOf(html) {
  const style = { position: "fixed", left: "-9999px", width: `${WIDE}px`, height: "10px", border: "0" };
  const place = make("iframe", { "aria-hidden": "true", tabindex: -1, style });
  document.body.append(place);
  try {
    const body = place.contentDocument?.body;
    if (!body) throw new Error("no document");
    body.style.margin = "0";
    body.innerHTML = html;
    const sheet = body.firstElementChild;
    if (!sheet) throw new Error("empty");
    const [room, seen] = [sheet.querySelector("img[data-room]"), document.querySelector(".mesh canvas")];
    if (room && seen instanceof HTMLCanvasElement) room.setAttribute("src", seen.toDataURL());
    await Promise.all([...sheet.querySelectorAll("img")].map((picture) => picture.decode().catch(() => null)));
    return await rasterised(new XMLSerializer().serializeToString(sheet), Math.ceil(sheet.getBoundingClientRect().height));
  } catch {
    throw new Error("This browser could not draw the view. Take the report instead: it holds the same pictures.");
  } finally {
    place.remove();
  }
}

/**
 * @param {string} text - XML of the sheet.
 * @param {number} height - Pixels.
 * @returns {Promise<Blob>}
 */
async function rasterised(text, height) {
  const size = `width="${SHARP * WIDE}" height="${SHARP * height}" viewBox="0 0 ${WIDE} ${height}"`;
  const page = `<foreignObject width="${WIDE}" height="${height}">${text}</foreignObject>`;
  const source = `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${page}</svg>`;
  const picture = Object.assign(new Image(), { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}` });
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: SHARP * WIDE, height: SHARP * height });
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("empty");
  return blob;
}
