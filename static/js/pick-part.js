// <pick-part for>: a box over the picture inside, for the numbers (in percent) of a form. A drag draws
// it; once it is drawn, a drag inside moves it. A drag of a corner resizes it. Without a pointer the
// numbers do all that.
const LEAST = 2; // percent: what is smaller was a click
const CORNERS = ["nw", "ne", "sw", "se"];

class PickPart extends HTMLElement {
  #box;
  #form;
  #part;
  #drag = null;
  #isMine = false; // drawn by the reader: until then any drag draws

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
    this.#isMine = true;
    this.classList.add("mine");
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

  #show(part) {
    this.#part = part;
    for (const [side, value] of Object.entries(part)) this.#box.style[side] = `${value}%`;
  }

  #write() {
    for (const [name, value] of Object.entries(this.#part)) {
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
    const { left, top, width, height } = this.#part;
    const corner = event.target.dataset.corner;
    // The corner that stays, where one is dragged or a new box begins.
    const fixed = corner
      ? { x: corner.endsWith("w") ? left + width : left, y: corner.startsWith("n") ? top + height : top }
      : this.#isMine && event.target === this.#box ? null : start;
    this.#drag = { start, fixed, before: this.#part };
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
    const isSmall = this.#part.width < LEAST || this.#part.height < LEAST;
    if (isSmall || event.type === "pointercancel") this.#show(before);
    else this.#write();
    this.#isMine ||= !isSmall;
    this.classList.toggle("mine", this.#isMine);
  };
}

customElements.define("pick-part", PickPart);
