// <live-poll hx-get="…" hx-trigger="every 10s, wake">: htmx does the asking. This element asks at once when the
// page wakes, keeps quiet while nobody looks, and tells the page whether the server answered.
class LivePoll extends HTMLElement {
  connectedCallback() {
    this.wake = () => {
      if (document.visibilityState === "visible") this.dispatchEvent(new CustomEvent("wake"));
    };
    document.addEventListener("visibilitychange", this.wake);
    window.addEventListener("pageshow", this.wakeIfCached);
    window.addEventListener("online", this.wake);
    this.addEventListener("htmx:beforeRequest", (event) => {
      if (event.target === this && document.visibilityState === "hidden") event.preventDefault();
    });
    this.addEventListener("htmx:afterRequest", (event) => {
      if (event.target !== this) return;
      const status = event.detail.xhr?.status ?? 0;
      const answered = status >= 200 && status < 400;
      const date = event.detail.xhr?.getResponseHeader("Date");
      document.dispatchEvent(new CustomEvent(answered ? "server:answered" : "server:silent", { detail: { date } }));
    });
  }

  wakeIfCached = (event) => {
    if (event.persisted) this.wake();
  };

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.wake);
    window.removeEventListener("pageshow", this.wakeIfCached);
    window.removeEventListener("online", this.wake);
  }
}

customElements.define("live-poll", LivePoll);
