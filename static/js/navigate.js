// In-place navigation between states of the search: fetches the server's page, swaps the bar and
// the results, keeps focus, open panels and scroll, and writes history. Whatever it cannot do it
// leaves to the browser.

const FRESH_MS = 45_000;
const MOST_PAGES = 16;
const SLOW_MS = 150;
const pages = new Map(); // url -> { html, url, at }
let current = null; // AbortController of the running fetch

const isResults = (url) => url.origin === location.origin && url.pathname === "/";
const canSwap = () => document.querySelector(".workspace") !== null;

function remember(url, page) {
  pages.delete(url);
  pages.set(url, page);
  if (pages.size > MOST_PAGES) pages.delete(pages.keys().next().value);
}

async function load(url, { signal, purpose } = {}) {
  const known = pages.get(url);
  if (known && performance.now() - known.at < FRESH_MS) return known;
  const headers = { Accept: "text/html" };
  if (purpose) headers.Purpose = purpose;
  const response = await fetch(url, { signal, headers });
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) throw new Error("not a page");
  const page = { html: await response.text(), url: response.url, at: performance.now() };
  if (response.ok) {
    remember(url, page);
    remember(response.url, page);
  }
  return page;
}

// Where the focus is, in words that still mean something on the next page.
function focusKey() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const card = element.closest("[data-asset-id]");
  if (card) return { asset: card.dataset.assetId, part: element.className };
  if (element.id) return { id: element.id };
  if (element.name) return { name: element.name, value: element.type === "radio" || element.type === "checkbox" ? element.value : null };
  if (element.rel) return { rel: element.rel };
  if (element.localName === "summary") return { summary: element.parentElement.id };
  return { lost: true };
}

function refocus(key) {
  if (!key) return;
  let element = null;
  if (key.asset) element = document.querySelector(`[data-asset-id="${CSS.escape(key.asset)}"] [class="${key.part}"]`);
  else if (key.id) element = document.getElementById(key.id);
  else if (key.name) element = document.querySelector(`[name="${key.name}"]${key.value === null ? "" : `[value="${CSS.escape(key.value)}"]`}:not([type="hidden"])`);
  else if (key.rel) element = document.querySelector(`.pagination a[rel="${key.rel}"]`);
  else if (key.summary) element = document.querySelector(`#${CSS.escape(key.summary)} > summary`);
  (element ?? document.getElementById("main")).focus({ preventScroll: true });
}

function swap(page) {
  const next = new DOMParser().parseFromString(page.html, "text/html");
  const main = next.getElementById("main");
  const bar = next.querySelector(".bar");
  if (!main?.querySelector(".workspace, .failure") || !bar) return false;
  const typed = document.activeElement?.matches('.words input[name="query"]') ? document.activeElement : null;
  const caret = typed && { value: typed.value, was: typed.defaultValue, at: [typed.selectionStart, typed.selectionEnd] };
  const key = focusKey();
  const open = [...document.querySelectorAll("details[id][open]")].map((each) => each.id);
  for (const id of open) next.getElementById(id)?.setAttribute("open", "");
  document.querySelector(".bar").replaceWith(document.adoptNode(bar));
  document.getElementById("main").replaceChildren(...document.adoptNode(main).childNodes);
  document.title = next.title;
  for (const rel of ["canonical", "alternate", "prev", "next"]) {
    document.head.querySelector(`link[rel="${rel}"]`)?.remove();
    const link = next.head.querySelector(`link[rel="${rel}"]`);
    if (link) document.head.append(document.adoptNode(link));
  }
  refocus(key);
  if (caret) {
    const input = document.querySelector('.words input[name="query"]');
    // Words typed while the page was on its way are not taken back.
    if (caret.value !== caret.was && input.defaultValue === caret.was) input.value = caret.value;
    input.setSelectionRange(...caret.at);
  }
  return true;
}

function announce() {
  const region = document.getElementById("announcer");
  const said = document.querySelector(".failure h1, .nothing h2, .count");
  if (region && said) region.textContent = `${said.textContent.trim()}. ${document.title}`;
}

/** How far down one is on the page of the address; in endless mode others stand before it. */
function place() {
  const grids = [...document.querySelectorAll(".results[data-endless] .grid")];
  const own = grids.find((grid) => grid.dataset.address === location.href);
  return own ? Math.max(0, scrollY - (own.offsetTop - grids[0].offsetTop)) : scrollY;
}

