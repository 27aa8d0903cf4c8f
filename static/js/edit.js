// Changes of assets in place: keys, forms of /edit, the editor of a card, suggestions while typing, and the panel of
// collections. What does it is loaded when it is first needed.
import { actions, hold } from "./keys.js";
import { root } from "./root.js";
import { showToast } from "./toast.js";

const mayEdit = () => document.getElementById("edit-parts") !== null;
// Attributes, because fields may have the names of properties.
const target = (form, submitter) => submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
const isInPlace = (form, submitter) => form.matches(".done") || (target(form, submitter) === `${root}edit` && !form.matches(".bulk"));

/** Call a function of a module that is loaded when it is first needed. Keys wait for the module, not for the result. */
async function call(module, name, ...values) {
  let result = null;
  const called = module().then(
    (loaded) => void (result = loaded[name](...values)),
    () => showToast("A part of the page could not be loaded. Check the connection, then try again."),
  );
  hold(called);
  await called;
  return result;
}
const editing = () => import("./editing.js");
const editor = () => import("./card-editor.js");
const panel = () => import("./collections-panel.js");

Object.assign(actions, {
  rate: (event) => void call(editing, "mark", "rate", event.key),
  pick: () => void call(editing, "mark", "label", "pick"),
  reject: () => void call(editing, "mark", "label", "reject"),
  tag: () => void call(editor, "open", "tag"),
  collect: () => void call(editor, "open", "collection"),
  undo: () => void call(editing, "undo"),
  collections: () => document.querySelector(".collections-toggle")?.click() ?? false,
});

// A focused card may be changed next: the keys that follow must not wait for a module.
document.addEventListener("focusin", function prepare(event) {
  if (!mayEdit() || !event.target.closest?.(".card, .asset")) return;
  document.removeEventListener("focusin", prepare);
  for (const module of [editing, editor]) module().catch(() => {}); // reported when it is needed
});

// Back shows a page as it was, from the browser's caches.
addEventListener("pageshow", (event) => {
  const isOld = event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  if (isOld && mayEdit()) call(() => import("./edited-page.js"), "restore");
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || !mayEdit() || !isInPlace(form, submitter)) return;
  event.preventDefault();
  call(editing, "submit", form, [...new FormData(form, submitter)], submitter);
});

document.addEventListener("click", (event) => {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.(".card a.edit, .collections-toggle");
  if (!link || (link.matches(".edit") && !mayEdit())) return;
  event.preventDefault();
  const called = link.matches(".edit") ? call(editor, "open", "stars", link.closest(".card")) : call(panel, "toggle", link);
  called.catch(() => location.assign(link.href));
});

for (const name of ["input", "focusin"]) {
  document.addEventListener(name, (event) => {
    const field = event.target;
    if (field.matches?.("input[data-suggest]")) import("./suggestions.js").then((module) => module.suggest(field), () => {});
  });
}
