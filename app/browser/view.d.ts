// What Python shows. Made by `python -m app.view.schema` from the declarations in `app/view`: change those.

/** A part of a sentence, in the colour of a task where it has one. */
export interface Spoken {
  text: string;
  colour?: string;
}

/** A title, and the same where there is little room. */
export interface Titled extends Spoken {
  short: string;
}

/** A part of a whole. */
export interface Share {
  title: string;
  colour: string;
  share: number;
}

/** Parts of the selection. */
export type Follows = "place" | "task" | "scale" | "head" | "scope" | "pins";

/** Value of an option. */
export type Setting = string | number;

/** As `#rrggbb`. */
export type Colour = string;

/** Numbers behind a map: in a PNG of their own, or in the picture itself. */
export interface Values {
  src?: string;
  scale?: number;
  offset?: number;
  digits?: number | null;
  significant?: number | null;
  unit?: string;
  unknown?: string;
  /** Names by the red byte. */
  names?: string[];
  /** Says what the green byte is, with # in its place. */
  second?: string;
  /** Red, green and blue are the parts of a direction. */
  normals?: boolean;
}

/** A class of a map, and how much of the map it covers. */
export interface LegendEntry {
  index: number;
  name: string;
  colour: Colour;
  share: number;
  /** Under a slider: the areas left and right of it, in words. `share` is the right one. */
  both?: string;
}

/** A colour scale, from low to high. */
export interface Ramp {
  low: string;
  high: string;
  colours: Colour[];
  /** What shares the scale. */
  shared?: string;
}

/** A part of a map, as fractions of it. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A map of probabilities may be cut at this value. */
export interface Threshold {
  value: number;
}

/** A second picture over the first, of which a slider uncovers the left part. Without `src`, the photo. */
export interface Wipe {
  src?: string;
  alt: string;
  label: string;
  left: string;
  right: string;
}

/** Distances over the photo, to be seen as a surface in space. Its colours are the picture of the map. */
export interface Mesh {
  /** A PNG: red and green hold the distance of a vertex, in steps; the two lowest bits of blue say which triangles its
    cell has, at the upper left and at the lower right. */
  src: string;
  /** Metres of a step. */
  scale: number;
  /** Focal lengths and principal point of the camera, as fractions of width and height. */
  lens: [number, number, number, number];
  /** Metres to the place that it turns around. */
  middle: number;
  /** Whether colours are shaded by the direction of the surface: not those of a photo, which has its own light. */
  lit: boolean;
  /** Said where there is nothing to see. */
  empty: string;
}

/** A click on the title sets an option. */
export interface Choose {
  option: string;
  value: Setting;
  chosen: boolean;
}

/** One map of a viewer. */
export interface Map {
  id: string;
  title: string;
  alt: string;
  task?: string;
  colour?: Colour;
  note?: string;
  foot?: string;
  /** Missing: the photo itself, or a picture that the page holds under `hash`. */
  src?: string;
  hash?: string;
  values?: Values;
  legend?: LegendEntry[] | null;
  ramp?: Ramp | null;
  /** The hemisphere of directions, as a picture. */
  disc?: string;
  /** Whether it is drawn without smoothing. */
  tokens?: boolean;
  /** The token that is looked from. */
  token?: Box | null;
  threshold?: Threshold | null;
  /** Whether it lies over the photo. */
  blend?: boolean;
  wipe?: Wipe;
  mesh?: Mesh;
  choose?: Choose;
}

/** A value of an option, and what the reader sees. */
export interface Choosable {
  value: Setting;
  text: string;
}

/** Few values side by side, many in a list. */
export interface ChoiceTool {
  kind: "segments" | "list";
  name: string;
  label: string;
  expert?: boolean;
  options: Choosable[];
  chosen: Setting;
}

/** A number. `mix` only mixes pictures that are there: Python is not asked. */
export interface SliderTool {
  kind: "slider" | "mix";
  name: string;
  label: string;
  expert?: boolean;
  low: number;
  high: number;
  step: number;
  value: number;
}

