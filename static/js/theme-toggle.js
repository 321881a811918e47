// <theme-toggle>: wraps a button; a press swaps light and dark and remembers it in localStorage["theme"].
class ThemeToggle extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    if (!this.button) return;
    this.button.hidden = false;
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.system.addEventListener("change", () => this.show());
    this.button.addEventListener("click", () => this.swap());
    this.show();
  }

  get dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : this.system.matches;
  }

  swap() {
    const theme = this.dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Not remembered, still shown.
    }
    this.show();
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.dark));
  }
}

customElements.define("theme-toggle", ThemeToggle);
