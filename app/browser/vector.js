// @ts-check
// Laid out HTML as an SVG that any program opens: boxes, pictures, drawings and words at the places where they stand. It
// knows what sheets and charts are made of, not all of CSS.

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

const SPACE = "http://www.w3.org/2000/svg";
const FONT = "Segoe UI, Roboto, Helvetica, Arial, sans-serif";
/** What of a drawing's looks comes from style sheets, which do not come along. */
const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "text-anchor", "paint-order"];

/**
 * @param {HTMLElement} sheet - Laid out in a document.
 * @returns {string} - XML.
 */
export function vectorOf(sheet) {
  const around = sheet.getBoundingClientRect();
  const page = /** @type {Window} */ (sheet.ownerDocument.defaultView);
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  const root = document.createElementNS(SPACE, "svg");
  const size = { width: Math.ceil(around.width), height: Math.ceil(around.height) };
  set(root, { ...size, viewBox: `0 0 ${size.width} ${size.height}`, "font-family": FONT });
  const defs = draw("defs", {});
  visit(sheet, around, 1);
  return new XMLSerializer().serializeToString(root);

  /**
   * @param {string} tag
   * @param {Record<string, string | number>} attributes
   * @param {Element} [into]
   */
  function draw(tag, attributes, into = root) {
    return into.appendChild(set(document.createElementNS(SPACE, tag), attributes));
  }

  /**
   * @param {Element} node
   * @param {Box} clip - What of it can be seen.
   * @param {number} opacity
   */
  function visit(node, clip, opacity) {
    const look = page.getComputedStyle(node);
    opacity *= Number(look.opacity);
    const box = node.getBoundingClientRect();
    if (look.display === "none" || look.visibility === "hidden" || !opacity || node.tagName === "STYLE") return;
    if (node.tagName === "svg") return drawing(/** @type {SVGSVGElement} */ (node), box);
    fillBox(look, box, clip, opacity);
    if (node instanceof /** @type {any} */ (page).HTMLImageElement) picture(node.getAttribute("src") ?? "", box, look, "none");
    const before = page.getComputedStyle(node, "::before");
    if (before.content === '""') fillBox(before, box, clip, opacity * Number(before.opacity));
    const inner = look.overflowX === "visible" ? clip : meet(clip, box);
    for (const child of node.childNodes) {
      if (child instanceof /** @type {any} */ (page).Text) words(/** @type {Text} */ (child), look, inner);
      else if (child instanceof /** @type {any} */ (page).Element) visit(/** @type {Element} */ (child), inner, opacity);
    }
    const after = page.getComputedStyle(node, "::after");
    if (/^"\w/.test(after.content)) wordsAfter(node, after);
  }

  /**
   * @param {CSSStyleDeclaration} look
   * @param {Box} box
   * @param {Box} clip
   * @param {number} opacity
   */
  function fillBox(look, box, clip, opacity) {
    const seen = meet(box, clip);
    if (seen.right <= seen.left || seen.bottom <= seen.top) return;
    const shape = { ...placed(seen), rx: parseFloat(look.borderTopLeftRadius) || 0 };
    const [fill, alpha] = colour(look.backgroundColor);
    if (alpha) draw("rect", { ...shape, fill, "fill-opacity": alpha * opacity });
    const image = look.backgroundImage;
    if (image.startsWith("url(")) picture(image.slice(5, -2), seen, look, "xMidYMid slice");
    else if (image.startsWith("linear")) draw("rect", { ...shape, fill: gradient(image) });
    else if (image.startsWith("repeating")) draw("rect", { ...shape, fill: hatching(image) });
    const ring = /^(.*?) 0px 0px 0px (\d+)px$/.exec(look.boxShadow);
    if (ring) draw("rect", { ...shape, fill: "none", stroke: colour(ring[1])[0], "stroke-width": ring[2] });
    const line = look.outlineStyle === "none" ? 0 : parseFloat(look.outlineWidth);
    if (line) draw("rect", { ...placed(grown(seen, line / 2)), fill: "none", stroke: colour(look.outlineColor)[0], "stroke-width": line });
    edges(look, box, shape);
  }

  /**
   * @param {CSSStyleDeclaration} look
   * @param {Box} box
   * @param {Record<string, string | number>} shape
   */
  function edges(look, { left, top, right, bottom }, shape) {
    const sides = ["top", "right", "bottom", "left"].map((side) => {
      const of = (/** @type {string} */ what) => look.getPropertyValue(`border-${side}-${what}`);
      const [stroke, alpha] = colour(of("color"));
      const width = of("style") === "none" || !alpha ? 0 : parseFloat(of("width"));
      const dashes = { dashed: `${2.5 * width} ${2 * width}`, dotted: `${width} ${width}` }[of("style")] ?? "none";
      return { stroke, "stroke-width": width, "stroke-dasharray": dashes };
    });
    if (sides[0]["stroke-width"] && sides.every((side) => JSON.stringify(side) === JSON.stringify(sides[0]))) {
      draw("rect", { ...shape, ...sides[0], fill: "none" });
      return;
    }
    const ends = [[left, top, right, top], [right, top, right, bottom], [left, bottom, right, bottom], [left, top, left, bottom]];
    sides.forEach((side, index) => {
      const [x1, y1, x2, y2] = ends[index].map((at, axis) => rounded(at - (axis % 2 ? around.top : around.left)));
      if (side["stroke-width"]) draw("line", { x1, y1, x2, y2, ...side });
    });
  }

  /**
   * @param {string} href
   * @param {Box} box
   * @param {CSSStyleDeclaration} look
   * @param {string} fit
   */
  function picture(href, box, look, fit) {
    const way = look.imageRendering === "pixelated" ? "pixelated" : "auto";
    draw("image", { ...placed(box), href, preserveAspectRatio: fit, style: `image-rendering:${way}` });
  }

  /**
   * A drawing that is one already, with its looks written into it.
   *
   * @param {SVGSVGElement} svg
   * @param {Box} box
   */
  function drawing(svg, box) {
    const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
    const [here, there] = [svg, copy].map((one) => [...one.querySelectorAll("*")]);
    const heads = here.map((node, index) => {
      const look = page.getComputedStyle(node);
      for (const name of LOOKS) {
        const value = look.getPropertyValue(name);
        const paint = name === "fill" || name === "stroke";
        there[index].setAttribute(name, paint && value !== "none" ? colour(value)[0] : value);
        if (paint && value !== "none" && !colour(value)[1]) there[index].setAttribute(name, "none");
      }
      there[index].removeAttribute("class");
      return node.hasAttribute("marker-end") ? arrowHead(/** @type {SVGPathElement} */ (node), look) : null;
    });
    heads.forEach((head, index) => head && there[index].after(head));
    copy.querySelectorAll("defs, .reach").forEach((node) => node.remove());
    copy.querySelectorAll("[marker-end]").forEach((node) => node.removeAttribute("marker-end"));
    for (const name of ["class", "role", "style"]) copy.removeAttribute(name);
    root.append(set(copy, placed(box)));
  }

  /**
   * Few programs draw the ends of lines in the colour of the line: it is a triangle of its own.
   *
   * @param {SVGPathElement} path
   * @param {CSSStyleDeclaration} look
   */
  function arrowHead(path, look) {
    const [length, width] = [path.getTotalLength(), parseFloat(look.strokeWidth)];
    const [end, near] = [path.getPointAtLength(length), path.getPointAtLength(length - 1)];
    const turn = (180 / Math.PI) * Math.atan2(end.y - near.y, end.x - near.x);
    const shape = `M${-0.4 * width} ${-1.5 * width}L${2 * width} 0L${-0.4 * width} ${1.5 * width}Z`;
    const place = `translate(${rounded(end.x)} ${rounded(end.y)}) rotate(${rounded(turn)})`;
    const paint = { fill: colour(look.stroke)[0], opacity: look.opacity };
    return set(document.createElementNS(SPACE, "path"), { d: shape, transform: place, ...paint });
  }

  /**
   * The lines of a text, as they were broken.
   *
   * @param {Text} text
   * @param {CSSStyleDeclaration} look
   * @param {Box} clip
   */
  function words(text, look, clip) {
    const range = text.ownerDocument.createRange();
    /** @type {{ left: number, top: number, bottom: number, said: string } | null} */
    let line = null;
    for (const { index, 0: word } of text.data.matchAll(/\S+/g)) {
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      const middle = (top + bottom) / 2;
      const seen = (left + right) / 2 < clip.right && right > clip.left && middle > clip.top && middle < clip.bottom;
      if (!seen || right === left) continue;
      if (line && Math.abs(line.top - top) < 3) line.said += ` ${word}`;
      else {
        write(line, look);
        line = { left, top, bottom, said: word };
      }
    }
    write(line, look);
  }

  /**
   * @param {{ left: number, top: number, bottom: number, said: string } | null} line
   * @param {CSSStyleDeclaration} look
   */
  function write(line, look) {
    if (!line) return;
    pen.font = look.font;
    const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pen.measureText(line.said);
    const y = line.top + ((line.bottom - line.top) * above) / (above + below) - around.top;
    const [fill] = colour(look.color);
    const place = { x: rounded(line.left - around.left), y: rounded(y) };
    const font = { "font-size": look.fontSize, "font-weight": look.fontWeight, fill };
    draw("text", { ...place, ...font }).textContent = line.said;
  }

  /**
   * What a style sheet writes behind an element.
   *
   * @param {Element} node
   * @param {CSSStyleDeclaration} look
   */
  function wordsAfter(node, look) {
    const range = node.ownerDocument.createRange();
    range.selectNodeContents(node);
    const { right, top, bottom } = range.getBoundingClientRect();
    write({ left: right + parseFloat(look.marginLeft), top, bottom, said: look.content.slice(1, -1) }, look);
  }

  /** @param {string} image - From left to right. */
  function gradient(image) {
    const stops = colours(image);
    const made = draw("linearGradient", { id: `g${defs.childElementCount}` }, defs);
    stops.forEach((stop, index) => draw("stop", { offset: rounded(index / (stops.length - 1)), "stop-color": stop }, made));
    return `url(#${made.id})`;
  }

  /** @param {string} image - Of lines that rise to the right. */
  function hatching(image) {
    const made = draw("pattern", { id: `g${defs.childElementCount}`, width: 6.2, height: 6.2, patternUnits: "userSpaceOnUse" }, defs);
    set(made, { patternTransform: "rotate(45)" });
    draw("rect", { width: 1.2, height: 6.2, fill: colours(image).at(-1) ?? "#000" }, made);
    return `url(#${made.id})`;
  }

  /** @param {string} image */
  function colours(image) {
    const all = (image.match(/[a-z]+\([^()]*\)/gi) ?? []).map(colour);
    return all.filter(([, alpha]) => alpha).map(([text]) => text);
  }

  /**
   * A colour as every program reads it, and how opaque it is.
   *
   * @param {string} text - As browsers compute it.
   * @returns {[string, number]}
   */
  function colour(text) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return [`#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`, rounded(alpha / 255)];
  }

  /** @param {Box} box */
  function placed({ left, top, right, bottom }) {
    return { x: rounded(left - around.left), y: rounded(top - around.top), width: rounded(right - left), height: rounded(bottom - top) };
  }
}

/**
 * @template {Element} Made
 * @param {Made} node
 * @param {Record<string, string | number>} attributes
 */
function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/**
 * @param {Box} one
 * @param {Box} other
 */
function meet(one, other) {
  const [left, top] = [Math.max(one.left, other.left), Math.max(one.top, other.top)];
  return { left, top, right: Math.min(one.right, other.right), bottom: Math.min(one.bottom, other.bottom) };
}

/**
 * @param {Box} box
 * @param {number} by
 */
function grown({ left, top, right, bottom }, by) {
  return { left: left - by, top: top - by, right: right + by, bottom: bottom + by };
}

/** @param {number} value */
function rounded(value) {
  return Math.round(100 * value) / 100;
}
