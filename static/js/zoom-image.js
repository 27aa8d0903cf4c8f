// <zoom-image>: a click looks closer, where the pointer is; moving looks around; another click, or
// Esc, goes back. With keys: + and − on the focused picture, arrows to look around.
const CLOSER = 2.5;

class ZoomImage extends HTMLElement {
  #image;
  #at = { x: 50, y: 50 };

  connectedCallback() {
    this.#image = this.querySelector("img");
    this.tabIndex = 0;
    this.setAttribute("role", "button");
    this.setAttribute("aria-pressed", "false");
    this.setAttribute("aria-label", `${this.#image.alt || "Picture"}. Look closer`);
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

  #set(close) {
    this.classList.toggle("close", close);
    this.setAttribute("aria-pressed", String(close));
    if (close) this.#image.sizes = "300vw"; // the largest there is
    this.#place();
  }

  #place() {
    const { naturalWidth, clientWidth } = this.#image;
    const scale = this.#isClose ? Math.max(CLOSER, naturalWidth / clientWidth || 1) : 1;
    this.#image.style.transform = this.#isClose ? `scale(${scale})` : "";
    this.#image.style.transformOrigin = `${this.#at.x}% ${this.#at.y}%`;
  }

  #click = (event) => {
    this.#aim(event);
    this.#set(!this.#isClose);
  };

  #move = (event) => {
    if (!this.#isClose) return;
    this.#aim(event);
    this.#place();
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
    event.preventDefault();
    event.stopPropagation();
  };
}

customElements.define("zoom-image", ZoomImage);
