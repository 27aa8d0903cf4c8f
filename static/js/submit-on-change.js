// A control with data-submit searches at once; its "Apply" button is then not needed.

document.addEventListener("change", (event) => {
  const control = event.target.closest("[data-submit]");
  if (control) control.form.requestSubmit();
});
