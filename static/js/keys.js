// Keyboard: arrows move through the grid, single letters steer. Nothing is taken from a field that
// is being typed into, nor from a browser's own shortcuts.
import { steer } from "./navigate.js";
import { say } from "./pictures.js";

const cards = () => [...document.querySelectorAll(".grid .card .picture")];
const focused = () => document.activeElement?.closest?.(".card");
const isTyping = (element) => element?.matches?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

// The nearest picture in a direction: beside it in reading order, above or below by place.
function neighbour(from, key) {
  const all = cards();
  const at = all.indexOf(from);
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  const box = from.getBoundingClientRect();
  const middle = box.left + box.width / 2;
  const down = key === "ArrowDown";
  let best = null;
  let row = null;
  for (const each of down ? all.slice(at + 1) : all.slice(0, at).reverse()) {
    const other = each.getBoundingClientRect();
    if (Math.abs(other.top - box.top) < 8) continue;
    if (row === null) row = other.top;
    if (Math.abs(other.top - row) > 8) break;
    const distance = Math.abs(other.left + other.width / 2 - middle);
    if (!best || distance < best.distance) best = { each, distance };
  }
  return best?.each;
}

function move(event) {
  const card = focused();
  const target = card ? neighbour(card.querySelector(".picture"), event.key) : cards()[0];
  if (!target) return false;
  target.focus();
  target.scrollIntoView({ block: "nearest" });
  return true;
}

// On an asset's page, and not among the cards of its strips: left and right lead through the search.
const isBeforeAsset = () => !focused() && document.querySelector(".asset") !== null;

// Else an arrow scrolls.
function takes(key) {
  if (focused()) return true;
  if (isBeforeAsset()) return key === "ArrowLeft" || key === "ArrowRight";
  return key !== "ArrowUp" && cards().length > 0;
}

const press = (selector) => focused()?.querySelector(selector)?.click();
// The sound of the focused card, else what an asset's page plays.
function play() {
  const button = focused()?.querySelector(".play");
  if (button) return button.click();
  const media = document.querySelector(".stage :is(audio, video)");
  if (media?.paused) media.play();
  else media?.pause();
}
const add = (side) => {
  const full = focused()?.querySelector(`button[name="${side}"]:disabled`);
  if (full) say(full.title);
  else if (focused()) steer([side, focused().dataset.assetId]);
};
const follow = (rel) => {
  const link = document.querySelector(`.pagination a[rel="${rel}"], .neighbours a[rel="${rel}"]`);
  link?.click();
};

// What is transparent is seen on the next ground. A page of an asset leaves no trace in the history.
function ground() {
  const links = [...document.querySelectorAll(".grounds a")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[(at + 1) % links.length];
  if (document.querySelector(".workspace")) next?.click();
  else if (next) location.replace(next.href);
}

const actions = {
  ArrowRight: (event) => (isBeforeAsset() ? follow("next") : move(event)),
  ArrowLeft: (event) => (isBeforeAsset() ? follow("prev") : move(event)),
  ArrowUp: move,
  ArrowDown: move,
  l: () => add("like"),
  u: () => add("unlike"),
  s: () => press(".similar") ?? document.querySelector(".asset .similar")?.click(),
  x: () => press(".pick"),
  w: () => press(".why"),
  p: play,
  g: ground,
  "/": () => {
    const query = document.querySelector('.words input[name="query"]');
    query?.focus();
    query?.select();
  },
  "[": () => follow("prev"),
  "]": () => follow("next"),
  "?": () => document.getElementById("help")?.togglePopover(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return leave(event);
  if (isTyping(document.activeElement) || document.querySelector("dialog[open]")) return;
  // On a radio or a slider the arrows are its own.
  if (event.key.startsWith("Arrow") && document.activeElement?.matches("input, summary, video, audio")) return;
  const action = actions[event.key];
  if (!action || (event.shiftKey && event.key !== "?")) return;
  if (event.key.startsWith("Arrow") && !takes(event.key)) return;
  event.preventDefault();
  action(event);
});

// Esc goes one step out: from a field to the pictures, from the pictures to nothing, from an asset to
// its search. What closes by itself on Esc is left to the browser.
function leave(event) {
  if (document.querySelector("dialog[open], .help:popover-open")) return;
  const open = document.querySelector("details.upload[open], details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (document.activeElement?.matches('.words input[name="query"]')) {
    event.preventDefault(); // or the browser would empty the field
    // On an asset's page the cards are of its strips, which nobody has come for.
    (document.querySelector(".results .picture") ?? document.getElementById("main")).focus({ preventScroll: true });
  } else if (document.querySelector("zoom-image.close")) document.querySelector("zoom-image.close").click();
  else if (focused()) document.activeElement.blur();
  else if (!isTyping(document.activeElement)) back();
}

// To the very place in the results where that is where the reader came from.
function back() {
  const link = document.querySelector(".asset .back");
  if (!link) return;
  const from = URL.canParse(document.referrer) && new URL(document.referrer);
  if (from && from.origin === location.origin && from.pathname === "/") history.back();
  else link.click();
}

