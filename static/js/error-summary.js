// <error-summary>: takes the focus when it appears, so that a refused form starts with what is wrong.
class ErrorSummary extends HTMLElement {
  connectedCallback() {
    requestAnimationFrame(() => this.querySelector("[tabindex]")?.focus());
    this.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      const field = link && document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.scrollIntoView({ block: "center" });
    });
  }
}

customElements.define("error-summary", ErrorSummary);
