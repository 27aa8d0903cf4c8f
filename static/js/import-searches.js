// <import-searches>: fills the form of an import with the searches that are saved in this browser.
import { savedLinks } from "./saved-searches.js";

class ImportSearches extends HTMLElement {
  #button;

  connectedCallback() {
    this.#button = this.querySelector("button[type=button]");
    this.#button.hidden = savedLinks() === "";
    this.#button.addEventListener("click", this.#insert);
  }

  disconnectedCallback() {
    this.#button.removeEventListener("click", this.#insert);
  }

  #insert = () => {
    const area = this.querySelector("textarea");
    area.value = [area.value.trim(), savedLinks()].filter(Boolean).join("\n\n");
    area.focus();
  };
}

customElements.define("import-searches", ImportSearches);
