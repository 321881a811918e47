// <out-box>: what a nurse charts goes into <entry-store> first and from there to the server, oldest first, until the
// server has said yes or no to it. Yes: the entry is gone from here. No: it stays for "Needs review". Silence, a busy
// server or an ended session: it waits. The server applies an id once, so asking again is safe.
const PATIENCE = 10_000;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 30_000;
const LEAP = 5_000;
// Fingerprints of what the page shows, sent along so that the answer brings what has changed.
const CONTEXT = "input[name=seen], input[name=layout]";
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "seen", "layout", "tapped_at"]);

class OutBox extends HTMLElement {
  connectedCallback() {
    this.store = this.querySelector("entry-store");
    this.works = customElements.get("entry-store").works;
    if (!this.works) return;
    this.tries = 0;
    this.retry = () => this.sendSoon(0);
    window.addEventListener("online", this.retry);
    document.addEventListener("server:answered", this.answered);
    document.addEventListener("visibilitychange", this.retry);
    this.talk = new BroadcastChannel("outbox");
    this.talk.onmessage = () => this.show();
    this.show();
    this.sendSoon(0);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    window.removeEventListener("online", this.retry);
    document.removeEventListener("server:answered", this.answered);
    document.removeEventListener("visibilitychange", this.retry);
    this.talk?.close();
  }

  // The server is back: no reason to sit out the rest of a pause.
  answered = () => {
    if (this.silent) this.sendSoon(0);
  };

