// <due-clock due="ISO" now="ISO" soon="300">: time left until a due instant, on the server's clock.
// `now` is the server's time when it wrote the element; only the page's monotonic-enough difference to it is used,
// so a tablet with a wrong clock counts down correctly. Words come as attributes (see _components/due_clock.html).
const MINUTE = 60_000;

function duration(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const parts = hours ? [`${hours}hr`] : [];
  if (rest || !hours) parts.push(`${rest}min`);
  return parts.join(" ");
}

class DueClock extends HTMLElement {
  static observedAttributes = ["due", "now"];

  connectedCallback() {
    this.show = this.show.bind(this);
    document.addEventListener("server:clock", this.correct);
    for (const name of ["visibilitychange", "resume", "server:state"]) document.addEventListener(name, this.show);
    for (const name of ["pageshow", "online", "focus"]) window.addEventListener(name, this.show);
    this.read();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("server:clock", this.correct);
    for (const name of ["visibilitychange", "resume", "server:state"]) document.removeEventListener(name, this.show);
    for (const name of ["pageshow", "online", "focus"]) window.removeEventListener(name, this.show);
  }

  attributeChangedCallback() {
    if (this.isConnected && this.offset !== undefined) this.read();
  }

  // The server has told its time anew: this device's clock was set, or drifts.
  correct = (event) => {
    this.offset = event.detail.offset;
    this.show();
  };

  read() {
    this.due = Date.parse(this.getAttribute("due"));
    const now = Date.parse(this.getAttribute("now"));
    this.offset = Number.isNaN(now) ? 0 : now - Date.now();
    this.show();
  }

  show() {
    clearTimeout(this.timer);
    if (Number.isNaN(this.due)) return;
    const left = this.due - (Date.now() + this.offset);
    const late = -left;
    const soon = Number(this.getAttribute("soon") ?? 300) * 1000;
    this.classList.toggle("is-soon", left > 0 && left <= soon);
    this.classList.toggle("is-overdue", late >= MINUTE);
    this.write(left, late);
    // Wake at the next change of the words, not sixty times in between.
    const step = left > 0 ? left % MINUTE : MINUTE - (late % MINUTE);
    this.timer = setTimeout(this.show, Math.max(250, step + 20));
  }

  write(left, late) {
    const pattern = (name, fallback) => this.getAttribute(name) ?? fallback;
    let words;
    // Time left is rounded up: "1min" until the moment it is due, never "0min" before.
    if (left > 0) words = pattern("words-left", "%s").replace("%s", duration(Math.ceil(left / MINUTE) * MINUTE));
    else if (late < MINUTE) words = pattern("words-now", "Due now");
    else words = pattern("words-overdue", "Overdue %s").replace("%s", duration(late));
    this.setAsOf(document.documentElement.dataset.asOf);
    if (this.textContent === words) return;
    // Figures as text, words in spans: the style makes the figures the largest thing.
    const parts = words.split(/(\d+)/).filter(Boolean).map((part) => {
      if (/\d/.test(part)) return part;
      const word = document.createElement("span");
      word.textContent = part;
      return word;
    });
    this.replaceChildren(...parts);
  }

  // Without the server the time still runs, but nobody knows whether it is still the next thing due.
  setAsOf(words) {
    if (words) this.dataset.asOf = words;
    else delete this.dataset.asOf;
  }
}

customElements.define("due-clock", DueClock);
