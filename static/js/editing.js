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
const unstored = new Set(); // the changes without a response, in the order in which they were made

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
  const made = { parts: [[pairs, ids]], aborting: new AbortController() };
  const left = new Promise((resolve) => (made.leave = resolve));
  const ahead = Promise.race([Promise.all(ids.map((id) => running.get(id))), left]);
  const sent = ahead.then(() => Promise.all(made.parts.map((part) => sendPart(part, made.aborting.signal))));
  const own = sent.catch(() => {});
  unstored.add(made);
  for (const id of ids) running.set(id, own);
  try {
    let finished = null;
    for (const response of await sent) {
      if (response.undo) done.push(response.change);
      finished = await finish(response, own, form);
    }
    return finished;
  } catch (error) {
    if (made.aborting.signal.aborted) return null; // a later change has replaced it
    showAll([...before].filter(([id]) => running.get(id) === own));
    throw error;
  } finally {
    unstored.delete(made);
    for (const id of ids) if (running.get(id) === own) running.delete(id);
  }
}

const sendPart = async ([pairs, ids], signal) => send("edit", [...pairs, ...(await assetsOf(ids))], signal);

// A page that is left sends what waits. Requests of that moment may arrive in another order than they were made, so
// each change sends only what no later one replaces; one that is replaced as a whole is not sent, or is aborted.
addEventListener("pagehide", () => {
  const replaced = new Set(); // "asset field"
  for (const made of [...unstored].reverse()) {
    const parts = made.parts.flatMap(([pairs, ids]) => partsLeft(pairs, ids, replaced));
    for (const [pairs, ids] of parts) for (const pair of pairs) for (const id of ids) replaced.add(`${id} ${fieldOf(pair)}`);
    made.parts = parts;
    if (!parts.length) made.aborting.abort();
  }
  for (const made of unstored) made.leave();
});

// The parts of a change, as [pairs, ids], that later changes do not replace.
function partsLeft(pairs, ids, replaced) {
  const parts = new Map();
  for (const id of ids) {
    const left = pairs.filter((pair) => !fieldOf(pair) || !replaced.has(`${id} ${fieldOf(pair)}`));
    if (!left.some(fieldOf)) continue;
    const key = JSON.stringify(left);
    parts.set(key, [left, [...(parts.get(key)?.[1] ?? []), id]]);
  }
  return [...parts.values()];
}

// What a pair of a form sets: "rate", "tag:red", "collect:<id>", ...; "" where it sets nothing by itself.
function fieldOf([name, value]) {
  const [action, ...rest] = name === "action" ? value.split(":") : [/^edit\.(.+)/.exec(name)?.[1] ?? "", value];
  const isOne = ["rate", "label", "name", "description", "sensitive"].includes(action);
  if (action === "create") return "";
  return isOne || !action ? action : `${action.replace(/^un/, "")}:${rest.join(":").toLowerCase()}`;
}

/** Undo a change: by default the latest one of this page. */
export async function undo(id) {
  if (!id) await Promise.all(running.values()); // the latest one may not be stored yet
  id ??= done.pop();
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

async function post(path, pairs, { headers = {}, signal } = {}) {
  const body = new URLSearchParams(pairs);
  const keepalive = body.toString().length < MOST_KEEPALIVE;
  try {
    return await request(root + path, { method: "POST", body, keepalive, headers, signal });
  } catch (error) {
    throw new Refused(error instanceof SignedOut ? SIGNED_OUT : UNREACHABLE);
  }
}

async function send(path, pairs, signal) {
  const response = await post(path, pairs, { headers: { Accept: "application/json" }, signal });
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
  const isLatest = () => [...running.values()].every((each) => each === own);
  if (response.isFinished) await refresh(form, isLatest).catch(() => {}); // the change is stored; a reload shows it
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
