// Copies text, over plain HTTP as well, where browsers offer no navigator.clipboard.

/** Copy text; return whether the clipboard has it now. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard here, or the browser refuses it: try the older command.
  }
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "visually-hidden";
  (focused?.closest("dialog, [popover]") ?? document.body).append(field);
  field.select();
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } catch {
    // the command is missing
  }
  field.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}
