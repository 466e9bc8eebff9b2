// @ts-check
// Draws a surface in the colours of a picture (WebGL 2). A browser has few such canvases: one is enough for the page.

/** @import { Surface, View } from "./space.js" */
import { make } from "./dom.js";
import { rotation } from "./space.js";

const VERTEX = `#version 300 es
in vec3 corners; in vec2 places; uniform mat3 turn; uniform vec4 lens; uniform vec2 middle; out vec2 uv; out vec3 seen;
void main() {
  seen = turn * (corners + vec3(0, 0, middle.x)) - vec3(0, 0, middle.y);
  uv = places;
  gl_Position = vec4(2. * lens.xy * seen.xy + vec2(1. - 2. * lens.z, 2. * lens.w - 1.) * seen.z, -seen.z - .04 * middle.x, -seen.z);
}`;
// Shade says which way a surface faces where colours do not.
const FRAGMENT = `#version 300 es
precision highp float;
in vec2 uv; in vec3 seen; uniform sampler2D paint; uniform float lit; out vec4 colour;
void main() {
  vec3 side = normalize(cross(dFdx(seen), dFdy(seen)));
  colour = vec4(texture(paint, uv).rgb * mix(1., .62 + .38 * abs(side.z), lit), 1);
}`;

export function createPainter() {
  const canvas = make("canvas", { tabindex: 0, role: "application" });
  // Who takes the view along as a picture reads it when nothing is drawn.
  const gl = canvas.getContext("webgl2", { preserveDrawingBuffer: true });
  const program = gl && programOf(gl);
  const uniform = (/** @type {string} */ name) => gl && program && gl.getUniformLocation(program, name);

  /**
   * @param {Surface} surface
   * @param {HTMLImageElement} picture
   * @param {boolean} lit
   * @param {boolean} smooth
   */
  function load(surface, picture, lit, smooth) {
    if (!gl || !program) return;
    for (const [name, size] of /** @type {const} */ ([["corners", 3], ["places", 2]])) {
      const place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, surface[name], gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, surface.triangles, gl.STATIC_DRAW);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, smooth ? gl.LINEAR_MIPMAP_LINEAR : gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, smooth ? gl.LINEAR : gl.NEAREST);
    gl.uniform1f(uniform("lit"), Number(lit));
    gl.uniform4fv(uniform("lens"), surface.lens);
  }

  /**
   * @param {Surface} surface
   * @param {View} view
   */
  function draw({ middle, triangles }, view) {
    if (!gl) return;
    const sharp = Math.min(window.devicePixelRatio, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * sharp));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix3fv(uniform("turn"), true, rotation(view));
    gl.uniform2f(uniform("middle"), middle, middle * view.far);
    gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_INT, 0);
  }

  return { canvas, load, draw, works: gl !== null };
}

/** @param {WebGL2RenderingContext} gl */
function programOf(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of /** @type {const} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.DEPTH_TEST);
  return program;
}
