// The panel of collections beside the results: dropping cards on a collection adds them, with the whole selection if
// they belong to it; so does the button of a collection.
import { ASSET } from "./drag-out.js";
import { change, Refused, targets } from "./editing.js";
import { root } from "./root.js";
import { request } from "./session.js";
import { showToast } from "./toast.js";

const PAUSE_MS = 150;
let panel = null;
let timer = 0;

const link = () => document.querySelector(".collections-toggle");

/** Open or close the panel. */
export async function toggle() {
  if (panel) return close();
  const opened = (panel = document.createElement("aside"));
  panel.className = "side-panel";
  panel.setAttribute("aria-label", "Collections");
  panel.replaceChildren(...(await load()).childNodes);
  if (panel !== opened) return; // closed meanwhile
  panel.addEventListener("click", (event) => press(event));
  panel.addEventListener("input", (event) => event.target.matches("[type=search]") && find());
  panel.addEventListener("submit", (event) => create(event));
  for (const name of ["dragover", "dragleave", "drop"]) panel.addEventListener(name, drag);
  attach();
  panel.querySelector("h2").focus();
}

function attach() {
  document.querySelector(".workspace")?.append(panel);
  link()?.setAttribute("aria-expanded", "true");
}

function close() {
  panel.remove();
  panel = null;
  link()?.setAttribute("aria-expanded", "false");
  link()?.focus();
}

// The server's list, with links that keep the display of this page.
async function load(text = "") {
  const query = new URLSearchParams(location.search);
  if (text) query.set("find", text);
  const response = await request(`${root}collections/panel?${query}`, { headers: { Accept: "text/html" } });
  const part = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok || !part.querySelector(".collection-list")) throw new Error(String(response.status));
  return document.adoptNode(part.body);
}

function find(ms = PAUSE_MS) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const part = await load(panel?.querySelector("[type=search]").value).catch(() => null);
    if (part) panel?.querySelector(".found").replaceWith(part.querySelector(".found")); // else the list stays as it is
  }, ms);
}

function press(event) {
  const button = event.target.closest("button");
  if (button?.matches(".close")) close();
  else if (button?.closest("[data-collection]")) add(button.closest("[data-collection]").dataset.collection, targets());
}

const add = (id, ids) => send([["action", `collect:${id}`]], ids);

async function send(pairs, ids) {
  if (!ids.length) return showToast("Select pictures first.");
  try {
    await change(pairs, ids);
    find(0);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    showToast(error.message);
  }
}

async function create(event) {
  event.preventDefault();
  const form = event.target;
  const pairs = [...new FormData(form, event.submitter ?? form.querySelector("button"))];
  if (await send(pairs, targets())) form.reset();
}

function drag(event) {
  const row = event.target.closest?.("[data-collection]");
  for (const each of panel.querySelectorAll(".over")) if (each !== row || event.type !== "dragover") each.classList.remove("over");
  if (!row || !event.dataTransfer.types.includes(ASSET) || event.type === "dragleave") return;
  event.preventDefault();
  event.stopPropagation();
  if (event.type === "dragover") return row.classList.add("over");
  const id = event.dataTransfer.getData(ASSET);
  const card = document.querySelector(`.card[data-asset-id="${CSS.escape(id)}"]`);
  add(row.dataset.collection, card ? targets(card) : [id]);
}

// Navigation in place replaces what the panel is beside.
document.addEventListener("akin:navigated", () => {
  if (!panel) return;
  attach();
  find(0);
});
