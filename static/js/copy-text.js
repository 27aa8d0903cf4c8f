// <copy-text label>: adds a button that copies the text inside. Without scripts the text can be selected.
import { copy } from "./copy.js";

class CopyText extends HTMLElement {
  #button;

  connectedCallback() {
    if (this.#button) return;
    this.#button = document.createElement("button");
    this.#button.type = "button";
    this.#button.className = "copy";
    this.#label(this.#name);
    this.#button.addEventListener("click", this.#copy);
    this.append(this.#button);
  }

  disconnectedCallback() {
    this.#button?.remove();
    this.#button = undefined;
  }

  get #name() {
    return this.getAttribute("label") ?? "Copy";
  }

  #copy = async () => {
    const text = this.querySelector(".text");
    const copied = await copy(text.textContent);
    if (!copied) getSelection().selectAllChildren(text);
    this.#label(copied ? "Copied" : "Not copied: the text is selected");
    setTimeout(() => this.#button && this.#label(this.#name), copied ? 1500 : 6000);
  };

  #label(words) {
    this.#button.textContent = words;
  }
}

customElements.define("copy-text", CopyText);
