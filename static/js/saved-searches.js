// <saved-searches>: recent searches, and searches saved under a name, stored in this browser only. When it
// is opened, it requests the number of new assets of each saved search.
import { copy } from "./copy.js";
import { start } from "./local-time.js";
import { root, storageKey } from "./root.js";

const SAVED = storageKey("akin.saved"); // [{ name, url, seen }]: seen: when its results were last shown
const RECENT = storageKey("akin.recent"); // [{ name, url }]
const MAX_ITEMS = { [SAVED]: 100, [RECENT]: 12 };
const MAX_COUNTED = 8; // saved searches that are counted when the list is opened
const FRESH_MS = 5 * 60_000;
const counts = new Map(); // URL of a count request -> { count, at }

const isSearch = (item) => typeof item?.name === "string" && typeof item?.url === "string" && /^(\?|$)/.test(item.url.slice(root.length)) && item.url.startsWith(root);

function load(key) {
  try {
    const items = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(items) ? items.filter(isSearch) : [];
  } catch {
    return []; // storage is disabled, or contains something else
  }
}

function store(key, items) {
  try {
    localStorage.setItem(key, JSON.stringify(items.slice(0, MAX_ITEMS[key])));
  } catch {
    // storage is disabled or full: the list is lost with the page
  }
}

/** Return the saved searches as text: a line with the name, a line with the address of each. */
export const savedLinks = () => load(SAVED).map(({ name, url }) => `${name}\n${new URL(url, location.href).href}`).join("\n\n");

/** Return the search that the page shows, without its page number; null if it shows none. */
function shown() {
  const canonical = document.head.querySelector('link[rel="canonical"]');
  const title = document.querySelector(".workspace h1");
  if (!canonical || !title) return null;
  const url = new URL(canonical.href, location.href);
  if (url.pathname !== root) return null;
  for (const name of ["page", "offset", "limit"]) url.searchParams.delete(name);
  const query = url.search.replaceAll("%3A", ":").replaceAll("%2C", ",");
  return { name: title.textContent.trim().replace(/ · (page|from) \d+$/, ""), url: `${root}${query}` };
}

/** Return the URL of the same search for assets newer than `seen`; null if that cannot be searched. */
function since({ url, seen }) {
  const newer = new URL(url, location.href);
  const pairs = newer.searchParams;
  // A search by similarity or meaning matches every asset, so there is no number of new ones.
  if (!seen || pairs.has("like") || pairs.has("unlike") || Number(pairs.get("querySemanticRatio")) > 0) return null;
  const [low = "", high = ""] = (pairs.get("createdAt") ?? "").split("..");
  if (high) return null; // nothing new in a closed interval
  pairs.set("createdAt", `${start(low) > start(seen) ? low : seen}..`);
  return newer;
}

async function countNew(newer) {
  const url = new URL(newer);
  url.pathname = `${root}search.json`;
  for (const name of ["sortBy", "groups", "stacks", "density", "endless"]) url.searchParams.delete(name);
  url.searchParams.set("hitsPerPage", "1");
  const known = counts.get(url.href);
  if (known && performance.now() - known.at < FRESH_MS) return known.count;
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) return null;
  const { totalHits } = await response.json();
  const count = Number.isInteger(totalHits) ? totalHits : null;
  counts.set(url.href, { count, at: performance.now() });
  return count;
}

class SavedSearches extends HTMLElement {
  #details;
  #form;
  #isCounting = false;

