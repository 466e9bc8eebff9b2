// What crosses between the modules, and what Python and the page tell each other beside the views (`view.d.ts`).

import type { Head, Photo, PlaceInLine, Taken, Task } from "./frame.js";
import type { Inspector, Place, Revealed, Setting, View } from "./view.js";

// ---------------------------------------------------------------- the selection

/** How much the page shows: what a first visit needs, or everything. */
export type Depth = "simple" | "expert";
export type Scope = "map" | "tab" | "all";
/** Options of single views that were changed, by `view.name`. */
export type Options = Record<string, Setting>;

/** What is selected, by the names of `app/analysis/selection.py`. */
export interface Selection {
  at: Place;
  task: string | null;
  /** Stage of the decoder, counted from the coarsest. */
  scale: number | null;
  /** -1 is the mean of all heads. */
  head: number;
  scope: Scope;
  tab: string;
  depth: Depth;
  /** The task that no other reads; null shows the whole network. */
  cut: string | null;
  /** What is asked in place of the pixel: `segment`, or an outline as links have it. */
  region: string | null;
  options: Options;
}

/** What an address or an entry of the browser's history opens: a selection of a photo by a checkpoint. */
export interface Opened extends Selection {
  example: string | null;
  checkpoint: string | null;
  /** Names a photo and a checkpoint. Only an entry of the history has it. */
  key?: string | null;
}

/** What was chosen and is not shown yet. */
export interface Wanted {
  example?: string | null;
  checkpoint?: string | null;
  key?: string | null;
  path?: string | null;
  name?: string;
  /** Null where an outline does not belong to this photo. */
  region?: null;
  ticket?: string;
  /** Whether it was not the visitor who asked: Back does not lead to what was shown before. */
  quiet?: boolean;
}

export type Letter = "A" | "B";

export interface Pin {
  key: string;
  title: string;
  checkpoint?: string | null;
}

export type Pins = Partial<Record<Letter, Pin>>;

// ---------------------------------------------------------------- the store

/**
 * hover; pick (another place); choice (anything else that is selected); tab; photo (another analysis); settled (nothing
 * is wanted any more); answer (of Python to a pick); inspected (the inspector shows another place); ask (an event for
 * Python); waiting (for an answer); banner (words in the head); refused (what was asked for does not come).
 */
export type Kind =
  | "hover" | "pick" | "choice" | "tab" | "photo" | "settled" | "answer" | "inspected" | "ask" | "waiting" | "banner" | "refused";

/** What takes the network's time: the page waits in the line for it. */
export type Turn = "show" | "run" | "take";

export interface Asked {
  event: "show" | "run" | "cancel" | "lesson" | "present";
  /** Of run: the view that asks. Without it, a tool of the view that is looked at does. */
  tab?: string;
  /** Of lesson: its name. */
  lesson?: string;
}

export interface Banner {
  banner: string;
  kind: "busy" | "alarm" | "";
}

/** What the page tells Python with every question. */
export interface Report extends Omit<Selection, "at" | "depth">, Place {
  pins: Pins;
  drawn: string;
  held: string[];
}

export type Listener = (kind: Kind) => void;

export interface State extends Selection {
  hover: Place | null;
  /** Key of what each viewer shows, by name. */
  drawn: Record<string, string>;
  /** Names of the pictures that each viewer holds, which need not be sent again. */
  held: Record<string, string[]>;
  /** What was pinned to be compared. */
  pins: Pins;
  photo: Photo;
  /** At first what the link asks for. */
  wanted: Wanted | null;
  /** Ticket of what is being computed for a view: what comes with another was asked for before the visitor moved on. */
  underWay: string | null;
  tasks: Task[];
  heads: number;
  /** Whether the visitor has moved anything since the page was opened. */
  touched: boolean;
  asked: Asked | null;
  answer: Answer | null;
  /** What the inspector shows. */
  inspected: Inspector | null;
  waiting: boolean;
  banner: Banner;
  refused: { kind: Turn; words: string } | null;
  /** Which of several wires and lesson cards speaks: the one that was loaded last. */
  wire: symbol | null;
  lessons: symbol | null;
  /** The lesson that is open, which the link opens too. */
  lesson: string | null;
}

/** One selection for the whole page. */
export interface Studio extends State {
  readonly example: string | null;
  readonly checkpoint: string | null;
  subscribe(listener: Listener): void;
  set(kind: Kind, changes?: Partial<State>): void;
  tell(kind: Kind): void;
  point(place: Place | null): void;
  pick(place: Place): void;
  step(columns: number, rows: number): void;
  choose(changes: Partial<State>): void;
  option(name: string, value: Setting): void;
  show(tab: string): void;
  deepen(depth: Depth): void;
  ask(event: Asked["event"], more?: Omit<Asked, "event">): void;
  want(choice: Wanted): void;
  see(photo: Photo): void;
  restore(entry: Opened): void;
  remember(way: Remembered): void;
  settle(): void;
  settled(): Promise<void>;
  pin(letter?: Letter): Promise<void>;
  selection(): Report;
  link(photo?: { example?: string | null; checkpoint?: string | null }): string;
  pixel(): [number, number];
}

export type Remembered = "pushState" | "replaceState";

/** Keeps the address and the browser's history as the selection is. */
export interface Memory {
  soon(studio: Studio): void;
  /** What was to be written soon is written now. */
  finish(studio: Studio): void;
  now(studio: Studio, way?: Remembered): void;
  forget(): void;
}

// ---------------------------------------------------------------- the parts of the page

/** What Gradio hands to a component's script. */
export interface Part<V, S = unknown> {
  element: HTMLElement;
  props: { value: V | null };
  watch(name: "value", hear: () => void): void;
  trigger(event: string, data?: object): void;
  /** Functions of Python. */
  server: S;
  /** Stores a file with the studio. */
  upload(file: File): Promise<{ path: string }>;
}

export interface LineServer {
  ask_line(ticket: string): Promise<PlaceInLine | null>;
  leave_line(ticket: string): Promise<unknown>;
}

export interface HeadServer extends LineServer {
  take_along(event: object): Promise<Taken | null>;
  how_far(ticket: string): Promise<Taken | null>;
}

export interface WireServer extends LineServer {
  pick(question: object): Promise<Answer | null>;
}

export interface LessonServer {
  reveal_lesson(question: object): Promise<Revealed | null>;
}

/** What Python says to a pick: values by part of the page. `again` names an example to be asked for once more. */
export interface Answer {
  head?: Head;
  inspector?: Inspector;
  again?: string;
  [view: string]: View | unknown;
}

declare global {
  interface Window {
    bridgenetStudio: Studio;
    /** Parts of the page that wait for the modules, or what brings them to life at once. */
    bridgenetParts?: [string, Part<any, any>][] | { push(handed: [string, Part<any, any>]): void };
    gradio_config?: { root?: string };
  }
}
