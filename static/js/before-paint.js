// Runs before the first paint: the chosen theme, so that the other one does not flash; and what readers do before the
// modules have run, for `replay.js`.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // storage is disabled: use the theme of the system
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;

  const events = [];
  const note = (event) => event.isTrusted && events.push(event);
  for (const name of ["keydown", "change"]) addEventListener(name, note, true);
  globalThis.akinEarlyEvents = () => {
    for (const name of ["keydown", "change"]) removeEventListener(name, note, true);
    return events.splice(0);
  };
}
