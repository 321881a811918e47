// <needs-review who="url">: the entries that the server refused, with its words: correct, send again, or discard with
// a reason. Whose entry it is comes from the server each time: this device keeps no names.
// One tap and nothing typed: to be sent again or discarded, not corrected.
const NO_FORM = new Set(["arrive", "undo"]);
const HIDDEN = new Set(["event_id", "back", "tapped_at"]);

class NeedsReview extends HTMLElement {
  connectedCallback() {
    this.row = this.querySelector("template");
    this.list = this.querySelector("[data-entries]");
    this.people = new Map();
    document.addEventListener("outbox:shown", this.shown);
    customElements.whenDefined("out-box").then(() => {
      this.box = document.querySelector("out-box");
      if (this.box?.works) this.box.show();
      else this.querySelector("[data-off]").hidden = false;
    });
  }

  disconnectedCallback() {
    document.removeEventListener("outbox:shown", this.shown);
  }

  shown = async ({ detail }) => {
    const refused = detail.entries.filter((entry) => entry.state === "refused");
    await this.learn(refused.map((entry) => entry.visit));
    this.drawn ??= new Map();
    const ids = new Set(refused.map((entry) => entry.id));
    for (const [id, row] of this.drawn) {
      if (ids.has(id)) continue;
      row.remove();
      this.drawn.delete(id);
    }
    for (const entry of refused) if (!this.drawn.has(entry.id)) this.drawn.set(entry.id, await this.draw(entry));
    this.querySelector("[data-none]").hidden = refused.length > 0;
    await this.report(detail.entries.filter((entry) => entry.state === "discarded"));
  };

  async learn(visits) {
    const unknown = [...new Set(visits)].filter((visit) => visit && !this.people.has(visit));
    if (!unknown.length) return;
    try {
      const answer = await fetch(this.getAttribute("who"), {
        method: "POST", headers: this.headers(), cache: "no-store",
        body: new URLSearchParams(unknown.map((visit) => ["visit", visit])),
      });
      if (answer.ok) for (const [visit, words] of Object.entries(await answer.json())) this.people.set(visit, words);
    } catch {
      // Offline: the rows say so.
    }
  }

  headers() {
    const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
    return { "X-CSRFToken": token, "X-Outbox": "later", "HX-Request": "true" };
  }

  async draw(entry) {
    const content = (await this.box.store.opened(entry)) ?? { fields: [], words: [] };
    const row = this.row.content.firstElementChild.cloneNode(true);
    const put = (name, words) => { row.querySelector(`[data-${name}]`).textContent = words; };
    put("act", JSON.parse(this.box.getAttribute("acts"))[entry.act] ?? entry.act);
    put("at", document.querySelector("connection-state").wall(Date.parse(entry.tapped_at)));
    put("who", this.people.get(entry.visit) ?? this.getAttribute("words-unknown"));
    put("refusal", content.words.join(" "));
    const typed = content.fields.filter(([name, value]) => value && !HIDDEN.has(name));
    put("typed", typed.map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", "));
    const correct = row.querySelector("[data-correct]");
    if (NO_FORM.has(entry.act)) correct.remove();
    else correct.href = `${entry.path}#entry=${entry.id}`;
    row.querySelector("[data-again]").addEventListener("click", () => this.again(entry));
    row.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.discard(entry, new FormData(event.target).get("reason"));
    });
    this.list.append(row);
    return row;
  }

  async again(entry) {
    await this.box.store.change({ ...entry, state: "waiting" });
    await this.box.changed();
    this.box.sendSoon(0);
  }

  // Kept until the server has written down that it was discarded, by whom and why.
  async discard(entry, reason) {
    await this.box.store.change({ ...entry, state: "discarded", reason }, { fields: [], words: [] });
    await this.box.changed();
  }

  async report(entries) {
    for (const entry of entries) {
      const body = new URLSearchParams({
        visit: entry.visit, act: entry.act, tapped_at: entry.tapped_at, reason: entry.reason, event_id: entry.id,
      });
      try {
        const answer = await fetch(this.getAttribute("discard"), { method: "POST", headers: this.headers(), body, redirect: "manual" });
        if (answer.headers.get("X-Outbox") === "applied") {
          await this.box.store.remove(entry);
          await this.box.changed();
        }
      } catch {
        return;
      }
    }
  }
}

customElements.define("needs-review", NeedsReview);
