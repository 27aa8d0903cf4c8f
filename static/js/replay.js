// What readers have pressed and ticked before the modules had run (before-paint.js).

// Keys that the browser itself has no use for; the others it has used already.
const isSign = ({ key, ctrlKey, metaKey, altKey, isComposing }) => key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey && !isComposing;

/** Let the modules handle these events. */
export function replay() {
  for (const event of globalThis.akinEarlyEvents?.() ?? []) {
    const { target, type } = event;
    if (!target.isConnected) continue;
    if (type === "change") target.dispatchEvent(new Event("change", { bubbles: true }));
    else if (isSign(event) && target === document.activeElement) target.dispatchEvent(new KeyboardEvent("keydown", event));
  }
}
