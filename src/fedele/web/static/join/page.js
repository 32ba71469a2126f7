// Everything works without this file. With it a form is sent once, and a whole code sends itself.
for (const form of document.forms) {
  const button = form.querySelector("button");
  const digits = form.querySelector("input.digits");
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    sent = true;
    button.disabled = true;
  });
  digits?.addEventListener("input", () => {
    if (/^\d{6}$/.test(digits.value)) form.requestSubmit();
  });
  // Back from the next page, as the browser kept it: the form may be sent again.
  addEventListener("pageshow", () => {
    sent = false;
    button.disabled = false;
  });
}
