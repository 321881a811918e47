// <undo-bar seconds="10">: counts the seconds in which an entry can be taken back, then goes.
// The server holds the real limit; this only shows it.
class UndoBar extends HTMLElement {
  connectedCallback() {
    this.end = Date.now() + Number(this.getAttribute("seconds") ?? 10) * 1000;
    this.left = this.querySelector("[data-left]");
    this.timer = setInterval(() => this.tick(), 250);
    this.tick();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  tick() {
    const seconds = Math.ceil((this.end - Date.now()) / 1000);
    if (seconds <= 0) {
      if (!this.contains(document.activeElement)) this.remove();
      else this.querySelector("button, a")?.setAttribute("aria-disabled", "true");
      return;
    }
    if (this.left) this.left.textContent = `${seconds}s`;
  }
}

customElements.define("undo-bar", UndoBar);
