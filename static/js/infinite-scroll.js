// Infinite scroll: appends the next page when the end of the results comes near. The URL is that of the
// page in view, so a link or a reload starts there. Active only where the URL asks for it.
import { keepScroll, pageOf, prepare } from "./navigate.js";
import { SignedOut } from "./session.js";

let watcher = null;
let viewed = null;

function watch() {
  watcher?.disconnect();
  viewed?.disconnect();
  const results = document.querySelector(".results[data-infinite-scroll]");
  const pagination = results?.querySelector(".pagination");
  if (!pagination) return;
  mark(results.querySelector(".grid"), location.href, document.title);
  watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: "800px" });
  watcher.observe(pagination);
  viewed = new IntersectionObserver(see, { rootMargin: "-45% 0px -45% 0px" });
  for (const grid of results.querySelectorAll(".grid")) viewed.observe(grid);
}

function mark(grid, url, title) {
  grid.dataset.address = url;
  grid.dataset.title = title;
}

function see(entries) {
  const entry = entries.find((each) => each.isIntersecting);
  if (!entry) return;
  const { address, title } = entry.target.dataset;
  if (address && address !== location.href) {
    history.replaceState(history.state, "", address);
    keepScroll();
    document.title = title;
  }
}

async function more() {
  const results = document.querySelector(".results[data-infinite-scroll]");
  const pagination = results?.querySelector(".pagination");
  const next = pagination?.querySelector('a[rel="next"]');
  if (!next || results.getAttribute("aria-busy")) return;
  results.setAttribute("aria-busy", "true");
  try {
    await prepare(next.href);
    const page = await pageOf(next.href);
    if (!results.isConnected) return;
    const part = new DOMParser().parseFromString(page.html, "text/html");
    if (!part.getElementById("main")) throw new SignedOut(); // the sign-in page of a proxy
    const grid = part.querySelector(".grid");
    const closest = part.querySelector(".closest-hits");
    const onward = part.querySelector(".pagination");
    if (!grid) return;
    const known = new Set([...results.querySelectorAll(".card")].map((card) => card.dataset.assetId));
    for (const card of grid.querySelectorAll(".card")) if (known.has(card.dataset.assetId)) card.remove();
    mark(grid, page.url, part.title);
    [...results.querySelectorAll(".grid")].at(-1).after(document.adoptNode(grid));
    viewed.observe(grid);
    if (closest) grid.after(document.adoptNode(closest));
    document.dispatchEvent(new CustomEvent("akin:added"));
    if (onward) {
      pagination.replaceChildren(...document.adoptNode(onward).childNodes);
      watcher.unobserve(pagination); // observe again: it may still be in view
      watcher.observe(pagination);
    }
  } catch (error) {
    watcher.disconnect(); // the link remains; following it shows the error
    if (error instanceof SignedOut) location.assign(next.href); // leads to the sign-in, then to that page
  } finally {
    results.removeAttribute("aria-busy");
  }
}

document.addEventListener("akin:navigated", watch);
watch();
