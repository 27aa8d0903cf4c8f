// <library-status>: follows the indexer of a library of folders while the page is in view. Its progress is asked
// for every few seconds while it runs; whether the search has new results every 15 seconds. Where the server has
// no such library, it asks no more.
import { request, SignedOut } from "./session.js";

const PROGRESS_MS = 3_000;
const NEWS_MS = 15_000;

class LibraryStatus extends HTMLElement {
  #timer = 0;
  #running = false;
  #shown = null; // results of the search when the page was made; null where the page shows none
  #value = 0;
  #newsAt = 0;
  #onVisible = () => document.hidden || this.#plan(0);

  connectedCallback() {
    this.#running = this.dataset.running !== undefined;
    this.#shown = this.dataset.total === undefined ? null : Number(this.dataset.total);
    this.#value = Number(this.dataset.value);
    this.#newsAt = performance.now() + NEWS_MS;
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#plan();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#timer = null;
    document.removeEventListener("visibilitychange", this.#onVisible);
  }

  #plan(ms = this.#running ? PROGRESS_MS : NEWS_MS) {
    if (this.#timer === null) return; // the page has gone, or there is nothing to ask for
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), ms);
  }

  async #ask() {
    if (document.hidden) return; // goes on when the page is in view again
    try {
      if (this.#running || this.#shown === null) await this.#progress();
      if (this.#shown !== null && performance.now() >= this.#newsAt) await this.#news();
    } catch (error) {
      if (error instanceof SignedOut || error.ends) return;
    }
    this.#plan();
  }

  async #get(url) {
    const response = await request(url, { cache: "no-store" });
    if (response.status === 404) throw Object.assign(new Error("no library"), { ends: true });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  async #progress() {
    const status = await this.#get(this.getAttribute("src"));
    const line = this.querySelector(".indexing");
    let bar = line.querySelector("progress");
    line.hidden = !status.text;
    line.querySelector("span").textContent = status.text;
    if (!status.running) bar?.remove();
    else if (!bar) {
      bar = document.createElement("progress");
      bar.ariaLabel = "Indexing";
      line.querySelector("span").after(" ", bar);
    }
    if (status.running && status.max) Object.assign(bar, { max: status.max, value: status.value });
    // The last files may be new results; and an empty page does not wait for its first ones.
    if (this.#running !== status.running || (this.#shown === 0 && status.value > this.#value)) this.#newsAt = 0;
    this.#running = status.running;
    this.#value = status.value;
  }

  async #news() {
    this.#newsAt = performance.now() + NEWS_MS;
    const { total, running } = await this.#get(this.dataset.totalSrc);
    this.#running = running;
    const count = (total ?? this.#shown) - this.#shown;
    if (count > 0 && document.querySelector(".empty-state[data-fills]")) location.reload();
    const news = this.querySelector(".news");
    const text = count > 0 ? `${count.toLocaleString("en").replaceAll(",", "\u202f")} new` : "";
    if ((news.firstChild?.textContent ?? "") === text) return;
    news.replaceChildren();
    if (!text) return;
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    button.title = "Show the new results";
    button.addEventListener("click", () => location.reload());
    news.append(button);
  }
}

customElements.define("library-status", LibraryStatus);
