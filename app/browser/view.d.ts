// What Python shows: JSON as the views make it (`app/tabs`).

import type { Place, Setting } from "./types.js";

// ---------------------------------------------------------------- a view

/** A part of a sentence, in the colour of a task where it has one. */
export interface Spoken {
  text: string;
  colour?: string;
}

export interface Share {
  title: string;
  colour: string;
  share: number;
}

/** What belongs to one analysis, and to what was asked for with one ticket. */
export interface Belonging {
  /** Key of the photo. */
  of?: string;
  ticket?: string;
}

/** What a viewer shows. Parts that are missing say nothing. */
export interface View extends Belonging {
  /** Names what is shown: equal keys, equal views. */
  key?: string;
  /** The network has no such view. */
  absent?: boolean;
  /** What is shown belongs to another photo. */
  stale?: boolean;
  /** It shows already what it should. */
  same?: boolean;
  problem?: string;
  /** Steps that are done, of how many; `words` say what is done. */
  progress?: [number, number];
  words?: string;
  groups?: Group[];
  heads?: number;
  say?: Spoken[];
  hint?: string;
  tools?: Tool[];
  shares?: Share[];
  /** What is still to be computed. */
  pending?: string;
  /** Width of the maps by their height. */
  aspect?: number;
}

interface Titled {
  id?: string;
  title?: string;
  text?: string;
  /** Of twelve columns. */
  span?: number;
  columns?: unknown;
}

export interface MapGroup extends Titled {
  kind?: undefined;
  maps: MapView[];
  /** Maps side by side. */
  columns?: number;
}

export type Chart = Titled & ChartBody;
export type Group = MapGroup | (Chart & { maps?: undefined });

export type ChartBody = MatrixChart | LinesChart | BarsChart | TableChart | WordsChart | SharesChart | DotsChart | PlacesChart;

/** A click sets `option` to the value of a cell or a point; `chosen` is the value that is set. */
interface Choosing {
  option?: string;
  chosen?: string;
}

export interface MatrixCell {
  text: string;
  small?: string;
  /** Shade, 0..1. */
  level?: number | null;
  title?: string;
  value?: string;
  /** Drawn apart, as the diagonal. */
  own?: boolean;
}

export interface MatrixRow {
  title: string;
  short?: string;
  colour?: string;
  control?: boolean;
  words?: string;
  cells: MatrixCell[];
}

export interface MatrixColumn {
  title: string;
  short?: string;
  colour?: string;
  unit?: string;
  error?: string;
}

/** What the shades mean: words at levels from 0 to 1. */
export interface Shades {
  label: string;
  stops: [number, string][];
}

export interface MatrixChart extends Choosing {
  kind: "matrix";
  rows: MatrixRow[];
  columns: MatrixColumn[];
  corner?: string;
  tone?: string;
  scale?: Shades;
  alt: string;
}

export interface Axis {
  label: string;
  low: number;
  high: number;
  ticks: [number, string][];
}

export interface LinesChart {
  kind: "lines";
  series: { name: string; colour: string; points: [number, number][]; dashed?: boolean; strong?: boolean }[];
  x: Axis;
  y: Axis;
  /** A value of x that is marked. */
  mark?: number | null;
  alt: string;
}

export interface DotsChart extends Choosing {
  kind: "dots";
  points: { x: number; y: number; inner: string; outer: string; title: string; value: string }[];
  x: Axis;
  y: Axis;
  /** A dashed line across. */
  rule?: { y: number; text: string };
  names?: string;
  alt: string;
}

export interface BarsChart {
  kind: "bars";
  rows: { title: string; colour?: string; value: number; low?: number | null; high?: number | null; text?: string }[];
  from?: number;
  to?: number;
  tick?: number | null;
  alt: string;
}

export type TableCell = string | { text: string; colour?: string };

export interface TableChart {
  kind: "table";
  head: TableCell[];
  rows: TableCell[][];
  alt: string;
}

export interface WordsChart {
  kind: "words";
  paragraphs: Spoken[][];
}

