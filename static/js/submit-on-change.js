// A control with data-submit submits its form on change, so the “Apply” button is not needed.

document.addEventListener("change", (event) => {
  const control = event.target.closest("[data-submit]");
  if (control) control.form.requestSubmit();
});
