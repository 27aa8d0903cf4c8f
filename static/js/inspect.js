// The inspector of textures and sprites, in place of the picture of an asset page: zoom by whole numbers, 3 × 3 tiles,
// single channels, a pixel grid, the colour under the pointer or the arrows, the palette. Loaded when it is opened.
import { copy } from "./copy.js";
import { showToast } from "./toast.js";

const MOST_SIDE = 4096; // pixels of the picture, and of the canvas: a larger picture is scaled down
const GRID_FROM = 4; // zoom from which the grid is visible
const COLOURS = 16; // of the palette
const SAMPLES = 250_000; // pixels that the palette is made from
const CHANNELS = ["red", "green", "blue", "alpha"];

/** The picture in its own pixels: { width, height, data } with four bytes a pixel. */
async function pixelsOf(blob) {
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const scale = Math.min(1, MOST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { pixels: context.getImageData(0, 0, canvas.width, canvas.height), isScaled: scale < 1 };
}

// One channel as grey, opaque; "all" as it is.
function channelOf(pixels, channel) {
  const at = CHANNELS.indexOf(channel);
  if (at < 0) return pixels;
  const grey = new ImageData(pixels.width, pixels.height);
  for (let i = 0; i < grey.data.length; i += 4) {
    grey.data.fill(pixels.data[i + at], i, i + 3);
    grey.data[i + 3] = 255;
  }
  return grey;
}

const hex = (values) => `#${[...values].map((value) => value.toString(16).padStart(2, "0")).join("")}`;

/** sRGB 0..255 to linear 0..1 (IEC 61966-2-1). */
export const linear = (value) => (value <= 10.314 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);

/** The most frequent colours, as [hex, share]; each is what its bin of 32 levels a channel has on average. */
export function paletteOf({ data }) {
  const step = 4 * Math.max(1, Math.ceil(data.length / 4 / SAMPLES));
  const bins = new Map();
  let count = 0;
  for (let i = 0; i < data.length; i += step) {
    if (data[i + 3] < 128) continue;
    count += 1;
    const key = ((data[i] >> 3) << 10) | ((data[i + 1] >> 3) << 5) | (data[i + 2] >> 3);
    const bin = bins.get(key) ?? [0, 0, 0, 0];
    for (let c = 0; c < 3; c += 1) bin[c] += data[i + c];
    bin[3] += 1;
    bins.set(key, bin);
  }
  const sorted = [...bins.values()].sort((a, b) => b[3] - a[3]).slice(0, COLOURS);
  return sorted.map((bin) => [hex(bin.slice(0, 3).map((sum) => Math.round(sum / bin[3]))), bin[3] / count]);
}

export class Inspector {
  #panel;
  #canvas;
  #pixels;
  #at = { x: 0, y: 0 };

  constructor(panel, pixels) {
    this.#panel = panel;
    this.#pixels = pixels;
    this.#canvas = panel.querySelector("canvas");
    panel.addEventListener("change", () => this.#draw());
    this.#canvas.addEventListener("pointermove", (event) => this.#aim(event));
    this.#canvas.addEventListener("click", () => this.#copy());
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#showPalette();
    this.#draw();
  }

  get #form() {
    return this.#panel.querySelector("form").elements;
  }

  #draw() {
    const { width, height } = this.#pixels;
    const tiles = this.#form.tiles.checked ? 3 : 1;
    const source = new OffscreenCanvas(width, height);
    source.getContext("2d").putImageData(channelOf(this.#pixels, this.#form.channel.value), 0, 0);
    const shrink = Math.min(1, (2 * MOST_SIDE) / (Math.max(width, height) * tiles));
    Object.assign(this.#canvas, { width: Math.round(width * tiles * shrink), height: Math.round(height * tiles * shrink) });
    const context = this.#canvas.getContext("2d");
    const [w, h] = [this.#canvas.width / tiles, this.#canvas.height / tiles];
    for (let y = 0; y < tiles; y += 1) for (let x = 0; x < tiles; x += 1) context.drawImage(source, x * w, y * h, w, h);
    const zoom = Number(this.#form.zoom.value); // 0: as large as fits
    const style = this.#canvas.style;
    style.width = zoom ? `${(width * tiles * zoom) / devicePixelRatio}px` : "";
    style.height = zoom ? `${(height * tiles * zoom) / devicePixelRatio}px` : "";
    this.#canvas.classList.toggle("fits", !zoom);
    const cell = zoom / devicePixelRatio;
    const hasGrid = this.#form.grid.checked && zoom >= GRID_FROM;
    this.#panel.classList.toggle("has-grid", hasGrid);
    this.#panel.style.setProperty("--cell", `${cell}px`);
    const note = this.#panel.querySelector(".grid-note");
    note.hidden = !this.#form.grid.checked || hasGrid;
    this.#pick();
  }

  // The colour of the original under the pointer, also where one channel is shown.
  #aim(event) {
    const box = this.#canvas.getBoundingClientRect();
    const { width, height } = this.#pixels;
    const tiles = this.#form.tiles.checked ? 3 : 1;
    this.#at = {
      x: Math.floor(((event.clientX - box.left) / box.width) * width * tiles) % width,
      y: Math.floor(((event.clientY - box.top) / box.height) * height * tiles) % height,
    };
    this.#pick();
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Enter") this.#copy();
    else if (!steps[event.key]) return;
    else {
      const [dx, dy] = steps[event.key].map((step) => step * (event.shiftKey ? 10 : 1));
      const { width, height } = this.#pixels;
      this.#at = { x: (this.#at.x + dx + width) % width, y: (this.#at.y + dy + height) % height };
      this.#pick();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  get #colour() {
    const at = (Math.max(0, this.#at.y) * this.#pixels.width + Math.max(0, this.#at.x)) * 4;
    return this.#pixels.data.subarray(at, at + 4);
  }

  #pick() {
    const [r, g, b, a] = this.#colour;
    const light = [r, g, b].map((value) => linear(value).toFixed(3)).join(" ");
    this.#panel.querySelector(".picked .swatch").style.background = `rgb(${r} ${g} ${b} / ${a / 255})`;
    this.#panel.querySelector("output").textContent = `${this.#at.x}, ${this.#at.y}: ${hex([r, g, b])} · alpha ${a} · linear ${light}`;
  }

  #copy(colour = hex(this.#colour.subarray(0, 3))) {
    copy(colour).then((copied) => showToast(copied ? `${colour} copied` : colour));
  }

  #showPalette() {
    const list = this.#panel.querySelector(".palette");
    for (const [colour, share] of paletteOf(this.#pixels)) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "swatch" });
      button.style.background = colour;
      button.ariaLabel = `Copy ${colour}, ${Math.max(1, Math.round(share * 100))} %`;
      button.title = `${colour} · ${Math.max(1, Math.round(share * 100))} %`;
      button.addEventListener("click", () => this.#copy(colour));
      list.append(Object.assign(document.createElement("li"), {}));
      list.lastChild.append(button);
    }
  }
}

/** Open the inspector of a picture below `view`. */
export async function inspect(view, blob) {
  const { pixels, isScaled } = await pixelsOf(blob);
  const panel = document.getElementById("inspector").content.firstElementChild.cloneNode(true);
  panel.querySelector(".scaled-note").hidden = !isScaled;
  view.append(panel);
  return { panel, inspector: new Inspector(panel, pixels) };
}
