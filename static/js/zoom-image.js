// <zoom-image>: a click zooms in at the pointer; moving the pointer pans; another click, or Esc, zooms out.
// Keyboard: + and − zoom the focused picture, arrows pan.
const MIN_SCALE = 2.5;

class ZoomImage extends HTMLElement {
  #image;
  #at = { x: 50, y: 50 };

  connectedCallback() {
    this.#image = this.querySelector("img");
    this.tabIndex = 0;
    this.setAttribute("role", "button");
    this.setAttribute("aria-pressed", "false");
    this.setAttribute("aria-label", `${this.#image.alt || "Picture"}. Zoom in`);
    this.addEventListener("click", this.#click);
    this.addEventListener("pointermove", this.#move);
    this.addEventListener("keydown", this.#key);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#click);
    this.removeEventListener("pointermove", this.#move);
    this.removeEventListener("keydown", this.#key);
  }

  get #isClose() {
    return this.classList.contains("close");
  }

  // Pictures that are compared are zoomed and moved together: the others of the group follow.
  #share() {
    for (const other of this.closest("[data-zoom-together]")?.querySelectorAll("zoom-image") ?? []) {
      if (other !== this) other.follow(this.#isClose, this.#at);
    }
  }

  /** Show the same part as another picture. */
  follow(close, at) {
    this.#at = { ...at };
    if (close !== this.#isClose) this.#set(close);
    else this.#place();
  }

  #set(close) {
    this.classList.toggle("close", close);
    this.setAttribute("aria-pressed", String(close));
    if (close) this.#loadLargest();
    this.#place();
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

  #place() {
    const { naturalWidth, clientWidth } = this.#image;
    const scale = this.#isClose ? Math.max(MIN_SCALE, naturalWidth / clientWidth || 1) : 1;
    this.#image.style.transform = this.#isClose ? `scale(${scale})` : "";
    this.#image.style.transformOrigin = `${this.#at.x}% ${this.#at.y}%`;
  }

  #click = (event) => {
    this.#aim(event);
    this.#set(!this.#isClose);
    this.#share();
  };

  #move = (event) => {
    if (!this.#isClose) return;
    this.#aim(event);
    this.#place();
    this.#share();
  };

  #aim(event) {
    const box = this.getBoundingClientRect();
    this.#at = {
      x: Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100)),
      y: Math.min(100, Math.max(0, ((event.clientY - box.top) / box.height) * 100)),
    };
  }

  #key = (event) => {
    const steps = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
    if (event.key === "+" || event.key === "=" || (event.key === "Enter" && !this.#isClose)) this.#set(true);
    else if (event.key === "-" || event.key === "Escape" || event.key === "Enter") {
      if (!this.#isClose) return;
      this.#set(false);
    } else if (this.#isClose && steps[event.key]) {
      const [x, y] = steps[event.key];
      this.#at = { x: Math.min(100, Math.max(0, this.#at.x + x)), y: Math.min(100, Math.max(0, this.#at.y + y)) };
      this.#place();
    } else return;
    this.#share();
    event.preventDefault();
    event.stopPropagation();
  };
}

customElements.define("zoom-image", ZoomImage);
