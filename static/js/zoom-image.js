// <zoom-image>: a click zooms in at the pointer; moving the pointer pans; another click, or Esc, zooms out.
// Keyboard: + and − zoom the focused picture, arrows pan. Fingers: a pinch or a double tap zooms, one finger pans; a
// swipe across leads to the next asset.
import { followFingers } from "./fingers.js";
import { actions } from "./keys.js";

const MIN_SCALE = 2.5;
const MOST = 4; // times the scale of a click: how far a pinch zooms
const percent = (value) => Math.min(100, Math.max(0, value));

class ZoomImage extends HTMLElement {
  #image;
  #at = { x: 50, y: 50 }; // the point that stays where it is, in percent of the picture
  #scale = 1; // 1: the whole picture
  #pointer = ""; // the kind of pointer that is down
  #listening;

  connectedCallback() {
    this.#image = this.querySelector("img");
    this.tabIndex = 0;
    this.setAttribute("role", "button");
    this.setAttribute("aria-pressed", "false");
    this.setAttribute("aria-label", `${this.#image.alt || "Picture"}. Zoom in`);
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener("pointerdown", (event) => (this.#pointer = event.pointerType), { signal });
    this.addEventListener("click", this.#click, { signal });
    this.addEventListener("pointermove", this.#move, { signal });
    this.addEventListener("keydown", this.#key, { signal });
    followFingers(this, { isZoomed: () => this.#isClose, drag: this.#drag, move: this.#pinch, tapTwice: this.#toggle, signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get #isClose() {
    return this.#scale > 1;
  }

  // The scale of a click: the picture's own pixels, and more than the whole picture.
  get #clicked() {
    const { naturalWidth, clientWidth } = this.#image;
    return Math.max(MIN_SCALE, naturalWidth / clientWidth || 1);
  }

  // Pictures that are compared are zoomed and moved together: the others of the group follow.
  #share() {
    for (const other of this.closest("[data-zoom-together]")?.querySelectorAll("zoom-image") ?? []) {
      if (other !== this) other.follow(this.#scale, this.#at);
    }
  }

  /** Show the same part as another picture. */
  follow(scale, at) {
    this.#at = { ...at };
    this.#set(scale);
  }

  #set(scale) {
    if (scale > 1 && !this.#isClose) this.#loadLargest();
    this.#scale = scale;
    this.classList.toggle("close", this.#isClose);
    this.setAttribute("aria-pressed", String(this.#isClose));
    this.#image.style.transform = this.#isClose ? `scale(${scale})` : "";
    this.#image.style.transformOrigin = `${this.#at.x}% ${this.#at.y}%`;
  }

  // The original under its own name, which a browser saves or copies, where it can show it; else the largest version.
  #loadLargest() {
    if (!this.dataset.original) this.#image.sizes = "300vw";
    else if (this.#image.srcset) {
      this.#image.addEventListener("error", () => (this.#image.src = shown), { once: true });
      const shown = this.#image.src;
      this.#image.removeAttribute("srcset");
      this.#image.src = this.dataset.original;
    }
  }

  #toggle = (event) => {
    this.#aim(event);
    this.#set(this.#isClose ? 1 : this.#clicked);
    this.#share();
  };

  // A tap is no click: two of them zoom, so that one does not get in the way of the second.
  #click = (event) => {
    const isTap = this.#pointer === "touch";
    this.#pointer = "";
    if (!isTap) this.#toggle(event);
  };

  #move = (event) => {
    if (!this.#isClose || event.pointerType === "touch") return;
    this.#aim(event);
    this.#set(this.#scale);
    this.#share();
  };

  // The point of the picture between the fingers stays between them.
  #pinch = (before, after) => {
    const wanted = this.#scale * (after.apart / before.apart || 1);
    const scale = wanted < 1.02 ? 1 : Math.min(wanted, this.#clicked * MOST);
    const box = this.#image.getBoundingClientRect(); // as it is zoomed
    for (const [axis, start, side] of [["x", "left", "width"], ["y", "top", "height"]]) {
      const size = box[side] / this.#scale;
      const origin = (this.#at[axis] / 100) * size;
      const whole = box[start] - origin * (1 - this.#scale); // where the whole picture begins
      const point = (before[axis] - box[start]) / this.#scale;
      if (scale > 1) this.#at[axis] = percent((((scale * point - (after[axis] - whole)) / (scale - 1)) * 100) / size);
    }
    this.#set(scale);
    this.#share();
  };

  // The picture goes along with a finger that swipes.
  #drag = (pixels) => {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.style.translate = pixels && !isCalm ? `${pixels}px` : "";
  };

  #aim(event) {
    const box = this.getBoundingClientRect();
    this.#at = {
      x: percent(((event.clientX - box.left) / box.width) * 100),
      y: percent(((event.clientY - box.top) / box.height) * 100),
    };
  }

  #key = (event) => {
    const steps = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
    const isPress = event.key === "Enter" || event.key === " ";
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=" || (isPress && !this.#isClose)) this.#set(this.#clicked);
    else if (event.key === "-" || event.key === "Escape" || isPress) {
      if (!this.#isClose) return;
      this.#set(1);
    } else if (this.#isClose && steps[event.key]) {
      const [x, y] = steps[event.key];
      this.#at = { x: percent(this.#at.x + x), y: percent(this.#at.y + y) };
      this.#set(this.#scale);
    } else return;
    this.#share();
    event.preventDefault();
    event.stopPropagation();
  };
}

customElements.define("zoom-image", ZoomImage);
document.addEventListener("akin:swipe", ({ detail }) => actions[detail > 0 ? "next" : "previous"]());
