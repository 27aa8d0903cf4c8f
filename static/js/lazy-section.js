// <lazy-section src>: a section that needs a search of its own, loaded when it comes into view.
// It contains a link to the same results for pages without scripts.
class LazySection extends HTMLElement {
  #observer;

  connectedCallback() {
    this.#observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#load();
    }, { rootMargin: "200px" });
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#observer.disconnect();
  }

  async #load() {
    this.#observer.disconnect();
    this.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(this.getAttribute("src"), { headers: { Accept: "text/html" } });
      if (!response.ok) throw new Error(String(response.status));
      const part = new DOMParser().parseFromString(await response.text(), "text/html");
      this.replaceChildren(...document.adoptNode(part.body).childNodes);
      document.dispatchEvent(new CustomEvent("akin:added"));
    } catch {
      this.classList.add("failed"); // keep the link inside
    } finally {
      this.removeAttribute("aria-busy");
    }
  }
}

customElements.define("lazy-section", LazySection);
