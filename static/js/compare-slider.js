// <compare-slider>: where css cannot tell where the slider inside stands, this does.
class CompareSlider extends HTMLElement {
  connectedCallback() {
    if (!CSS.supports("animation-timeline: view()")) this.addEventListener("input", this.#cut);
  }

  disconnectedCallback() {
    this.removeEventListener("input", this.#cut);
  }

  #cut = (event) => {
    this.style.setProperty("--cut", event.target.value / 100);
  };
}

customElements.define("compare-slider", CompareSlider);
