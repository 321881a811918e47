// Dialogs. <a href="/full-page/" data-opens="id"> opens <dialog id> here, and goes to the page without JavaScript.
// A fragment that htmx swaps into <dialog id="dialog"> opens it; the response event `dialog:close` closes it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (!dialog) return;
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    const dialog = closer.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target?.closest?.("dialog");
  if (!dialog) return;
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector(".error-summary, [autofocus]");
  if (first) first.focus();
});

document.addEventListener("dialog:close", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});
