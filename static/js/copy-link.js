// <copy-link>: a click on the link inside copies its absolute URL instead of following it.
import { copy } from "./copy.js";
import { showToast } from "./toast.js";

class CopyLink extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.#copy);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#copy);
  }

  #copy = async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (await copy(link.href)) return showToast("Link copied");
    showToast("The browser did not allow copying. Copy the link in the box.");
    this.#showUrl(link.href);
  };

  #showUrl(url) {
    const field = this.querySelector("input") ?? document.createElement("input");
    field.readOnly = true;
    field.value = url;
    field.setAttribute("aria-label", "Link");
    this.append(field);
    field.select();
  }
}

customElements.define("copy-link", CopyLink);