/** On or off. */
export interface ToggleTool {
  kind: "toggle";
  name: string;
  label: string;
  expert?: boolean;
  chosen: Setting;
}

/** Something to do: compute the view (`run`), set an option, pin, begin a lesson. */
export interface ButtonTool {
  kind: "button";
  name: string;
  label: string;
  expert?: boolean;
  action: "set" | "pin" | "unpin" | "run" | "cancel" | "lesson" | "present";
  value?: string;
}

export type Tool = ChoiceTool | SliderTool | ToggleTool | ButtonTool;

/** Maps side by side, or a chart, under a title. */
export interface Group {
  id?: string;
  title?: string;
  text?: string;
  /** Of twelve columns. */
  span?: number;
  maps?: Map[];
  /** Maps side by side. */
  columns?: number;
  /** Whether small maps stay side by side where there is little room. */
  dense?: boolean;
  chart?: string;
  /** The chart in words. */
  alt?: string;
  /** What the signs of a chart mean. */
  foot?: string;
  /** Is set to the key of what is clicked in the chart. */
  option?: string;
  /** Key of what is chosen. */
  chosen?: string;
  /** Whether it is hidden where only the simple is asked for. Tools have the same. */
  expert?: boolean;
}

/** What belongs to one analysis, and to what was asked for with one ticket. */
export interface Belonging {
  /** Key of the photo. */
  of?: string;
  ticket?: string | null;
}

/** What a viewer shows. */
export interface View extends Belonging {
  /** Names what is shown: equal keys, equal views. */
  key?: string;
  /** A part of the page hears only of values that differ from the one before. */
  number?: number;
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
  /** What to know before anything here is believed. */
  caution?: string;
  hint?: string;
  tools?: Tool[];
  /** A bar above all groups. */
  shares?: string;
  /** What is still to be computed. */
  pending?: string;
  /** Width of the maps by their height. */
  aspect?: number;
}

/** Fractions of the photo's width and height, 0 <= fraction < 1. */
export interface Place {
  x: number;
  y: number;
}

/** Unit vectors on the hemisphere of directions, whose picture is `src`. */
export interface Direction {
  src: string;
  said: [number, number, number];
  true: [number, number, number] | null;
}

/** What one task says at the pixel. */
export interface InspectorRow {
  task: string;
  title: string;
  colour: Colour;
  value: string;
  detail?: string;
  truth?: string | null;
  /** Where the value lies from 0 to 1. */
  fraction?: number | null;
  /** Where the truth does. */
  mark?: number | null;
  ends?: [string, string] | null;
  best?: Share[];
  disc?: Direction;
}

/** What every task says at the selected pixel. */
export interface Inspector extends Belonging {
  key: string;
  title: string;
  text: string;
  spoken: string;
  /** What to know before the rows are believed. */
  caution?: string;
  /** Border of the region that is asked in place of the pixel: the path of an SVG 1000 wide and high. */
  outline?: string;
  rows?: InspectorRow[];
  /** Whom the bridge asked. */
  asked?: string;
  uniform?: string;
  /** How much of each task is read here, 0 to 1, by the line of the figure: `source>target`, ids of its nodes. */
  reads?: Record<string, number>;
  places?: Record<string, Place>;
}

/** One lesson. Links are parts of the page's, with their types, and at least the tab. */
export interface LessonStep {
  name: string;
  title: string;
  question: string;
  look: string;
  /** CSS selector of what the question is about. */
  target: string;
  /** Parts of the selection that its sentence is about. */
  follows: Follows[];
  start: Record<string, Setting>;
  show: Record<string, Setting>;
}

/** What the card and the row of lessons show. */
export interface Lessons {
  key: string;
  lessons: LessonStep[];
}

/** What holds for the question of a lesson, or why nothing does. */
export interface Revealed {
  say?: Spoken[];
  problem?: string;
}