  // Keeps one act. `fields` are the form's names and values, in pairs; resolves when the entry is safe on this device.
  // `visit` and `act` are in the path of an act at a chair; an arrival and an undo say them.
  async add({ path, fields, visit: named, act: doing, tappedAt = this.tapNow() }) {
    const [, of, at] = path.match(/\/visits\/([^/]+)\/chair\/([^/]+)\//) ?? [];
    const [visit, act] = [named ?? of, doing ?? at];
    const tapped_at = new Date(tappedAt).toISOString();
    const typed = [...fields.filter(([name]) => !NOT_KEPT.has(name)), ["tapped_at", tapped_at]];
    const [, id] = typed.find(([name]) => name === "event_id");
    const entry = { id, path, visit, act, tapped_at, state: "waiting" };
    const kept = await this.store.add(entry, { fields: typed, words: [] });
    this.tries = 0;
    this.changed();
    this.sendSoon(0);
    return kept;
  }

  serverNow() {
    return document.querySelector("connection-state")?.serverNow() ?? Date.now();
  }

  // A clock put right by a second or two must not put a tap before the one before it.
  tapNow() {
    const now = this.serverNow();
    const before = (this.lastTap ?? 0) - now;
    this.lastTap = before >= 0 && before < LEAP ? this.lastTap + 1 : now;
    return this.lastTap;
  }

  sendSoon(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), pause);
  }

  // One sender at a time over all tabs; what is added meanwhile goes with the next round.
  async send() {
    if (this.sending) {
      this.again = true;
      return;
    }
    this.sending = true;
    let left = 0;
    try {
      left = await navigator.locks.request("outbox", () => this.round());
    } finally {
      this.sending = false;
    }
    if (this.again) {
      this.again = false;
      this.sendSoon(0);
    } else if (left) {
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.tries);
      this.tries += 1;
      this.sendSoon(pause * (0.8 + 0.4 * Math.random()));
    }
  }

  // Sends every waiting entry once, in order; a visit whose entry must wait holds its later ones. Returns how many wait.
  async round() {
    const held = new Set();
    let saved = 0;
    for (const entry of await this.store.mine("waiting")) {
      if (held.has(entry.visit)) continue;
      const result = await this.sendOne(entry);
      if (result === "applied") saved += 1;
      if (result === "waiting") held.add(entry.visit);
      if (this.silent || this.signedOut) break;
    }
    // Whoever waits at a form behind one that got no answer will get none either.
    if (this.watched && (this.silent || this.signedOut)) {
      this.dispatchEvent(new CustomEvent("settled", { detail: { id: this.watched, result: "waiting" } }));
    }
    const left = (await this.store.mine("waiting")).length;
    if (saved) {
      this.tries = 0;
      for (const poll of document.querySelectorAll("live-poll")) poll.dispatchEvent(new CustomEvent("wake"));
    }
    this.changed();
    return left;
  }

  async sendOne(entry) {
    const content = await this.store.opened(entry);
    const answer = content
      ? await this.post(entry, content.fields)
      : { result: "refused", words: [this.getAttribute("words-unreadable")] };
    if (answer.result === "applied") await this.store.remove(entry);
    if (answer.result === "refused") {
      await this.store.change({ ...entry, state: "refused" }, { fields: content?.fields ?? [], words: answer.words });
    }
    this.dispatchEvent(new CustomEvent("settled", { detail: { id: entry.id, ...answer } }));
    return answer.result;
  }

  async post(entry, fields) {
    const body = new URLSearchParams(fields);
    const watched = this.watched === entry.id;
    if (watched) for (const input of document.querySelectorAll(CONTEXT)) body.append(input.name, input.value);
    const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
    const headers = {
      "X-CSRFToken": token, "HX-Request": "true", "X-Outbox": watched ? "now" : "later", "X-Charted-By": entry.user,
    };
    try {
      const options = { method: "POST", body, headers, redirect: "manual", cache: "no-store" };
      return await this.read(await fetch(entry.path, { ...options, signal: AbortSignal.timeout(PATIENCE) }));
    } catch {
      this.silent = true;
      document.dispatchEvent(new CustomEvent("server:silent"));
      return { result: "waiting" };
    }
  }

  // Only an answer that says it is about the entry settles it. Anything else (a sign-in page, a proxy) does not.
  async read(response) {
    this.silent = false;
    const date = response.headers.get("Date");
    document.dispatchEvent(new CustomEvent("server:answered", { detail: { date } }));
    const result = response.headers.get("X-Outbox");
    this.signedOut = !result && (response.type === "opaqueredirect" || [401, 403].includes(response.status));
    if (result !== "applied" && result !== "refused") return { result: "waiting" };
    return { ...(await response.json()), result };
  }

  // Resolves with the server's answer to one entry, or with "waiting" when there is none yet.
  settled(id, patience) {
    this.watched = id;
    return new Promise((resolve) => {
      const settle = (detail) => {
        clearTimeout(timer);
        this.removeEventListener("settled", hear);
        if (this.watched === id) this.watched = null;
        resolve(detail);
      };
      const hear = (event) => event.detail.id === id && settle(event.detail);
      const timer = setTimeout(() => settle({ id, result: "waiting" }), patience);
      this.addEventListener("settled", hear);
    });
  }

  // Tells this page and the other tabs that the list is another one now.
  changed() {
    this.talk.postMessage("changed");
    return this.show();
  }

  async show() {
    const entries = await this.store.all();
    const mine = entries.filter((entry) => entry.user === this.store.user);
    const refused = mine.filter((entry) => entry.state === "refused").length;
    const waiting = mine.filter((entry) => entry.state === "waiting").length;
    const discarded = mine.length - refused - waiting;
    const colleagues = entries.length - mine.length;
    const parts = [
      waiting && this.words(this.signedOut ? "words-sign-in" : "words-waiting", waiting),
      refused && this.words("words-refused", refused),
      !mine.length && colleagues && this.words("words-colleague", colleagues),
    ].filter(Boolean);
    this.waiting = waiting;
    this.blocks = waiting + refused + discarded;
    const chip = this.querySelector("a");
    const words = parts.join(" · ");
    chip.hidden = !words;
    chip.classList.toggle("tone-danger", refused > 0);
    chip.classList.toggle("tone-warning", refused === 0);
    if (chip.textContent !== words) chip.textContent = words;
    this.querySelector("[role=status]").textContent = words;
    document.dispatchEvent(new CustomEvent("outbox:shown", { detail: { entries: mine } }));
  }

  words(name, count) {
    return this.getAttribute(count === 1 ? `${name}-one` : name).replace("%s", count);
  }
}

customElements.define("out-box", OutBox);
