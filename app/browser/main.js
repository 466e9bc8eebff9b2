// @ts-check
// The studio in the browser: made once a page. Each part of the page, as Gradio loads it, hands itself over by
// `bridgenetParts.push`; those that were loaded earlier than this module have waited in an array of that name.

/** @import { Part, Studio } from "./types.js" */
import { head } from "./head.js";
import { inspector } from "./inspector.js";
import { onKey } from "./keys.js";
import { lessons } from "./lessons.js";
import { readLink } from "./link.js";
import { createMemory, rememberedDepth, rememberedEntry } from "./memory.js";
import { presenter } from "./present.js";
import { rail } from "./rail.js";
import { createStudio } from "./store.js";
import { viewer } from "./viewer.js";
import { way } from "./way.js";
import { wire } from "./wire.js";
import { openGlossary } from "./words.js";

/** @type {Record<string, (studio: Studio, part: Part<any, any>) => void>} */
const PARTS = { head, inspector, lessons, rail, viewer, way, wire };

const studio = createPage();

/** @returns {Studio} */
function createPage() {
  // Python knows which views there are, and says so where it asks for this module.
  const said = document.querySelector("script[data-tabs]");
  const [tabs, simple] = ["data-tabs", "data-simple"].map((name) => JSON.parse(said?.getAttribute(name) ?? "[]"));
  const read = () => readLink(location.search, tabs, rememberedDepth());
  const opened = { ...read(), key: rememberedEntry()?.key };
  const studio = createStudio(opened, createMemory(), location.origin + location.pathname, simple);
  openGlossary();
  presenter(studio);
  studio.lesson = new URLSearchParams(location.search).get("lesson");
  document.addEventListener("keydown", (event) => onKey(studio, event));
  window.addEventListener("popstate", () => studio.restore(rememberedEntry() ?? read()));
  return (window.bridgenetStudio = studio);
}

/**
 * Bring a part of the page to life. What it shows arrives as text, and is read once.
 *
 * @param {[string, Part<any, any>]} handed - Its name, and what Gradio hands to it.
 */
function mount([name, { props, ...part }]) {
  /** @type {string | null} */
  let text = null;
  /** @type {any} */
  let value = null;
  const read = {
    get value() {
      if (props.value !== text) [text, value] = [props.value, props.value ? JSON.parse(props.value) : null];
      return value;
    },
  };
  PARTS[name](studio, { ...part, props: read });
}

const early = window.bridgenetParts;
window.bridgenetParts = { push: mount };
// Each by itself: one that fails holds up no other.
if (Array.isArray(early)) early.forEach((handed) => queueMicrotask(() => mount(handed)));
