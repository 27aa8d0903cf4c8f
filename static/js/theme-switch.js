// <theme-switch>: system, dark or light, kept in this browser. Shown only where scripts run.
const WORDS = { system: "Theme: as the system", dark: "Theme: dark", light: "Theme: light" };
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
      // storage is refused: the choice holds for this page
    }
    this.#label();
  };

  #label() {
    const button = this.querySelector("button");
    button.setAttribute("aria-label", WORDS[this.#chosen]);
    button.title = WORDS[this.#chosen];
  }
}

customElements.define("theme-switch", ThemeSwitch);
