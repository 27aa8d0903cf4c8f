// One open menu at a time: opening one closes the others; a click outside closes it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.upload[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
