// Fingers on an element: a swipe across, a pinch, the moves of what is zoomed, a double tap. Mice and pens are left
// alone, and what CSS leaves to the browser (touch-action) stays with it: it cancels the pointers of a page that scrolls.
const SWIPE = 50; // pixels that a finger moves across at least
const EDGE = 24; // pixels from the sides of the window: a swipe from there is the browser's, and leads back
const STILL = 12; // pixels: a finger trembles
const NEAR = 40; // pixels between two taps
const DOUBLE_MS = 400; // between two taps
const taken = new WeakSet(); // events that an element within has followed

// The middle of the fingers, and how far they are apart.
function span(fingers) {
  const [a, b = a] = fingers.values();
  const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  return { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2, apart };
}

const distance = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
const isFree = ({ clientX }) => clientX > EDGE && clientX < innerWidth - EDGE && visualViewport.scale < 1.05;

/**
 * Follow the fingers on an element, until `signal` is aborted. A swipe is an event `akin:swipe` with the detail 1 (to
 * the left: go on) or -1; `drag(pixels)` is called before it, and with 0 in the end. `move(before, after)` has the
 * middle of the fingers and how far they are apart: of two fingers, or of one where `isZoomed()`.
 */
export function followFingers(element, { isZoomed = () => false, drag = () => {}, move = () => {}, tapTwice = () => {}, signal } = {}) {
  const fingers = new Map(); // id of the pointer -> its last event
  let first = null; // the first event of a single finger; null when there were two
  let tapped = null;

  function end(event) {
    if (!fingers.delete(event.pointerId)) return;
    const began = first;
    first = null;
    drag(0);
    if (!began || event.type === "pointercancel") return;
    const across = event.clientX - began.clientX;
    if (distance(event, began) < STILL) {
      const isSecond = tapped && event.timeStamp - tapped.timeStamp < DOUBLE_MS && distance(event, tapped) < NEAR;
      tapped = isSecond ? null : event;
      if (isSecond) tapTwice(event);
    } else if (!isZoomed() && isFree(began) && Math.abs(across) > Math.max(SWIPE, Math.abs(event.clientY - began.clientY))) {
      element.dispatchEvent(new CustomEvent("akin:swipe", { bubbles: true, detail: across < 0 ? 1 : -1 }));
    }
  }

  const listeners = {
    pointerdown(event) {
      if (event.pointerType !== "touch" || taken.has(event)) return;
      taken.add(event);
      fingers.set(event.pointerId, event);
      first = fingers.size === 1 ? event : null;
      drag(0);
    },
    pointermove(event) {
      if (!fingers.has(event.pointerId)) return;
      const before = span(fingers);
      fingers.set(event.pointerId, event);
      const across = first ? event.clientX - first.clientX : 0;
      if (!first || isZoomed()) move(before, span(fingers));
      else if (isFree(first) && Math.abs(across) > Math.abs(event.clientY - first.clientY)) drag(across);
    },
    pointerup: end,
    pointercancel: end,
  };
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener, { signal });
}
