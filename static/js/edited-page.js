// What the page shows about assets that are changed: the marks of cards, the controls of an asset, its facts.
import { storageKey } from "./root.js";
import { request } from "./session.js";

const STORAGE_KEY = storageKey("akin:edited"); // [[id, { rating, label }]]: the latest changes of this tab
const MOST_STORED = 500;

const named = (id, selector) => [...document.querySelectorAll(`${selector}[data-asset-id="${CSS.escape(id)}"]`)];

/** Return rating (0 to 5) and label ("pick", "reject" or "") of an asset as the page shows them. */
export function stateOf(id) {
  const [card] = named(id, ".card");
  if (card) return { rating: Number(card.dataset.rating ?? 0), label: card.dataset.label ?? "" };
  const controls = named(id, ".asset")[0]?.querySelector(".edit");
  return {
    rating: Number(controls?.querySelector(".stars")?.dataset.rating ?? 0),
    label: controls?.querySelector(".labels [aria-pressed=true]")?.classList[0].replace("label-", "") ?? "",
  };
}

/** Show rating and label of an asset on its cards and its page. */
export function show(id, { rating, label }) {
  for (const card of named(id, ".card")) showOnCard(card, rating, label);
  for (const asset of named(id, ".asset")) showInControls(asset.querySelector(".edit"), rating, label);
}

/** Store what was changed, for pages that the browser shows again as they were. */
export function remember(states) {
  try {
    const latest = new Map([...stored(), ...states.map(([id, { rating, label }]) => [id, { rating, label }])]);
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...latest].slice(-MOST_STORED)));
  } catch {
    // storage is disabled, as in some private windows
  }
}

const stored = () => JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "[]");

/** Show what was changed since the browser stored this page. */
export function restore() {
  try {
    for (const [id, state] of stored()) show(id, state);
  } catch {
    // storage is disabled
  }
}

function showOnCard(card, rating, label) {
  card.querySelector(".marks")?.remove();
  for (const [name, value] of Object.entries({ rating, label })) {
    if (value) card.dataset[name] = value;
    else delete card.dataset[name];
  }
  if (!rating && !label) return;
  const marks = document.getElementById("edit-parts").content.querySelector("p.marks").cloneNode(true);
  marks.querySelector(".number").textContent = rating;
  const isShown = { rating, "pick-mark": label === "pick", "reject-mark": label === "reject" };
  for (const part of [...marks.children]) if (!isShown[part.className]) part.remove();
  card.querySelector(".caption").before(marks);
}

/** Show rating and label in the buttons for them. */
export function showInControls(controls, rating, label) {
  const stars = controls?.querySelector(".stars");
  if (stars) stars.dataset.rating = rating;
  for (const star of controls?.querySelectorAll(".star") ?? []) {
    const number = Number(star.value.split(":")[1]);
    star.classList.toggle("on", number <= rating);
    star.setAttribute("aria-pressed", String(number === rating));
  }
  for (const name of ["pick", "reject"]) {
    const button = controls?.querySelector(`.labels .label-${name}`);
    button?.setAttribute("aria-pressed", String(name === label));
    if (button) button.value = `label:${name === label ? "" : name}`; // a press on the label that is set removes it
  }
}

/**
 * Replace the facts of an asset page by those of the server, with focus, open parts and typed text kept, unless
 * `isLatest` returns false: then a later change does so.
 */
export async function refresh(sent, isLatest) {
  const facts = document.querySelector(".asset > .facts");
  if (!facts || !isLatest()) return;
  const response = await request(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  const part = next.querySelector(".asset > .facts");
  if (!part || !facts.isConnected || !isLatest()) return;
  for (const { id } of facts.querySelectorAll("details[id][open]")) part.querySelector(`#${id}`)?.setAttribute("open", "");
  for (const field of facts.querySelectorAll("form:not([id=search]) :is(input[id], textarea[id])")) {
    const isTyped = field.value !== field.defaultValue && field.form !== sent;
    if (isTyped && part.querySelector(`#${field.id}`)) part.querySelector(`#${field.id}`).value = field.value;
  }
  const focus = facts.contains(document.activeElement) ? focusIn(document.activeElement) : null;
  facts.replaceWith(document.adoptNode(part));
  focus?.(part)?.focus({ preventScroll: true });
  document.title = next.title;
  const view = next.querySelector(".media-view");
  document.querySelector(".media-view").classList.toggle("sensitive", view?.classList.contains("sensitive"));
}

// A function that finds the focused element again: the same one, or the one that took its place.
function focusIn(element) {
  const { id, name, value, className } = element;
  const section = element.closest("section[id], details[id]")?.id;
  const alike = (home) => [...(home?.getElementsByClassName(className) ?? [])];
  const at = section ? alike(document.getElementById(section)).indexOf(element) : -1;
  return (part) => {
    if (id) return part.querySelector(`#${CSS.escape(id)}`);
    const home = section ? part.querySelector(`#${section}`) : part;
    const same = name && home?.querySelector(`[name="${name}"][value="${CSS.escape(value)}"]`);
    return same || alike(home)[at] || alike(home).at(-1) || home?.querySelector("input:not([type=hidden]), button, summary");
  };
}
