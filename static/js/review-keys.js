// <review-keys>: the keys of a review. On the page of one asset y, m and n answer, and the arrows go to the
// previous and next one. In the list they move the focus, and an answer goes on to the next asset.
import { actions } from "./keys.js";

const page = () => document.querySelector("review-keys");
const items = () => [...page().querySelectorAll(".review-item")];
const current = () => document.activeElement?.closest(".review-item");
const isSingle = () => page().hasAttribute("data-single");

function focus(item) {
  item?.querySelector(".picture").focus();
  return item !== undefined;
}

actions.answer = ({ key, code }) => {
  const name = /^[ymn]$/i.test(key) ? key.toLowerCase() : code.replace(/^Key/, "").toLowerCase();
  if (isSingle()) return page().querySelector(`button[data-key="${name}"]`)?.click();
  const item = current();
  const choice = item?.querySelector(`input[data-key="${name}"]`);
  if (!choice) return false;
  choice.checked = true;
  focus(items()[items().indexOf(item) + 1]);
};

actions.comment = () => (isSingle() ? page() : (current() ?? page())).querySelector("textarea")?.focus();

// Up and down scroll the page of one asset, and the list before an asset has the focus.
actions.step = ({ key }) => {
  if (isSingle()) {
    const rel = { ArrowLeft: "prev", ArrowRight: "next" }[key];
    return rel ? page().querySelector(`a[rel="${rel}"]`)?.click() : false;
  }
  const at = items().indexOf(current());
  if (at < 0) return key === "ArrowRight" && focus(items()[0]);
  return focus(items()[at + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1)]);
};

customElements.define("review-keys", class extends HTMLElement {});
