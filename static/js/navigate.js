// In-place navigation between states of the search: fetches the server's page, replaces the search bar and
// the results, keeps focus, open panels and scroll position, and updates the history. Everything else is
// left to the browser.

import { root } from "./root.js";
import { onward, request } from "./session.js";

const FRESH_MS = 45_000;
const MOST_PAGES = 16;
const SLOW_MS = 150;
const pages = new Map(); // url -> { html, url, at }
let current = null; // AbortController of the running fetch

const isResults = (url) => url.origin === location.origin && url.pathname === root;
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
  const response = await request(url, { signal, headers });
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) throw new Error("not a page");
  const page = { html: await response.text(), url: response.url, at: performance.now() };
  const next = onward(page.html);
  if (next) return load(next, { signal, purpose });
  if (response.ok) {
    remember(url, page);
    remember(response.url, page);
  }
  return page;
}

// Describe the focused element so that it can be found on the next page.
function focusKey() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const card = element.closest("[data-asset-id]");
  if (card) return { asset: card.dataset.assetId, className: element.className };
  if (element.id) return { id: element.id };
  if (element.name) return { name: element.name, value: element.type === "radio" || element.type === "checkbox" ? element.value : null };
  if (element.rel) return { rel: element.rel };
  if (element.localName === "summary") return { summary: element.parentElement.id };
  return { lost: true };
}

function refocus(key) {
  if (!key) return;
  let element = null;
  if (key.asset) element = document.querySelector(`[data-asset-id="${CSS.escape(key.asset)}"] [class="${key.className}"]`);
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
  const typed = document.activeElement?.matches('.query-field input[name="query"]') ? document.activeElement : null;
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
    const input = document.querySelector('.query-field input[name="query"]');
    // Keep text that was typed while the page was loading.
    if (caret.value !== caret.was && input.defaultValue === caret.was) input.value = caret.value;
    input.setSelectionRange(...caret.at);
  }
  return true;
}

function announce() {
  const region = document.getElementById("announcer");
  const heading = document.querySelector(".failure h1, .empty-state h2, .count");
  if (region && heading) region.textContent = `${heading.textContent.trim()}. ${document.title}`;
}

/** The scroll position on the page of the URL; with infinite scroll other pages may precede it. */
function scrollPosition() {
  const grids = [...document.querySelectorAll(".results[data-infinite-scroll] .grid")];
  const own = grids.find((grid) => grid.dataset.address === location.href);
  return own ? Math.max(0, scrollY - (own.offsetTop - grids[0].offsetTop)) : scrollY;
}

/** Store the scroll position in the history entry. */
export function keepScroll() {
  history.replaceState({ ...history.state, scroll: scrollPosition() }, "");
}

// The URL and the page change in one step: otherwise a key or a paste in between would use the form of a
// search that no longer matches the URL.
async function show(page, { push, scroll, signal }) {
  let swapped = false;
  const change = () => {
    if (signal.aborted) return; // a transition starts one frame later; a newer navigation may have begun
    if (push) {
      keepScroll();
      history.pushState({ scroll: 0 }, "", page.url);
    }
    swapped = swap(page);
    if (!swapped) return;
    scrollTo({ top: scroll, behavior: "instant" });
    announce();
    document.dispatchEvent(new CustomEvent("akin:navigated"));
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (document.startViewTransition && !calm && document.visibilityState === "visible") {
    const transition = document.startViewTransition(change);
    transition.finished.catch(() => {});
    transition.ready.catch(() => {}); // rejected when the next transition starts early
    await transition.updateCallbackDone;
  } else change();
  return swapped;
}

/** Navigate to a state of the search. `push: false` adds no history entry. */
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

/** Forget the pages in memory, because the library has changed. */
export const forget = () => pages.clear();

/** Return a page's HTML and URL, from memory if it was requested a moment ago. */
export const pageOf = (address) => load(new URL(address, location.href).href);

/** Return the URL that the search form leads to, with more pairs added. */
export function formUrl(form, submitter = null, more = []) {
  const url = new URL(submitter?.getAttribute("formaction") ?? form.getAttribute("action"), location.href);
  const pairs = [...new FormData(form, submitter)].filter(([, value]) => typeof value === "string" && value !== "");
  url.search = new URLSearchParams([...pairs, ...more]).toString();
  return url;
}

/** Navigate to the search in the form with more pairs added. */
export function steer(...pairs) {
  return navigate(formUrl(document.getElementById("search"), null, pairs));
}

/** Prefetch a page and its first pictures. */
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
    // a failed prefetch is ignored: the click requests the page again
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
  const url = formUrl(form, submitter);
  if (!isResults(url)) return;
  event.preventDefault();
  navigate(url);
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
