// Pages of a signed-in user: a page that the browser restores from memory (Back, Forward) is requested again,
// because the user may have signed out since.

addEventListener("pageshow", (event) => {
  const root = document.documentElement;
  if (!event.persisted || !("private" in root.dataset)) return;
  root.hidden = true;
  location.reload();
});
