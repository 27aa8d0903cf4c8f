// <copy-text>: adds a button that copies the text inside. Without it the text can still be selected.
class CopyText extends HTMLElement {
  #button;

  connectedCallback() {
    if (!navigator.clipboard || this.#button) return;
    this.#button = document.createElement("button");
    this.#button.type = "button";
    this.#button.className = "copy";
    this.#say("Copy");
    this.#button.addEventListener("click", this.#copy);
    this.append(this.#button);
  }

  disconnectedCallback() {
    this.#button?.remove();
    this.#button = undefined;
  }

  #copy = async () => {
    const text = this.querySelector(".text").textContent;
    try {
      await navigator.clipboard.writeText(text);
      this.#say("Copied");
    } catch {
      this.#say("Press Ctrl+C");
      getSelection().selectAllChildren(this.querySelector(".text"));
    }
    setTimeout(() => this.#button && this.#say("Copy"), 1500);
  };

  #say(words) {
    this.#button.textContent = words;
  }
}

customElements.define("copy-text", CopyText);
