// Gestures that select: a rubber band with the mouse (from beside the pictures, or with Shift from anywhere), and a
// long press with a finger, after which taps select.
import { isSelecting, select } from "./selection.js";

const LONG_MS = 500;
const STILL = 10; // pixels: a finger trembles, and a click is no band
let band = null;
let press = null;
let isSwallowed = false; // the click at the end of a gesture

const cardAt = (target) => target.closest?.(".grid .card");
const cards = () => [...document.querySelectorAll(".grid .card")];

function beginBand(event) {
  const { pageX: x, pageY: y } = event;
  const was = new Map(cards().map((card) => [card, card.querySelector(".pick")?.checked ?? false]));
  band = { x, y, was, box: null, pointer: event.pointerId };
}

function drawBand(event) {
  const [left, right] = [band.x, event.pageX].sort((a, b) => a - b);
  const [top, bottom] = [band.y, event.pageY].sort((a, b) => a - b);
  if (!band.box) {
    if (right - left < STILL && bottom - top < STILL) return;
    band.box = Object.assign(document.createElement("div"), { className: "rubber-band" });
    document.body.append(band.box);
    document.documentElement.setPointerCapture?.(band.pointer);
  }
  Object.assign(band.box.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  const [on, off] = [[], []];
  for (const [card, was] of band.was) {
    const box = card.getBoundingClientRect();
    const isHit = box.left + scrollX < right && box.right + scrollX > left && box.top + scrollY < bottom && box.bottom + scrollY > top;
    (isHit || was ? on : off).push(card);
  }
  select(on);
  select(off, false);
  if (event.clientY < 40) scrollBy(0, -20);
  if (event.clientY > innerHeight - 40) scrollBy(0, 20);
}

function endBand() {
  if (!band) return;
  isSwallowed = band.box !== null;
  band.box?.remove();
  band = null;
}

document.addEventListener("pointerdown", (event) => {
  isSwallowed = false;
  if (!event.isPrimary || event.button) return;
  const card = cardAt(event.target);
  if (event.pointerType !== "mouse") {
    if (!card || event.target.closest("button, input")) return;
    card.querySelector(".picture").draggable = false; // a long press would drag the link
    const timer = setTimeout(() => {
      select([card], !card.querySelector(".pick").checked);
      navigator.vibrate?.(15);
      isSwallowed = true;
      press = null;
    }, LONG_MS);
    press = { timer, x: event.clientX, y: event.clientY };
    return;
  }
  const isFree = !card && event.target.matches(".results, .grid, .workspace, #main, .expanded");
  if (document.querySelector(".results .grid") && (isFree || (card && event.shiftKey && !event.target.closest("button, input")))) beginBand(event);
});
document.addEventListener("pointermove", (event) => {
  if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > STILL) clearTimeout(press.timer);
  if (band) drawBand(event);
});
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    clearTimeout(press?.timer);
    press = null;
    endBand();
  });
}
// With Shift a band begins on a card, which is not dragged then; a finger holds a card for its selection.
document.addEventListener("dragstart", (event) => band && event.preventDefault(), true);
document.addEventListener("selectstart", (event) => (band || cardAt(event.target.parentElement ?? event.target)) && event.preventDefault());
document.addEventListener("contextmenu", (event) => (press || isSwallowed) && cardAt(event.target) && event.preventDefault());
document.addEventListener("keydown", (event) => event.key === "Escape" && band && endBand());

document.addEventListener(
  "click",
  (event) => {
    const card = cardAt(event.target);
    const isTap = event.pointerType === "touch" && card && event.target.closest(".picture") && isSelecting();
    if (isTap && !isSwallowed) select([card], !card.querySelector(".pick").checked);
    if (!isTap && !isSwallowed) return;
    isSwallowed = false;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
