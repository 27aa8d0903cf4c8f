// <saved-searches>: what was searched lately, and what was saved under a name, kept by this browser
// alone. When it is opened it asks, once a while, how many new assets each saved search has.

const SAVED = "akin.saved"; // [{ name, url, seen }]: seen is when it was last looked at
const RECENT = "akin.recent"; // [{ name, url }]
const MOST = { [SAVED]: 100, [RECENT]: 12 };
const MOST_ASKED = 8; // saved searches that are counted when the list is opened
const FRESH_MS = 5 * 60_000;
const counts = new Map(); // address that counts -> { count, at }

const isSearch = (item) => typeof item?.name === "string" && typeof item?.url === "string" && /^\/(\?|$)/.test(item.url);

function load(key) {
  try {
    const items = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(items) ? items.filter(isSearch) : [];
  } catch {
    return []; // storage is refused, or holds something else
  }
}

function keep(key, items) {
  try {
    localStorage.setItem(key, JSON.stringify(items.slice(0, MOST[key])));
  } catch {
    // storage is refused or full: the list lasts as long as the page
  }
}

/** The search that the page shows, from its first page; null where it shows none. */
function shown() {
  const canonical = document.head.querySelector('link[rel="canonical"]');
  const title = document.querySelector(".workspace h1");
  if (!canonical || !title) return null;
  const url = new URL(canonical.href, location.href);
  if (url.pathname !== "/") return null;
  for (const name of ["page", "offset", "limit"]) url.searchParams.delete(name);
  const query = url.search.replaceAll("%3A", ":").replaceAll("%2C", ",");
  return { name: title.textContent.trim().replace(/ · (page|from) \d+$/, ""), url: `/${query}` };
}

/** The same search for what is newer than `seen`; null where "new" would mean nothing. */
function since({ url, seen }) {
  const newer = new URL(url, location.href);
  const pairs = newer.searchParams;
  // By likeness or meaning everything is found, only further down.
  if (!seen || pairs.has("like") || pairs.has("unlike") || pairs.has("querySemanticRatio")) return null;
  const [low = "", high = ""] = (pairs.get("createdAt") ?? "").split("..");
  if (high) return null; // a closed interval has nothing new
  pairs.set("createdAt", `${low > seen ? low : seen}..`);
  return newer;
}

async function countNew(newer) {
  const url = new URL(newer);
  url.pathname = "/search.json";
  for (const name of ["sortBy", "stacks", "density", "endless"]) url.searchParams.delete(name);
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
  #asking = false;

  connectedCallback() {
    this.#details = this.querySelector("details");
    this.#form = this.querySelector("form");
    this.#details.addEventListener("toggle", this.#open);
    this.#form.addEventListener("submit", this.#save);
    this.addEventListener("click", this.#press);
    addEventListener("storage", this.#show);
    document.addEventListener("akin:shown", this.#note);
    this.#note();
    if (this.#details.open) this.#open();
  }

  disconnectedCallback() {
    this.#details.removeEventListener("toggle", this.#open);
    this.#form.removeEventListener("submit", this.#save);
    this.removeEventListener("click", this.#press);
    removeEventListener("storage", this.#show);
    document.removeEventListener("akin:shown", this.#note);
  }

  // The search that is shown is a recent one; if it is saved, it has been looked at now.
  #note = () => {
    const search = shown();
    if (!search) return;
    if (search.url !== "/") keep(RECENT, [search, ...load(RECENT).filter(({ url }) => url !== search.url)]);
    const saved = load(SAVED);
    const own = saved.find(({ url }) => url === search.url);
    if (own) {
      own.seen = new Date().toISOString();
      keep(SAVED, saved);
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
    keep(SAVED, [{ ...search, name, seen: new Date().toISOString() }, ...others]);
    this.#show();
    this.querySelector('[data-list="saved"] a')?.focus();
  };

  #press = (event) => {
    const button = event.target.closest("button");
    // A button that is gone when the click arrives at the document would count as outside.
    if (button) event.stopPropagation();
    if (button?.matches(".drop")) this.#drop(button);
    else if (button?.matches("[data-export]")) this.#export(button);
    else if (button?.matches("[data-forget]")) {
      keep(RECENT, []);
      this.#show();
      this.querySelector("summary").focus();
    }
  };

  #drop(button) {
    const item = button.closest("li");
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const key = item.closest("[data-list]").dataset.list === "saved" ? SAVED : RECENT;
    keep(key, load(key).filter(({ url }) => url !== item.dataset.url));
    const at = next?.dataset.url;
    this.#show();
    const again = at === undefined ? null : this.querySelector(`li[data-url="${CSS.escape(at)}"] .drop`);
    (again ?? this.querySelector("summary")).focus();
  }

  async #export(button) {
    const items = load(SAVED).map(({ name, url }) => ({ name, url: new URL(url, location.href).href }));
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(items.map(({ name, url }) => `${name}\n${url}`).join("\n\n"));
      button.textContent = "Copied";
    } catch {
      button.textContent = "The browser refused";
    }
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
    const link = row.querySelector(".to");
    link.href = url;
    link.textContent = name;
    link.title = name;
    row.querySelector(".drop").setAttribute("aria-label", `Forget ${name}`);
    return row;
  }

  // One after the other: counts are a courtesy and each one is a search.
  async #count() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (const item of load(SAVED).slice(0, MOST_ASKED)) {
        const newer = since(item);
        const count = newer && (await countNew(newer));
        if (!this.isConnected || !this.#details.open) break;
        const link = this.querySelector(`[data-list="saved"] li[data-url="${CSS.escape(item.url)}"] .new`);
        if (!count || !link) continue;
        // Akin's addresses leave ":" and "," as they are.
        link.href = newer.pathname + newer.search.replaceAll("%3A", ":").replaceAll("%2C", ",");
        link.textContent = `${count} new`;
        link.setAttribute("aria-label", `${count} new in ${item.name}`);
        link.hidden = false;
      }
    } catch {
      // the server is out of reach: the list is there without counts
    } finally {
      this.#asking = false;
    }
  }
}

customElements.define("saved-searches", SavedSearches);
