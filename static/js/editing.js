// Sends changes of assets, shows them at once, and undoes them. A change that fails is taken back on the page, with
// the reason.
import { refresh, remember, show, stateOf } from "./edited-page.js";
import { focusNext, focused } from "./keys.js";
import { forget } from "./navigate.js";
import { root } from "./root.js";
import { MOST_IN_ADDRESS, selectedIds } from "./selection.js";
import { request, SignedOut } from "./session.js";
import { showToast } from "./toast.js";

const MOST_KEEPALIVE = 60_000; // bytes that a browser sends for a page that was left
const done = []; // ids of changes that can be undone, the latest at the end
const running = new Map(); // asset id -> its latest change, which the next one waits for
const leaving = new Promise((resolve) => addEventListener("pagehide", resolve, { once: true }));

/** A change that was not stored, with the reason as its message. */
export class Refused extends Error {}

const SIGNED_OUT = "You are signed out, so nothing was changed. Sign in in another tab, then try again.";
const UNREACHABLE = "The server could not be reached. Check the connection, then try again.";

/** Return the ids that a change concerns: the selection, if the card is a part of it; else the card, or the asset. */
export function targets(card = focused()) {
  const selected = selectedIds();
  const id = (card ?? document.querySelector(".asset"))?.dataset.assetId;
  return !id || selected.includes(id) ? selected : [id];
}

/** Rate or label what a key concerns, and go on to the next card. A label that is set already is removed. */
export function mark(action, value, ids = targets()) {
  if (!ids.length) return;
  const isSet = action === "label" && ids.every((id) => stateOf(id).label === value);
  if (ids.length === 1) focusNext();
  return change([["action", `${action}:${isSet ? "" : value}`]], ids).catch(report);
}

/** Send a form in place; `pairs` is its content. The reason of a failure is shown in the form. */
export async function submit(form, pairs, submitter) {
  const find = (name) => pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  if (form.dataset.change) return undo(form.dataset.change).then((undone) => undone && form.remove());
  form.setAttribute("aria-busy", "true");
  form.querySelector(".error")?.remove();
  try {
    await change(pairs.filter(([name]) => name !== "id"), find("id"), form);
    if (form.matches(".card-editor form")) form.reset();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const reason = Object.assign(document.createElement("p"), { className: "error", textContent: error.message });
    reason.setAttribute("role", "alert");
    form.append(reason);
    submitter?.focus();
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** Change assets. The page shows ratings and labels at once. Throws Refused. */
export async function change(pairs, ids, form = null) {
  const before = new Map(ids.map((id) => [id, stateOf(id)]));
  const shown = marksOf(pairs);
  if (shown) showAll(ids.map((id) => [id, { ...before.get(id), ...shown }]));
  const ahead = Promise.race([Promise.all(ids.map((id) => running.get(id))), leaving]);
  const sent = ahead.then(async () => send("edit", [...pairs, ...(await assetsOf(ids))]));
  const own = sent.catch(() => {});
  for (const id of ids) running.set(id, own);
  try {
    const response = await sent;
    if (response.undo) done.push(response.change);
    return await finish(response, own, form);
  } catch (error) {
    showAll([...before].filter(([id]) => running.get(id) === own));
    throw error;
  } finally {
    for (const id of ids) if (running.get(id) === own) running.delete(id);
  }
}

/** Undo a change: by default the latest one of this page. */
export async function undo(id = done.pop()) {
  if (!id) return showToast("There is nothing to undo on this page.");
  try {
    const response = await send(`changes/${id}/undo`, []);
    if (done.includes(id)) done.splice(done.indexOf(id), 1);
    return await finish(response);
  } catch (error) {
    if (!done.includes(id)) done.push(id);
    report(error);
  }
}

// The fields that name some assets.
async function assetsOf(ids) {
  const pairs = ids.map((id) => ["id", id]);
  if (ids.length <= MOST_IN_ADDRESS) return pairs;
  const { url } = await post("selections", pairs);
  const stored = /\/selections\/([\w-]+)$/.exec(new URL(url).pathname);
  if (!stored) throw new Refused("The selection could not be stored. Open it, and change it there.");
  return [["selection", stored[1]]];
}

async function post(path, pairs, headers = {}) {
  const body = new URLSearchParams(pairs);
  const keepalive = body.toString().length < MOST_KEEPALIVE;
  try {
    return await request(root + path, { method: "POST", body, keepalive, headers });
  } catch (error) {
    throw new Refused(error instanceof SignedOut ? SIGNED_OUT : UNREACHABLE);
  }
}

async function send(path, pairs) {
  const response = await post(path, pairs, { Accept: "application/json" });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  if (!isJson) throw new Refused(response.ok ? SIGNED_OUT : `The server could not store the change (status ${response.status}). Try again in a moment.`);
  const content = await response.json();
  if (!response.ok) throw new Refused(content.error);
  return content;
}

// Show what the server has stored, and offer to undo it.
async function finish(response, own = null, form = null) {
  forget();
  remember(Object.entries(response.assets));
  showAll(Object.entries(response.assets).filter(([id]) => !own || running.get(id) === own)); // no later change of it
  const text = [response.message, response.problem].filter(Boolean).join(" ");
  const actions = [];
  if (response.undo) actions.push({ text: response.undo, run: () => undo(response.change), keys: response.undo === "Undo" ? "Control+Z" : "" });
  if (response.url) actions.push({ text: "Details", href: root + response.url.slice(1) });
  showToast(text, ...actions);
  document.dispatchEvent(new CustomEvent("akin:edited"));
  await refresh(form).catch(() => {}); // the change is stored; a reload shows it
  return response;
}

function showAll(states) {
  for (const [id, state] of states) show(id, state);
  document.dispatchEvent(new CustomEvent("akin:marked"));
}

function report(error) {
  if (!(error instanceof Refused)) throw error;
  showToast(error.message);
}

// Rating and label that a change sets, as the page shows them.
function marksOf(pairs) {
  const [action, value] = (pairs.find(([name]) => name === "action")?.[1] ?? "").split(":");
  if (action === "rate") return { rating: Number(value) };
  return action === "label" ? { label: value } : null;
}