/** Write down where one is, for the way back. */
export function keepScroll() {
  history.replaceState({ ...history.state, scroll: place() }, "");
}

// The address, the page and what the other modules do with it change in one step: in between, a key
// or a paste would steer by the form of a search that is no longer the address's.
async function show(page, { push, scroll, signal }) {
  let swapped = false;
  const change = () => {
    if (signal.aborted) return; // a transition begins a frame later: somebody was quicker
    if (push) {
      keepScroll();
      history.pushState({ scroll: 0 }, "", page.url);
    }
    swapped = swap(page);
    if (!swapped) return;
    scrollTo({ top: scroll, behavior: "instant" });
    announce();
    document.dispatchEvent(new CustomEvent("akin:shown"));
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (document.startViewTransition && !calm && document.visibilityState === "visible") {
    const transition = document.startViewTransition(change);
    transition.finished.catch(() => {});
    transition.ready.catch(() => {}); // skipped, when the next one comes early
    await transition.updateCallbackDone;
  } else change();
  return swapped;
}

/** Go to a state of the search. `push: false` replaces the address (redirects, history). */
export async function navigate(address, { push = true, scroll = 0, prepared = null } = {}) {
  const url = new URL(address, location.href);
  if (!isResults(url) || !canSwap()) return location.assign(url);
  current?.abort();
  const own = (current = new AbortController());
  const slow = setTimeout(() => document.getElementById("main").setAttribute("aria-busy", "true"), SLOW_MS);
  try {
    const page = prepared ?? (await load(url.href, { signal: own.signal }));
    if (own.signal.aborted) return;
    const shown = await show(page, { push, scroll, signal: own.signal });
    if (!shown && !own.signal.aborted) location.assign(url);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  } finally {
    clearTimeout(slow);
    if (current === own) document.getElementById("main").removeAttribute("aria-busy");
  }
}

/** A page's HTML and address, from memory where it was asked for a moment ago. */
export const pageOf = (address) => load(new URL(address, location.href).href);

/** The address that the search form leads to, with more pairs added. */
export function formUrl(form, submitter = null, more = []) {
  const url = new URL(form.getAttribute("action"), location.href);
  const pairs = [...new FormData(form, submitter)].filter(([, value]) => typeof value === "string" && value !== "");
  url.search = new URLSearchParams([...pairs, ...more]).toString();
  return url;
}

/** Add pairs to the search as it stands in the form, and go there. */
export function steer(...pairs) {
  return navigate(formUrl(document.getElementById("search"), null, pairs));
}

/** Ask for a page ahead of the click, with its first row of pictures. */
export async function prepare(address) {
  const url = new URL(address, location.href);
  if (!isResults(url) || pages.has(url.href) || navigator.connection?.saveData) return;
  try {
    const page = await load(url.href, { purpose: "prefetch" });
    const next = new DOMParser().parseFromString(page.html, "text/html");
    for (const image of [...next.querySelectorAll(".card img")].slice(0, 8)) {
      const ahead = new Image();
      ahead.sizes = image.sizes;
      ahead.srcset = image.srcset;
      ahead.src = image.getAttribute("src");
    }
  } catch {
    // only a courtesy: the click will ask again
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || !isResults(link) || !canSwap()) return;
  event.preventDefault();
  navigate(link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  const submitter = event.submitter;
  if (event.defaultPrevented || form.method !== "get" || !canSwap()) return;
  const action = new URL(submitter?.getAttribute("formaction") ?? form.getAttribute("action"), location.href);
  if (!isResults(action)) return;
  event.preventDefault();
  navigate(formUrl(form, submitter));
});

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    const link = event.target.closest?.('.pagination a[rel="next"], .pagination a[rel="prev"]');
    if (link && canSwap()) prepare(link.href);
  });
}

history.scrollRestoration = "manual";
addEventListener("popstate", (event) => {
  if (!isResults(location)) return;
  if (canSwap()) navigate(location.href, { push: false, scroll: event.state?.scroll ?? 0 });
  else location.reload();
});
addEventListener("pagehide", keepScroll);
addEventListener("scrollend", keepScroll);
if (history.state?.scroll) scrollTo({ top: history.state.scroll, behavior: "instant" });
