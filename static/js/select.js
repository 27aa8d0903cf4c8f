// Selecting in the grid: a click with a modifier, shift for a range, and a count that is heard.
// The boxes themselves are a form that works without this.
let last = null;

const boxes = () => [...document.querySelectorAll(".card .pick")];

function count() {
  const chosen = boxes().filter((box) => box.checked).length;
  const words = document.querySelector(".selection output");
  if (words) words.textContent = `${chosen} selected`;
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
  const all = boxes();
  if (event.shiftKey && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const each of all.slice(from, to + 1)) each.checked = box.checked;
  }
  last = box;
  count();
});

document.addEventListener("change", (event) => event.target.matches?.(".pick") && count());
document.addEventListener("reset", (event) => event.target.id === "selection" && setTimeout(count));
document.addEventListener("akin:shown", count);
addEventListener("pageshow", count); // the browser may have kept the boxes of a page it restores
