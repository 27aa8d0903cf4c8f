// Selecting in the grid: a click with a modifier, shift for a range, a count that is heard, and what
// was ticked on other pages of this tab. The boxes themselves are a form that works without this.
const KEPT = "akin:picked"; // the ids, in the order of their ticking
let last = null;

const boxes = () => [...document.querySelectorAll(".card .pick")];
const isResults = () => document.querySelector(".results .selection") !== null;

// Where a browser keeps nothing, a selection is one of its page.
function kept() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(KEPT)) ?? []);
  } catch {
    return new Set();
  }
}

function keep(ids) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...ids]));
  } catch {
    // private windows of some browsers
  }
}

// Tick what was ticked before, and let the form send what is on no card of this page, too.
function restore() {
  if (!isResults()) return;
  const ids = kept();
  for (const box of boxes()) {
    box.checked = ids.has(box.value);
    ids.delete(box.value);
  }
  const form = document.getElementById("selection");
  for (const old of form.querySelectorAll(".elsewhere")) old.remove();
  form.append(...[...ids].map((id) => {
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id });
    hidden.className = "elsewhere";
    return hidden;
  }));
  say();
}

function say() {
  const words = document.querySelector(".selection output");
  const ticked = boxes().filter((box) => box.checked).length;
  if (words) words.textContent = `${ticked + document.querySelectorAll(".selection .elsewhere").length} selected`;
}

function note(changed) {
  const ids = kept();
  for (const box of changed) {
    if (box.checked) ids.add(box.value);
    else ids.delete(box.value);
  }
  keep(ids);
  say();
}

document.addEventListener("click", (event) => {
  const card = event.target.closest?.(".card");
  if (!card) return;
  const box = card.querySelector(".pick");
  const onBox = event.target === box;
  if (!onBox && !((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest(".picture"))) return;
  if (!onBox) {
    event.preventDefault();
    box.checked = !box.checked;
  }
  let changed = [box];
  if (event.shiftKey && last?.isConnected) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    changed = all.slice(from, to + 1);
    for (const each of changed) each.checked = box.checked;
  }
  last = box;
  note(changed);
});

document.addEventListener("change", (event) => event.target.matches?.(".pick") && note([event.target]));
document.addEventListener("reset", (event) => {
  if (!event.target.matches("#selection")) return; // its `id` is a field of it
  keep([]);
  setTimeout(restore);
});
// What has become likes is in the bar now.
document.addEventListener("submit", (event) => {
  if (event.submitter?.getAttribute("formaction") === "/selection/like") keep([]);
});
document.addEventListener("akin:shown", restore);
addEventListener("pageshow", restore); // the browser may have kept the boxes of a page it restores
