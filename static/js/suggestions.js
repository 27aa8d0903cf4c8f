// Suggestions of tags and collections for a field, asked from the server while something is typed.
import { root } from "./root.js";
import { request } from "./session.js";

const PAUSE_MS = 120;
let timer = 0;
let latest = null; // AbortController of the question that counts

/** Offer what fits the text of a field: data-suggest names the list. */
export function suggest(field) {
  clearTimeout(timer);
  timer = setTimeout(() => ask(field).catch(() => {}), PAUSE_MS); // a field works without suggestions
}

async function ask(field) {
  latest?.abort();
  latest = new AbortController();
  const url = `${root}suggestions/${field.dataset.suggest}?${new URLSearchParams({ typed: field.value })}`;
  const response = await request(url, { signal: latest.signal });
  if (!response.ok) return;
  const names = await response.json();
  listOf(field).replaceChildren(...names.map((value) => Object.assign(document.createElement("option"), { value })));
}

function listOf(field) {
  if (field.list) return field.list;
  const list = Object.assign(document.createElement("datalist"), { id: `${field.id}-suggestions` });
  field.after(list);
  field.setAttribute("list", list.id);
  return list;
}
