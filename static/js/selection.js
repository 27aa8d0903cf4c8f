// Selection in the grid: the checkbox, a click with Shift on a picture (a range, after another one), Shift with the
// arrows, all of the page or of the search, an announced count, and assets selected on other pages of this tab. While
// something is selected, Ctrl and a click selects as well. Without scripts the checkboxes are a plain form.
import { actions } from "./keys.js";
import { root, storageKey } from "./root.js";
import { showToast } from "./toast.js";

const STORAGE_KEY = storageKey("akin:picked"); // the ids, in the order of selection
export const MOST_IN_ADDRESS = 200; // as MOST_SELECTED in app/query/selection.py
let last = null;
let range = new Set(); // boxes that Shift and the arrows have checked since `last`

const boxes = () => [...document.querySelectorAll(".card .pick")];
const boxOf = (card) => card?.querySelector(".pick");
const focused = () => document.activeElement?.closest?.(".card");

/** Return whether anything is selected. */
export const isSelecting = () => document.querySelector(".pick:checked, .selection .other-pages") !== null;

/** Select cards, or unselect them. */
export function select(cards, isChecked = true) {
  const changed = cards.map(boxOf).filter((box) => box && box.checked !== isChecked);
  for (const box of changed) box.checked = isChecked;
  if (changed.length) update(changed);
}

// The boxes from one to another one, in the order of the page.
function between(one, other) {
  const all = boxes();
  const [from, to] = [all.indexOf(one), all.indexOf(other)].sort((a, b) => a - b);
  return from < 0 ? [other] : all.slice(from, to + 1);
}

const isResults = () => document.querySelector(".results .selection") !== null;

// Without storage, a selection is limited to its page.
function stored() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(STORAGE_KEY)) ?? []);
  } catch {
    return new Set();
  }
}

function store(ids) {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...ids]));
  } catch {
    // storage is disabled, as in some private windows
  }
}

// Check the selected assets of this page, and add the others as hidden fields of the form.
function restore() {
  if (!isResults()) return;
  const ids = stored();
  for (const box of boxes()) {
    box.checked = ids.has(box.value);
    ids.delete(box.value);
  }
  const form = document.getElementById("selection");
  for (const old of form.querySelectorAll(".other-pages")) old.remove();
  form.append(...[...ids].map((id) => {
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id });
    hidden.className = "other-pages";
    return hidden;
  }));
  showCount();
}

function showCount() {
  const output = document.querySelector(".selection output");
  const ticked = boxes().filter((box) => box.checked).length;
  if (!output) return;
  const count = ticked + document.querySelectorAll(".selection .other-pages").length;
  output.textContent = `${count} selected`;
  const open = output.parentElement.querySelector("button.open");
  // More than an address takes are stored on the server.
  if (open) Object.assign(open, { formAction: `${root}${count > MOST_IN_ADDRESS ? "selections" : "selection"}`, formMethod: count > MOST_IN_ADDRESS ? "post" : "get" });
}

/** Return the ids of the selected assets: those of this page first. Empty on other pages than results. */
export function selectedIds() {
  if (!isResults()) return [];
  const others = document.querySelectorAll(".selection .other-pages");
  return [...boxes().filter((box) => box.checked), ...others].map((each) => each.value);
}

function update(changed) {
  const ids = stored();
  for (const box of changed) {
    if (box.checked) ids.add(box.value);
    else ids.delete(box.value);
  }
  store(ids);
  showCount();
}

document.addEventListener("click", (event) => {
  const card = event.target.closest?.(".card");
  if (!card) return;
  const box = card.querySelector(".pick");
  const onBox = event.target === box;
  const isCtrl = event.ctrlKey || event.metaKey;
  const isGesture = event.target.closest(".picture") && (isCtrl ? isSelecting() : event.shiftKey);
  if (!onBox && !isGesture) return;
  if (!onBox) {
    event.preventDefault();
    box.checked = !box.checked;
  }
  let changed = [box];
  if (event.shiftKey && last?.isConnected) {
    changed = between(last, box);
    for (const each of changed) each.checked = box.checked;
  }
  last = box;
  range = new Set();
  update(changed);
});

// Shift and an arrow move on and select all from the card where that began.
actions.extend = (event) => {
  const from = boxOf(focused());
  if (!range.has(from)) [last, range] = [from, new Set([from])];
  actions.move(event);
  const next = new Set(between(last, boxOf(focused())));
  const changed = [...range].filter((box) => !next.has(box));
  for (const box of changed) box.checked = false;
  for (const box of next) box.checked = true;
  range = next;
  update([...changed, ...next]);
};

actions.compare = () => {
  const button = document.querySelector('.selection button[formaction$="/compare"]');
  if (button && selectedIds().length > 1) button.click();
  else showToast("Select two assets or more to compare them.");
};

// The hits of the page; what is closest in meaning is not among the results, except where there are no others.
function hits() {
  const all = [...document.querySelectorAll(".grid .card")];
  const own = all.filter((card) => !card.closest(".closest-hits"));
  return own.length ? own : all;
}

// All of the page; once more, all results of the search, as a selection that the server stores.
actions.selectAll = () => {
  const all = document.querySelector('button[form="selection"][formaction$="/selections/all"]');
  const isPage = hits().every((card) => boxOf(card).checked);
  if (isPage && all) return all.click();
  select(hits());
  showToast(all ? `All of this page are selected. Ctrl+A again: ${all.textContent.trim().toLowerCase()}.` : "All of this page are selected.");
};

document.addEventListener("change", (event) => event.target.matches?.(".pick") && update([event.target]));
document.addEventListener("reset", (event) => {
  if (!event.target.matches("#selection")) return; // `target.id` would be the field named id
  store([]);
  setTimeout(restore);
});
// The selected assets become examples of the search, so clear the selection.
document.addEventListener("submit", (event) => {
  if (event.submitter?.getAttribute("formaction") === `${root}selection/like`) store([]);
});
document.addEventListener("akin:navigated", restore);
addEventListener("pageshow", restore); // a restored page may have outdated checkboxes
