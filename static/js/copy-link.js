// <copy-link>: a click on the link inside copies its whole address instead of following it.
import { say } from "./pictures.js";

class CopyLink extends HTMLElement {
  connectedCallback() {
    if (navigator.clipboard) this.addEventListener("click", this.#copy);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#copy);
  }

  #copy = async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(link.href);
      say("Link copied");
    } catch {
      location.assign(link.href);
    }
  };
}

customElements.define("copy-link", CopyLink);
