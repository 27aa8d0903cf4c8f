// One menu at a time: opening one closes the others, a click elsewhere closes it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.upload[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
