// <lazy-part src>: a part of a page that costs a search, asked for when it comes into view.
// Inside stands a link that leads to the same without this.
class LazyPart extends HTMLElement {
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
    } catch {
      this.classList.add("failed"); // the link inside stays
    } finally {
      this.removeAttribute("aria-busy");
    }
  }
}

customElements.define("lazy-part", LazyPart);