export interface SharesChart {
  kind: "shares";
  rows: { title: string; shares: Share[] }[];
}

/** Where tasks meet, and what is done there. */
export interface PlacesChart {
  kind: "places";
  stations: { title: string; state: "cut" | "whole" | "held" | "free"; words: string }[];
  alt: string;
}

// ---------------------------------------------------------------- a map

/** Numbers behind a map: in a PNG of their own, or in the picture itself. */
export interface Values {
  src?: string;
  scale?: number;
  offset?: number;
  digits?: number;
  significant?: number;
  unit?: string;
  unknown?: string;
  /** Names by the red byte; `second` says what the green one is, with # in its place. */
  names?: string[];
  second?: string;
  /** Red, green and blue are the parts of a direction. */
  normals?: boolean;
}

export interface LegendEntry {
  index: number;
  name: string;
  colour: string;
  share: number;
}

export interface MapView {
  id: string;
  title: string;
  alt: string;
  task?: string;
  colour?: string;
  note?: string;
  foot?: string;
  /** Missing: the photo itself, or a picture that the page holds under `hash`. */
  src?: string;
  hash?: string;
  values?: Values;
  legend?: LegendEntry[] | null;
  ramp?: { low: string; high: string; colours: string[]; shared?: string };
  /** The hemisphere of directions, as a picture. */
  disc?: string;
  /** Whether it is drawn without smoothing. */
  tokens?: boolean;
  /** The token that is looked from, as fractions of the map. */
  token?: { left: number; top: number; width: number; height: number } | null;
  threshold?: { value: number };
  /** Whether it lies over the photo. */
  blend?: boolean;
  /** A second picture over the first, of which a slider uncovers the left part. Without `src`, the photo. */
  wipe?: { src?: string; alt: string; label: string; left: string; right: string };
  /** A click on the title sets an option. */
  choose?: { option: string; value: Setting; chosen: boolean };
}

// ---------------------------------------------------------------- tools

interface Named {
  name: string;
  label: string;
}

export interface ChoiceTool extends Named {
  kind: "segments" | "list";
  options: { value: Setting; text: string }[];
  chosen: Setting;
}

export interface SliderTool extends Named {
  kind: "slider" | "mix";
  low: number;
  high: number;
  step: number;
  value: number;
}

export interface ToggleTool extends Named {
  kind: "toggle";
  chosen: Setting;
}

export interface ButtonTool extends Named {
  kind: "button";
  action: "set" | "pin" | "unpin" | "run" | "cancel" | "lesson";
  value?: string;
}

export type Tool = ChoiceTool | SliderTool | ToggleTool | ButtonTool;

// ---------------------------------------------------------------- the inspector

export interface Direction {
  src: string;
  said: [number, number, number];
  true: [number, number, number] | null;
}

export interface InspectorRow {
  task?: string;
  title: string;
  colour: string;
  value: string;
  detail?: string;
  truth?: string | null;
  /** Where the value lies from 0 to 1, and where the truth does. */
  fraction?: number | null;
  mark?: number | null;
  ends?: [string, string] | null;
  best?: Share[];
  disc?: Direction;
}

export interface InspectorValue extends Belonging {
  key: string;
  title: string;
  text: string;
  spoken: string;
  rows?: InspectorRow[];
  shares?: Share[];
  uniform?: string;
  places?: Record<string, Place>;
}

// ---------------------------------------------------------------- lessons

/** How the page is set: parts of a link, with their types. */
export interface LessonLink {
  tab: string;
  px?: string;
  [part: string]: Setting | undefined;
}

export interface Lesson {
  name: string;
  title: string;
  question: string;
  look: string;
  /** CSS selector of what the question is about. */
  target: string;
  /** Parts of the selection that its sentence is about. */
  follows: ("place" | "task" | "scale" | "head" | "scope" | "pins")[];
  start: LessonLink;
  show: LessonLink;
}

export interface LessonsValue {
  key: string;
  lessons: Lesson[];
}

export interface LessonServer {
  reveal_lesson(question: object): Promise<{ say?: Spoken[]; problem?: string } | null>;
}
