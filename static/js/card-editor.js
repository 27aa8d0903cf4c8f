// The editor of a card or a selection: stars, label, tag and collection in one popover, without leaving the page. On an
// asset page the keys lead to its own fields.
import { showInControls, stateOf } from "./edited-page.js";
import { targets } from "./editing.js";
import { focused } from "./keys.js";
import { showToast } from "./toast.js";

let popover = null;
const FIELDS = { tag: "#edit-tag", collection: "#edit-collection" };

/** Open the editor with the focus on its stars, or on the field for a tag or a collection. */
export function open(part, card = focused()) {
  const own = card ? null : document.querySelector(`.asset ${FIELDS[part]}`);
  if (own) return own.focus();
  const ids = targets(card);
  if (!ids.length) return showToast("Select pictures first, or focus one.");
  popover?.remove();
  popover = document.getElementById("edit-parts").content.querySelector(".card-editor").cloneNode(true);
  const name = ids.length === 1 ? card?.querySelector(".name")?.textContent : "";
  popover.querySelector("h2").textContent = name || `${ids.length} selected pictures`;
  for (const form of popover.querySelectorAll("form")) form.append(...ids.map(idField));
  const page = popover.querySelector("a");
  page.href = ids.length === 1 ? card.querySelector("a.edit").href : `${page.href}?${new URLSearchParams(ids.map((id) => ["id", id]))}`;
  const back = card?.querySelector(".picture");
  const update = () => showMarks(ids);
  document.addEventListener("akin:marked", update);
  popover.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    document.removeEventListener("akin:marked", update);
    const hadFocus = popover.contains(document.activeElement) || document.activeElement === document.body;
    popover.remove();
    if (hadFocus) back?.focus({ preventScroll: true });
  });
  document.body.append(popover);
  update();
  popover.showPopover();
  popover.querySelector(part === "stars" ? ".star" : `#card-${part}`)?.focus();
}

const idField = (value) => Object.assign(document.createElement("input"), { type: "hidden", name: "id", value });

// What all of the assets have in common.
function showMarks(ids) {
  const states = ids.map(stateOf);
  const common = (name, none) => (states.every((each) => each[name] === states[0][name]) ? states[0][name] : none);
  showInControls(popover, common("rating", 0), common("label", ""));
}
