// <theme-switch>: system, dark or light theme, stored in this browser. Hidden without scripts.
const LABELS = { system: "Theme: system", dark: "Theme: dark", light: "Theme: light" };
const NEXT = { system: "dark", dark: "light", light: "system" };

class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", this.#turn);
    this.#label();
  }

  disconnectedCallback() {
    this.querySelector("button").removeEventListener("click", this.#turn);
  }

  get #chosen() {
    return document.documentElement.dataset.theme ?? "system";
  }

  #turn = () => {
    const next = NEXT[this.#chosen];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // storage is disabled: the choice is limited to this page
    }
    this.#label();
  };

  #label() {
    const button = this.querySelector("button");
    button.setAttribute("aria-label", LABELS[this.#chosen]);
    button.title = LABELS[this.#chosen];
  }
}

customElements.define("theme-switch", ThemeSwitch);
