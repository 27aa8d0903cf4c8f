// <inspect-picture src>: the button that opens and closes the inspector of the picture on an asset page.
import { actions } from "./keys.js";
import { request, SignedOut } from "./session.js";
import { showToast } from "./toast.js";

class InspectPicture extends HTMLElement {
  #panel = null;

  connectedCallback() {
    this.firstElementChild.addEventListener("click", () => this.toggle());
    this.#show();
  }

  #show() {
    this.firstElementChild.setAttribute("aria-expanded", String(this.#panel !== null));
  }

  async toggle() {
    const view = document.querySelector(".media-view");
    if (this.#panel) {
      this.#panel.remove();
      this.#panel = null;
      view.classList.remove("inspected");
      return this.#show();
    }
    try {
      const [response, { inspect }] = await Promise.all([request(this.getAttribute("src")), import("./inspect.js")]);
      if (!response.ok) throw new Error(String(response.status));
      const { panel } = await inspect(view, await response.blob());
      this.#panel = panel;
      view.classList.add("inspected");
      panel.querySelector("canvas").focus();
    } catch (error) {
      showToast(error instanceof SignedOut ? "You are signed out. Reload the page to sign in." : "The picture cannot be inspected. Download it, or try again.");
    }
    this.#show();
  }
}

customElements.define("inspect-picture", InspectPicture);
actions.inspect = () => document.querySelector("inspect-picture")?.toggle();
