// A message at the bottom of the page that disappears after some seconds; screen readers announce it. Its buttons
// and links stay while the pointer or the focus is on them.
const VISIBLE_MS = 6_000;
const ACTION_MS = 12_000;
let timer = 0;

function hide() {
  const toast = document.getElementById("toast");
  if (toast.matches(":hover, :focus-within")) timer = setTimeout(hide, VISIBLE_MS);
  else toast.hidePopover?.();
}

/** Show a message, with buttons ({ text, run, keys }) and links ({ text, href }). */
export function showToast(text, ...actions) {
  const toast = document.getElementById("toast");
  const before = document.activeElement;
  toast.replaceChildren(text, ...actions.map((each) => element(each, before)));
  toast.hidePopover?.(); // above what was opened since
  toast.showPopover?.();
  clearTimeout(timer);
  timer = setTimeout(hide, actions.length ? ACTION_MS : VISIBLE_MS);
}

function element({ text, run, keys, href }, before) {
  if (href) return Object.assign(document.createElement("a"), { href, textContent: text });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  if (keys) {
    button.setAttribute("aria-keyshortcuts", keys);
    button.title = keys.replace("Control", "Ctrl");
  }
  button.addEventListener("click", () => {
    const hadFocus = button.matches(":focus");
    document.getElementById("toast").hidePopover?.();
    if (hadFocus) before?.focus?.({ preventScroll: true });
    run();
  });
  return button;
}
