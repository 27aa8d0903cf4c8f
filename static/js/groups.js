// Groups of files: frames play as a flip book, textures tile 3 × 3, versions and formats follow one another. Cards do so
// while the pointer is over them, or by the key "v"; on an asset page, the buttons of <group-player> do so at full size.
import { actions, focused } from "./keys.js";
import { root } from "./root.js";

const WAIT_MS = 180;
const FRAME_MS = 1000 / 12;
const STEP_MS = 900;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const fine = matchMedia("(hover: hover) and (pointer: fine)");

/** Return the pictures of these addresses once they can be shown; those that fail are left out. */
async function loaded(sources) {
  const pictures = sources.map((src) => Object.assign(new Image(), { src, alt: "" }));
  const results = await Promise.allSettled(pictures.map((each) => each.decode()));
  return pictures.filter((_, at) => results[at].status === "fulfilled");
}

// What is laid over a picture, until it is removed: shows one member after the other, or tiles the first.
class Overlay {
  #timer = 0;
  at = 0;

  constructor(host, kind) {
    this.kind = kind;
    this.element = document.createElement("span");
    this.element.className = "group-media";
    this.element.dataset.kind = kind;
    this.element.setAttribute("aria-hidden", "true");
    host.append(this.element);
  }

  async begin(sources) {
    const isTiled = this.kind === "textures";
    this.pictures = await loaded(isTiled ? sources.slice(0, 1) : sources);
    if (!this.pictures.length || !this.element.isConnected) return;
    if (isTiled) this.element.style.backgroundImage = `url("${this.pictures[0].src}")`;
    else this.show(0);
    this.element.dataset.ready = "";
  }

  play(onShow) {
    if (this.kind === "textures") return;
    const pause = this.kind === "frames" ? FRAME_MS : STEP_MS;
    this.#timer = setInterval(() => {
      this.show(this.at + 1);
      onShow?.(this.at);
    }, pause);
  }

  pause() {
    clearInterval(this.#timer);
  }

  show(at) {
    const count = this.pictures?.length ?? 0;
    if (!count) return;
    this.at = (at + count) % count;
    this.element.replaceChildren(this.pictures[this.at]);
  }

  remove() {
    this.pause();
    this.element.remove();
  }
}

// Cards.

const members = new Map(); // id of an asset -> promise of its group
const groupOf = (id) => {
  if (!members.has(id)) {
    const group = fetch(`${root}assets/${id}/group.json`).then((response) => (response.ok ? response.json() : Promise.reject(response.status)));
    group.catch(() => members.delete(id));
    members.set(id, group);
  }
  return members.get(id);
};

let shown = null; // the card that plays, and its overlay
let timer = 0;

function stop() {
  clearTimeout(timer);
  shown?.overlay.remove();
  shown = null;
}

async function start(card, byKey = false) {
  stop();
  const overlay = new Overlay(card.querySelector(".picture"), card.dataset.group);
  shown = { card, overlay, byKey };
  try {
    const group = await groupOf(card.dataset.assetId);
    await overlay.begin(group.members.map(({ src }) => src).filter(Boolean));
    if (shown?.overlay === overlay) overlay.play();
  } catch {
    if (shown?.overlay === overlay) stop(); // the card stays as it is
  }
}

const cardOf = (event) => event.target.closest?.(".card[data-group]");
document.addEventListener("pointerover", (event) => {
  const card = cardOf(event);
  const moves = card?.dataset.group !== "textures";
  if (!card || event.pointerType === "touch" || !fine.matches || (moves && calm.matches) || shown?.card === card || shown?.byKey) return;
  clearTimeout(timer);
  timer = setTimeout(() => start(card), WAIT_MS);
});
document.addEventListener("pointerout", (event) => {
  const card = cardOf(event);
  if (!card || card.contains(event.relatedTarget)) return;
  clearTimeout(timer);
  if (shown?.card === card && !shown.byKey) stop(); // what the key began ends with it, or with the focus
});
document.addEventListener("focusout", (event) => {
  if (shown && cardOf(event) === shown.card && !shown.card.contains(event.relatedTarget)) stop();
});

// Also where motion is reduced: the key asks for it.
actions.group = () => {
  const card = focused();
  if (!card) return document.querySelector("group-player")?.toggle();
  if (!card.dataset.group) return false;
  if (shown?.card === card) stop();
  else start(card, true);
};

// The asset page.

class GroupPlayer extends HTMLElement {
  #overlay = null;

  connectedCallback() {
    this.links = [...this.querySelectorAll(".group-members a[data-src]")];
    const host = document.querySelector(".media-view");
    if (!host || this.links.length < 2 || !["image", undefined].includes(this.dataset.medium)) return;
    this.host = host;
    this.querySelector(".group-controls").hidden = false;
    this.button = this.querySelector(".group-toggle");
    this.button.addEventListener("click", () => this.toggle());
    this.querySelector(".group-previous")?.addEventListener("click", () => this.step(-1));
    this.querySelector(".group-next")?.addEventListener("click", () => this.step(1));
  }

  disconnectedCallback() {
    this.#overlay?.remove();
  }

  async #opened() {
    if (!this.#overlay) {
      this.#overlay = new Overlay(this.host, this.dataset.kind);
      const large = this.links.map(({ dataset }) => `${root}assets/${dataset.assetId}/image?width=1600`);
      this.setAttribute("aria-busy", "true");
      await this.#overlay.begin(large);
      this.removeAttribute("aria-busy");
    }
    return this.#overlay;
  }

  #say(at) {
    const link = this.links[at];
    this.querySelector("output").value = link ? `${at + 1} of ${this.links.length}: ${link.querySelector(".label")?.textContent || link.querySelector("img").alt}` : "";
  }

  async toggle() {
    if (!this.button) return;
    const isOn = this.button.getAttribute("aria-pressed") !== "true";
    this.button.setAttribute("aria-pressed", String(isOn));
    if (isOn) {
      const overlay = await this.#opened();
      if (this.button.getAttribute("aria-pressed") === "true") overlay.play((at) => this.dataset.kind !== "frames" && this.#say(at));
    } else {
      this.#overlay?.remove();
      this.#overlay = null;
      this.#say(-1);
    }
  }

  async step(by) {
    this.button.setAttribute("aria-pressed", "false");
    const isNew = !this.#overlay;
    const overlay = await this.#opened();
    overlay.pause();
    const from = isNew ? this.links.findIndex((link) => link.hasAttribute("aria-current")) : overlay.at;
    overlay.show(from + by);
    this.#say(overlay.at);
  }
}

customElements.define("group-player", GroupPlayer);
