// What Python shows. Made by `python -m app.view.schema` from the declarations in `app/view`: change those.

import type { Colour, Inspector, Lessons, Setting, View } from "./view.js";

/** A task of the network, as its buttons name it. */
export interface Task {
  name: string;
  title: string;
  colour: Colour;
}

/** What a network has of what can be selected. */
export interface Offers {
  tabs: string[];
  tasks: string[];
  scales: number;
  heads: number;
  cuttable: boolean;
  segments: boolean;
}

/** What is shown. Its key names the photo and the checkpoint. */
export interface Photo {
  src: string;
  /** Width and height in pixels. */
  size: [number, number];
  key: string;
  title: string;
  example?: string | null;
  checkpoint?: string | null;
  /** Whether the network answers for it; the bundled first picture is not live. */
  live?: boolean;
  /** What the network has. */
  offers?: Offers;
}

/** What the page hears of the photo and of what it asked for. */
export interface Wire {
  photo?: Photo;
  /** Ticket of what has ended. */
  ended?: string | null;
  /** Options of the link, with their types. */
  options?: Record<string, Setting>;
}

/** The head of the page: which network answers, and what is going on. */
export interface Head {
  banner?: string;
  kind?: "busy" | "alarm" | "";
  title?: string;
  facts?: string[];
  checkpoints?: string[];
  network?: "warming" | "ready";
}

/** An example, and its thumbnail as a picture. */
export interface Example {
  id: string;
  name: string;
  thumb: string;
}

/** The left column: photos, tasks. */
export interface Rail {
  examples?: Example[];
  chosen?: string | null;
  /** Megabytes. */
  limit?: number;
  tasks?: Task[];
  heads?: number;
  /** Whether tasks can be cut: whether they read each other. */
  cuttable?: boolean;
  notes?: string[];
  error?: string;
  /** Key of a photo that the server no longer has. */
  gone?: string;
  /** A part of the page hears only of values that differ from the one before. */
  number?: number;
}

/** A view that this network has. */
export interface Tab {
  name: string;
  title: string;
  /** Whether it is no view of the simple page: to open it is to ask for everything. */
  expert?: boolean;
  /** First and last column of the figure that it stands under. Without, it asks about the whole network. */
  columns?: [number, number];
}

/** A task of the figure. */
export interface Lane extends Task {
  /** Its title where there is little room. */
  short: string;
}

/** A place of the figure: what it shows, and the view of it. */
export interface FigureNode {
  id: string;
  column: number;
  /** The photo, one of the maps of the backbone, on the lane of its task, or between all lanes. */
  place: "photo" | "map" | "lane" | "hub";
  /** Of the lane, or of the map from the finest on. */
  index?: number;
  /** Its sentence is that of all nodes which show the like, see `Figure.sentences`. */
  about: string;
  title: string;
  shape: string;
  tab: string;
  task?: string;
  scale?: number;
  options?: Record<string, Setting>;
  picture?: string;
}

/** What goes from one node to another. */
export interface FigureLink {
  source: string;
  target: string;
  /** A task's own feature, a map of the backbone, a task that is read by others, or what all are given. */
  kind: "lane" | "map" | "read" | "given";
  /** Whose feature it is. */
  task?: string;
}

/** A step of the way that a pixel takes through the figure. */
export interface FigureStep {
  title: string;
  text: string;
  nodes: string[];
}

/** The network as the paper's overview figure. */
export interface Figure {
  /** The network in a sentence. */
  say: string;
  lanes: Lane[];
  /** Width of the pictures by their height. */
  aspect: number;
  /** What stands under a column, by its number. */
  scales: Record<string, string>;
  /** What nodes show, by what they are about. */
  sentences: Record<string, string>;
  nodes: FigureNode[];
  links: FigureLink[];
  steps: FigureStep[];
}

/** The way through the network, and the views. */
export interface Way {
  tabs?: Tab[];
  figure?: Figure;
}

/** What is taken along: a file in base64, or HTML of which the page makes a picture; how far it is; or why not. */
export interface Taken {
  name?: string;
  type?: string;
  data?: string;
  html?: string;
  /** Steps that are done, of how many; `words` say what is done. */
  progress?: [number, number];
  words?: string;
  problem?: string;
}

/** What a part of the page shows. Text names a photo: its key, or an example that has to be asked for again. */
export type Part = Head | Rail | Way | Wire | Inspector | View | Lessons | string;

/** New values of parts of the page, by name: key, head, rail, way, wire, lesson, inspector, again, and the views. */
export type Answer = Record<string, Part>;

/** Where a visitor stands in the line for the network. */
export interface PlaceInLine {
  /** Whether to begin now. */
  turn: boolean;
  /** How many are served earlier. */
  before: number;
  /** The line takes nobody else. */
  full: boolean;
  /** Until the line has moved on, about. */
  seconds: number;
}
