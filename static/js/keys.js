// Keyboard shortcuts: the help lists the keys, their actions and where they apply (app/viewmodels/parts/shortcuts.py).
// Text fields and the browser's own shortcuts are left alone.
import { steer } from "./navigate.js";
import { root } from "./root.js";
import { showToast } from "./toast.js";

const cards = () => [...document.querySelectorAll(".grid .card .picture")];
/** Return the card with the focus. */
export const focused = () => document.activeElement?.closest?.(".card");
const isTyping = (element) => element?.matches?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

// The next picture in a direction: left and right in reading order, up and down by position.
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
  if (!card && (event.key === "ArrowUp" || !cards().length)) return false; // the page scrolls
  const target = card ? neighbour(card.querySelector(".picture"), event.key) : cards()[0];
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}

/** Move the focus from a card to the next one, if there is one. */
export function focusNext() {
  const card = focused();
  const next = card && neighbour(card.querySelector(".picture"), "ArrowRight");
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const press = (selector, within = focused()) => within?.querySelector(selector)?.click();
// Play or pause the sound of the focused card, otherwise the media of the asset page.
function play() {
  const media = document.querySelector(".media-view :is(audio, video)");
  if (!media) return false; // the page scrolls
  if (media.paused) media.play();
  else media.pause();
}
const add = (side) => {
  const full = focused()?.querySelector(`button[name="${side}"]:disabled`);
  if (full) showToast(full.title);
  else if (focused()) steer([side, focused().dataset.assetId]);
};
const follow = (rel) => {
  const link = document.querySelector(`.pagination a[rel="${rel}"], .result-navigation a[rel="${rel}"], .review-steps a[rel="${rel}"]`);
  link?.click();
};

// Switch to the next background. On an asset page this replaces the history entry.
function nextBackground() {
  const links = [...document.querySelectorAll(".backgrounds a")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[(at + 1) % links.length];
  if (document.querySelector(".workspace")) next?.click();
  else if (next) location.replace(next.href);
}

/**
 * Functions by the names of the help; other modules add theirs. One that returns false leaves the key to the browser;
 * keys do nothing until a promise is settled.
 */
export const actions = {
  move,
  play,
  leave,
  like: () => add("like"),
  unlike: () => add("unlike"),
  // On an asset page without a focused card: the asset of the page.
  similar: () => press(".similar", focused() ?? document.querySelector(".asset")),
  select: () => press(".pick"),
  explain: () => press(".explain"),
  background: nextBackground,
  write: () => {
    const query = document.querySelector('.query-field input[name="query"]');
    query?.focus();
    query?.select();
  },
  group: () => false, // groups.js, on pages with groups
  previous: () => follow("prev"),
  next: () => follow("next"),
  copyPath: () => press(".file-path .copy", document),
  showInFolder: () => press(".file-path form button", document),
  help: () => document.getElementById("help")?.togglePopover(),
};

const table = new Map(); // "place key" -> name of the action
for (const { dataset } of document.querySelectorAll("#help [data-action]")) {
  for (const place of dataset.places.split(" ")) {
    for (const key of dataset.keys.split(" ")) table.set(`${place} ${key}`, dataset.action);
  }
}

// Where the focus is, in the words of the table.
function place() {
  if (focused()) return "card";
  if (document.querySelector("review-keys")) return "review";
  return document.querySelector(".asset") ? "asset" : "page";
}

// The name of a key in the table. Letters are the same with Caps Lock. Where the layout has no Latin
// letters, the physical key counts. Many layouts need Shift or AltGr (Option) for a sign.
const PHYSICAL = { BracketLeft: "[", BracketRight: "]" };
function nameOf(event) {
  const isAltGr = event.getModifierState("AltGraph");
  const isSign = /^[^\p{L}\s]$/u.test(event.key);
  let modifiers = event.metaKey || (event.ctrlKey && !isAltGr) ? "Ctrl+" : "";
  if ((event.altKey || isAltGr) && !isSign) modifiers += "Alt+";
  if (event.shiftKey && !isSign) modifiers += "Shift+";
  let key = event.key === " " ? "Space" : event.key;
  if (/^\p{L}$/u.test(key)) {
    key = /\p{Script=Latin}/u.test(key) ? key.toLowerCase() : (PHYSICAL[event.code] ?? event.code.replace(/^Key/, "").toLowerCase());
  }
  return modifiers + key;
}

// Whether the focused element uses the key itself: radio buttons, sliders and players the arrow keys, controls Space.
function isTaken(name) {
  const uses = { Arrow: "input, summary, video, audio", Space: "input, button, summary, video, audio" };
  return Object.entries(uses).some(([start, elements]) => name.startsWith(start) && document.activeElement?.matches(elements));
}

let isWaiting = false;
let loading = 0; // modules
const held = []; // events of keys that were pressed meanwhile

/** Keys that are pressed until a promise is settled act afterwards, in their order. */
export function hold(promise) {
  loading += 1;
  const release = () => {
    loading -= 1;
    while (!loading && held.length) actLater(held.shift());
  };
  promise.then(release, release);
}

// A held key: text, where the focus is in a field by now; else its action.
function actLater(event) {
  const field = document.activeElement;
  if (!isTyping(field)) return act(event);
  if (event.key.length === 1) document.execCommand("insertText", false, event.key);
}

document.addEventListener("keydown", (event) => {
  // 229: an input method takes the key. Safari sends it when a composition has just ended.
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
  const name = nameOf(event);
  const action = table.get(`${place()} ${name}`);
  const isHeld = loading > 0 && /^.$/u.test(name); // it may be meant for a field that is about to open
  if ((!action && !isHeld) || isTaken(name)) return;
  if (action === "leave") return leave(event);
  if (isTyping(document.activeElement) || document.querySelector("dialog[open]")) return;
  if (document.activeElement?.closest("[popover]") && !["help", "undo"].includes(action)) return;
  const isText = action === "copyPicture"; // which leaves selected text to the browser, at once
  if (loading && !isText) held.push(event);
  if ((loading && !isText) || isWaiting) return event.preventDefault();
  act(event);
});

function act(event) {
  const result = actions[table.get(`${place()} ${nameOf(event)}`)]?.(event);
  if (result !== false) event.preventDefault();
  if (!(result instanceof Promise)) return;
  isWaiting = true;
  result.catch(() => {}).finally(() => (isWaiting = false));
}

// Esc leaves one level: from a field to the pictures, from a picture to the page, from an asset page to its
// search. Dialogs and popovers are closed by the browser.
function leave(event) {
  if (document.querySelector("dialog[open], [popover]:not(.toast):popover-open")) return;
  const open = document.querySelector("details.upload[open], details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (document.activeElement?.matches('.query-field input[name="query"]')) {
    event.preventDefault(); // otherwise the browser would clear the field
    // On an asset page the cards belong to its card rows, so focus the page instead.
    (document.querySelector(".results .picture") ?? document.getElementById("main")).focus({ preventScroll: true });
  } else if (document.querySelector("zoom-image.close")) document.querySelector("zoom-image.close").click();
  else if (focused() || document.activeElement?.matches(".review-page textarea")) document.activeElement.blur();
  else if (!isTyping(document.activeElement)) back();
}

// Use the history when the previous page was the results, which restores the scroll position.
function back() {
  const link = document.querySelector(".asset .back");
  if (!link) return;
  const from = URL.canParse(document.referrer) && new URL(document.referrer);
  if (from && from.origin === location.origin && from.pathname === root) history.back();
  else link.click();
}

