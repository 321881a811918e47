// Single-key shortcuts: "/" search, "?" help, and any element with data-key ("[" and "]" on the day).
// They rest while someone types, while a dialog is open, and when switched off in the help dialog (WCAG 2.1.4).
const SWITCH = "shortcuts";

function switchedOff() {
  try {
    return localStorage.getItem(SWITCH) === "off";
  } catch {
    return false;
  }
}

function typing(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target) || document.querySelector("dialog[open]") || switchedOff()) return;
  const target = [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === event.key && element.getClientRects().length > 0,
  );
  if (!target) return;
  event.preventDefault();
  if (typing(target)) target.focus();
  else target.click();
});

const box = document.querySelector("[data-shortcuts-switch]");
if (box) {
  box.checked = !switchedOff();
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.removeItem(SWITCH);
      else localStorage.setItem(SWITCH, "off");
    } catch {
      // Not remembered: the shortcuts stay on.
    }
  });
}
