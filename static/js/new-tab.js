// Buttons that lead to a page open it in a new tab with Ctrl, Cmd or the middle button, as links do.
import { formUrl } from "./navigate.js";

function openInNewTab(event) {
  const isWanted = event.button === 1 || (event.button === 0 && (event.ctrlKey || event.metaKey));
  const button = event.target.closest?.("button");
  const form = button?.form;
  if (!isWanted || !form || button.type !== "submit" || button.disabled) return;
  if ((button.getAttribute("formmethod") ?? form.method) !== "get") return;
  event.preventDefault();
  event.stopPropagation();
  const link = document.createElement("a");
  link.href = formUrl(form, button);
  link.target = "_blank";
  link.rel = "noopener";
  link.click();
}

document.addEventListener("click", openInNewTab, true);
document.addEventListener("auxclick", openInNewTab, true);
