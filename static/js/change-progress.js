// <change-progress>: while a change is in progress, its content is fetched again and replaced in place.
import { request, SignedOut } from "./session.js";

const PAUSE_MS = 1_500;

class ChangeProgress extends HTMLElement {
  #timer = null;

  connectedCallback() {
    this.#plan();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #plan() {
    this.#timer = this.dataset.running === undefined ? null : setTimeout(() => this.#refresh(), PAUSE_MS);
  }

  async #refresh() {
    try {
      if (!document.hidden) await this.#replace();
    } catch (error) {
      if (error instanceof SignedOut) return;
    }
    if (this.isConnected && this.#timer !== null) this.#plan();
  }

  async #replace() {
    const response = await request(location.href, { cache: "no-store" });
    if (!response.ok || !this.isConnected) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.querySelector("change-progress");
    if (!next || next.innerHTML === this.innerHTML) return;
    const focused = this.contains(document.activeElement) ? document.activeElement.getAttribute("formaction") : null;
    this.innerHTML = next.innerHTML;
    if (next.dataset.running === undefined) {
      delete this.dataset.running;
      document.querySelector("#announcer").textContent = this.querySelector(".state").textContent;
    }
    if (focused) (this.querySelector(`[formaction="${focused}"]`) ?? this.querySelector("button"))?.focus();
  }
}

customElements.define("change-progress", ChangeProgress);
