// <connection-state>: "Connected · updated 14:02:10" or "Offline since 14:01". Never says connected on a guess:
// the time shown is when the server last answered, told in the clinic's zone (attribute `zone`). It also keeps the
// server's clock for the page (attribute `live`; the style guide stands still).
const SILENCE = 25_000;
const LOOK = 5_000;
const ASK = 20_000;
const DRIFT = 2_500;

class ConnectionState extends HTMLElement {
  connectedCallback() {
    this.label = this.querySelector("[data-label]");
    this.saved = this.querySelector("[data-saved]");
    const now = Date.parse(this.getAttribute("now"));
    this.setClock(Number.isNaN(now) ? Date.now() : now);
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

  answered = (event) => {
    this.lastAnswer = Date.now();
    this.cut = false;
    this.correct(event?.detail?.date);
    this.show();
  };

  setClock(now) {
    this.mark = { server: now, device: Date.now(), run: performance.now() };
  }

  // The server's time at this moment. The device's clock tells what has passed since it was last told, unless that
  // clock was set back; then the time the page has been running does.
  serverNow() {
    const passed = Math.max(Date.now() - this.mark.device, performance.now() - this.mark.run);
    return this.mark.server + passed;
  }

  // Every answer carries the server's clock to the second; only a real difference moves ours (and every countdown).
  correct(date) {
    const now = Date.parse(date ?? "");
    if (!this.hasAttribute("live") || Number.isNaN(now) || Math.abs(now - this.serverNow()) < DRIFT) return;
    this.setClock(now);
    document.dispatchEvent(new CustomEvent("server:clock", { detail: { offset: now - Date.now() } }));
  }

  lost = () => {
    this.cut = true;
    this.show();
  };

  // Back after sleep: the silence was ours, not the server's. Ask before saying anything.
  woken = () => {
    if (document.visibilityState !== "visible") return;
    this.waking = true;
    this.ask();
    this.show();
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
      if (answer.ok) this.answered({ detail: { date: answer.headers.get("Date") } });
    } catch {
      // Silence: look() says so when it has lasted long enough.
    } finally {
      this.asking = this.waking = false;
      this.show();
    }
  };

  afterRequest = (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!xhr || xhr.status === 0) return;
    this.answered({ detail: { date: xhr.getResponseHeader("Date") } });
    if (requestConfig?.verb !== "get" && xhr.status < 400 && this.saved) {
      this.saved.textContent = this.words("words-saved", "Saved %s", Date.now(), true);
    }
  };

  // An instant of the server on the clinic's wall clock.
  wall(instant, seconds) {
    return new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined,
      hourCycle: "h23", timeZone: this.getAttribute("zone") || undefined,
    }).format(instant);
  }

  words(name, fallback, when, seconds) {
    const ago = Date.now() - when;
    return (this.getAttribute(name) ?? fallback).replace("%s", this.wall(this.serverNow() - ago, seconds));
  }

  // Silent while nobody looked is not offline yet: it is asked first, and what is shown counts as old until then.
  state() {
    if (!this.cut && Date.now() - this.lastAnswer <= SILENCE) return "connected";
    return this.waking && !this.cut ? "waiting" : "offline";
  }

  show() {
    const state = this.state();
    const words = {
      connected: () => this.words("words-connected", "Connected · updated %s", this.lastAnswer, true),
      waiting: () => this.words("words-waiting", "As of %s, asking", this.lastAnswer, false),
      offline: () => this.words("words-offline", "Offline since %s", this.lastAnswer, false),
    }[state]();
    if (this.dataset.state !== state) {
      this.dataset.state = state;
      document.documentElement.toggleAttribute("data-offline", state !== "connected");
      document.documentElement.dataset.asOf = state === "connected" ? "" : this.words("words-as-of", "as of %s", this.lastAnswer, false);
      document.dispatchEvent(new CustomEvent("server:state"));
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
