// Runs before the first paint: a chosen theme must not flash the other one.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // storage is refused: the system's theme is used
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}
