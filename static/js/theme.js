// Runs before the first paint, so that the other theme does not flash.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // storage is disabled: use the theme of the system
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}
