// <compare-slider>: sets the position of the slider where css cannot derive it from a view timeline.
class CompareSlider extends HTMLElement {
  connectedCallback() {
    if (!CSS.supports("animation-timeline: view()")) this.addEventListener("input", this.#update);
  }

  disconnectedCallback() {
    this.removeEventListener("input", this.#update);
  }

  #update = (event) => {
    this.style.setProperty("--split", event.target.value / 100);
  };
}

customElements.define("compare-slider", CompareSlider);
