// <connection-state>: "Connected · updated 14:02:10" or "Offline since 14:01". Never says connected on a guess:
// the time shown is when the server last answered, told in the clinic's zone (attribute `zone`).
const SILENCE = 25_000;
const LOOK = 5_000;
const ASK = 20_000;

class ConnectionState extends HTMLElement {
  connectedCallback() {
    this.label = this.querySelector("[data-label]");
    this.saved = this.querySelector("[data-saved]");
    const now = Date.parse(this.getAttribute("now"));
    this.offset = Number.isNaN(now) ? 0 : now - Date.now();
    this.lastAnswer = Date.now();
    this.lastLook = Date.now();
    document.addEventListener("server:answered", this.answered);
    document.addEventListener("server:silent", this.look);
    document.addEventListener("htmx:afterRequest", this.afterRequest);
    document.addEventListener("visibilitychange", this.woken);
    window.addEventListener("online", this.ask);
    window.addEventListener("offline", this.lost);
    this.timer = setInterval(this.look, LOOK);
    this.show();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    document.removeEventListener("server:answered", this.answered);
    document.removeEventListener("server:silent", this.look);
    document.removeEventListener("htmx:afterRequest", this.afterRequest);
    document.removeEventListener("visibilitychange", this.woken);
    window.removeEventListener("online", this.ask);
    window.removeEventListener("offline", this.lost);
  }

  answered = () => {
    this.lastAnswer = Date.now();
    this.cut = false;
    this.show();
  };

  lost = () => {
    this.cut = true;
    this.show();
  };

  // Back after sleep: the silence was ours, not the server's. Ask before saying anything.
  woken = () => {
    if (document.visibilityState === "visible") this.ask();
  };

  look = () => {
    if (document.visibilityState === "hidden") return;
    if (Date.now() - this.lastAnswer > ASK - LOOK) this.ask();
    this.show();
  };

  ask = async () => {
    const url = this.getAttribute("ping");
    if (!url || this.asking) return;
    this.asking = true;
    try {
      const answer = await fetch(url, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(8_000) });
      if (answer.ok) this.answered();
    } catch {
      // Silence: look() says so when it has lasted long enough.
    } finally {
      this.asking = false;
      this.show();
    }
  };

  afterRequest = (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!xhr || xhr.status === 0) return;
    this.answered();
    if (requestConfig?.verb !== "get" && xhr.status < 400 && this.saved) {
      this.saved.textContent = this.words("words-saved", "Saved %s", Date.now(), true);
    }
  };

  words(name, fallback, when, seconds) {
    const time = new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined,
      hourCycle: "h23", timeZone: this.getAttribute("zone") || undefined,
    }).format(when + this.offset);
    return (this.getAttribute(name) ?? fallback).replace("%s", time);
  }

  show() {
    const silent = this.cut || Date.now() - this.lastAnswer > SILENCE;
    const state = silent ? "offline" : "connected";
    const words = silent
      ? this.words("words-offline", "Offline since %s", this.lastAnswer, false)
      : this.words("words-connected", "Connected · updated %s", this.lastAnswer, true);
    if (this.dataset.state !== state) {
      this.dataset.state = state;
      document.documentElement.toggleAttribute("data-offline", silent);
      this.announce(words);
    }
    if (this.label && this.label.textContent !== words) this.label.textContent = words;
  }

  // Only a change of state is spoken; the seconds are not.
  announce(words) {
    const voice = this.querySelector("[role=status]");
    if (voice && this.spoken) voice.textContent = words;
    this.spoken = true;
  }
}

customElements.define("connection-state", ConnectionState);
