// <crop-box for>: a box over the picture inside, bound to the numbers (in percent) of a form. A drag draws
// it; then a drag inside moves it and a drag of a corner resizes it. Without a pointer, the numbers can be
// edited.
const MIN_SIZE = 2; // percent: a smaller drag is a click
const CORNERS = ["nw", "ne", "sw", "se"];

class CropBox extends HTMLElement {
  #box;
  #form;
  #crop;
  #drag = null;
  #isDrawn = false; // until the user has drawn a box, every drag draws

  connectedCallback() {
    this.#form = document.getElementById(this.getAttribute("for"));
    this.#box = document.createElement("div");
    this.#box.className = "box";
    this.#box.append(...CORNERS.map((corner) => {
      const handle = document.createElement("span");
      handle.dataset.corner = corner;
      return handle;
    }));
    this.append(this.#box);
    this.addEventListener("pointerdown", this.#down);
    this.addEventListener("pointermove", this.#move);
    this.addEventListener("pointerup", this.#up);
    this.addEventListener("pointercancel", this.#up);
    this.#form.addEventListener("input", this.#typed);
    this.#read();
  }

  disconnectedCallback() {
    this.#box.remove();
    this.#form.removeEventListener("input", this.#typed);
    this.removeEventListener("pointerdown", this.#down);
    this.removeEventListener("pointermove", this.#move);
    this.removeEventListener("pointerup", this.#up);
    this.removeEventListener("pointercancel", this.#up);
  }

  #typed = () => {
    this.#isDrawn = true;
    this.classList.add("drawn");
    this.#read();
  };

  #read() {
    const number = (name) => this.#form.elements[name].valueAsNumber || 0;
    const left = Math.min(99, Math.max(0, number("left")));
    const top = Math.min(99, Math.max(0, number("top")));
    this.#show({
      left,
      top,
      width: Math.min(100 - left, Math.max(1, number("width"))),
      height: Math.min(100 - top, Math.max(1, number("height"))),
    });
  }

  #show(crop) {
    this.#crop = crop;
    for (const [side, value] of Object.entries(crop)) this.#box.style[side] = `${value}%`;
  }

  #write() {
    for (const [name, value] of Object.entries(this.#crop)) {
      const input = this.#form.elements[name];
      const rounded = Math.round(value * 10) / 10;
      input.value = Math.min(Number(input.max), Math.max(Number(input.min), rounded));
    }
  }

  #at(event) {
    const edge = this.getBoundingClientRect();
    const share = (place, size) => Math.min(100, Math.max(0, (place / size) * 100));
    return {
      x: share(event.clientX - edge.left, edge.width),
      y: share(event.clientY - edge.top, edge.height),
    };
  }

  #down = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    this.setPointerCapture(event.pointerId);
    const start = this.#at(event);
    const { left, top, width, height } = this.#crop;
    const corner = event.target.dataset.corner;
    // The opposite corner, which stays fixed while a corner is dragged or a new box is drawn.
    const fixed = corner
      ? { x: corner.endsWith("w") ? left + width : left, y: corner.startsWith("n") ? top + height : top }
      : this.#isDrawn && event.target === this.#box ? null : start;
    this.#drag = { start, fixed, before: this.#crop };
  };

  #move = (event) => {
    if (!this.#drag) return;
    const { start, fixed, before } = this.#drag;
    const { x, y } = this.#at(event);
    if (fixed) {
      this.#show({
        left: Math.min(x, fixed.x),
        top: Math.min(y, fixed.y),
        width: Math.abs(x - fixed.x),
        height: Math.abs(y - fixed.y),
      });
    } else {
      const within = (place, size) => Math.min(100 - size, Math.max(0, place));
      this.#show({
        ...before,
        left: within(before.left + x - start.x, before.width),
        top: within(before.top + y - start.y, before.height),
      });
    }
  };

  #up = (event) => {
    if (!this.#drag) return;
    const { before } = this.#drag;
    this.#drag = null;
    const isSmall = this.#crop.width < MIN_SIZE || this.#crop.height < MIN_SIZE;
    if (isSmall || event.type === "pointercancel") this.#show(before);
    else this.#write();
    this.#isDrawn ||= !isSmall;
    this.classList.toggle("drawn", this.#isDrawn);
  };
}

customElements.define("crop-box", CropBox);
