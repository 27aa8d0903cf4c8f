// "Why is this here?" opens as a dialog over the results; without scripts it is a page of its own.
let dialog = null;

async function open(link) {
  const before = document.activeElement;
  const response = await fetch(link.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const content = page.querySelector(".explain-page");
  if (!response.ok || !content) return location.assign(link.href);
  content.querySelector(".back")?.remove();
  dialog?.remove();
  dialog = document.createElement("dialog");
  dialog.className = "explain-dialog";
  dialog.setAttribute("aria-label", "Why is this here?");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(document.adoptNode(content), close);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    // Return the focus to the element that had it, which is not the link if a key opened the dialog.
    (before?.isConnected && before !== document.body ? before : link).focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".card a.explain");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link).catch(() => location.assign(link.href));
});

document.addEventListener("akin:navigated", () => dialog?.close());