  connectedCallback() {
    this.#details = this.querySelector("details");
    this.#form = this.querySelector("form");
    this.#details.addEventListener("toggle", this.#open);
    this.#form.addEventListener("submit", this.#save);
    this.addEventListener("click", this.#press);
    addEventListener("storage", this.#show);
    document.addEventListener("akin:navigated", this.#note);
    this.#note();
    if (this.#details.open) this.#open();
  }

  disconnectedCallback() {
    this.#details.removeEventListener("toggle", this.#open);
    this.#form.removeEventListener("submit", this.#save);
    this.removeEventListener("click", this.#press);
    removeEventListener("storage", this.#show);
    document.removeEventListener("akin:navigated", this.#note);
  }

  // Add the shown search to the recent ones; if it is saved, update when it was seen.
  #note = () => {
    const search = shown();
    if (!search) return;
    if (search.url !== root) store(RECENT, [search, ...load(RECENT).filter(({ url }) => url !== search.url)]);
    const saved = load(SAVED);
    const own = saved.find(({ url }) => url === search.url);
    if (own) {
      own.seen = new Date().toISOString();
      store(SAVED, saved);
    }
  };

  #open = () => {
    if (!this.#details.open) return;
    this.#show();
    this.#count();
  };

  #save = (event) => {
    event.preventDefault();
    const search = shown();
    const name = this.#form.elements["saved-name"].value.trim();
    if (!search || !name) return;
    const others = load(SAVED).filter((item) => item.url !== search.url);
    store(SAVED, [{ ...search, name, seen: new Date().toISOString() }, ...others]);
    this.#show();
    this.querySelector('[data-list="saved"] a')?.focus();
  };

  #press = (event) => {
    const button = event.target.closest("button");
    // A button that is gone when the click arrives at the document would count as outside.
    if (button) event.stopPropagation();
    if (button?.matches(".remove-saved")) this.#drop(button);
    else if (button?.matches("[data-export]")) this.#export(button);
    else if (button?.matches("[data-forget]")) {
      store(RECENT, []);
      this.#show();
      this.querySelector("summary").focus();
    }
  };

  #drop(button) {
    const item = button.closest("li");
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const key = item.closest("[data-list]").dataset.list === "saved" ? SAVED : RECENT;
    store(key, load(key).filter(({ url }) => url !== item.dataset.url));
    const at = next?.dataset.url;
    this.#show();
    const again = at === undefined ? null : this.querySelector(`li[data-url="${CSS.escape(at)}"] .remove-saved`);
    (again ?? this.querySelector("summary")).focus();
  }

  async #export(button) {
    const words = button.textContent;
    const copied = await copy(savedLinks());
    button.textContent = copied ? "Copied" : "Copying failed";
    setTimeout(() => (button.textContent = words), 1500);
  }

  #show = () => {
    const search = shown();
    const saved = load(SAVED);
    const recent = load(RECENT);
    this.#form.hidden = search === null;
    if (search) {
      const known = saved.find(({ url }) => url === search.url);
      this.#form.elements["saved-name"].value = known?.name ?? search.name.slice(0, 120);
    }
    this.#fill("saved", saved);
    this.#fill("recent", recent.filter(({ url }) => url !== search?.url));
    this.querySelector("[data-none]").hidden = true;
  };

  #fill(list, items) {
    const section = this.querySelector(`[data-list="${list}"]`);
    section.hidden = items.length === 0;
    section.querySelector("ul").replaceChildren(...items.map((item) => this.#row(item)));
  }

  #row({ name, url }) {
    const row = this.querySelector("template").content.cloneNode(true).querySelector("li");
    row.dataset.url = url;
    const link = row.querySelector(".saved-link");
    link.href = url;
    link.textContent = name;
    link.title = name;
    row.querySelector(".remove-saved").setAttribute("aria-label", `Remove ${name}`);
    return row;
  }

  // One after the other, because each count is a search.
  async #count() {
    if (this.#isCounting) return;
    this.#isCounting = true;
    try {
      for (const item of load(SAVED).slice(0, MAX_COUNTED)) {
        const newer = since(item);
        const count = newer && (await countNew(newer));
        if (!this.isConnected || !this.#details.open) break;
        const link = this.querySelector(`[data-list="saved"] li[data-url="${CSS.escape(item.url)}"] .new-count`);
        if (!count || !link) continue;
        // Akin's URLs leave ":" and "," as they are.
        link.href = newer.pathname + newer.search.replaceAll("%3A", ":").replaceAll("%2C", ",");
        link.textContent = `${count} new`;
        link.setAttribute("aria-label", `${count} new in ${item.name}`);
        link.hidden = false;
      }
    } catch {
      // the server cannot be reached: show the list without counts
    } finally {
      this.#isCounting = false;
    }
  }
}

customElements.define("saved-searches", SavedSearches);
