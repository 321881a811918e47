// <entry-store user="uuid" key="base64">: the browser's own list of entries that the server has not confirmed yet.
// IndexedDB keeps ids and instants in the clear; what was typed is sealed with a key that only this person's pages
// bring along and that is never stored, so a tablet in the wrong hands holds nothing to read.
const DATABASE = "outbox";
const ENTRIES = "entries";

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    const entries = request.result.createObjectStore(ENTRIES, { keyPath: "order", autoIncrement: true });
    entries.createIndex("id", "id", { unique: true });
  };
  return done(request);
}

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

class EntryStore extends HTMLElement {
  get user() {
    return this.getAttribute("user");
  }

  // Without a secure context there is no key and no store: forms then go straight to the server.
  static get works() {
    return Boolean(window.indexedDB && window.crypto?.subtle && navigator.locks);
  }

  async key() {
    this.imported ??= crypto.subtle.importKey("raw", bytes(this.getAttribute("key")), "AES-GCM", false, ["encrypt", "decrypt"]);
    return this.imported;
  }

  async seal(content) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(content));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await this.key(), text) };
  }

  // What was typed and what the server said to it; null when it was sealed with another key.
  async opened(entry) {
    try {
      const { iv, data } = entry.sealed;
      const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await this.key(), data);
      return JSON.parse(new TextDecoder().decode(text));
    } catch {
      return null;
    }
  }

  async entries(mode = "readonly") {
    this.database ??= open();
    return (await this.database).transaction(ENTRIES, mode).objectStore(ENTRIES);
  }

  // Every entry on this device, oldest first; another person's too.
  async all() {
    return done((await this.entries()).getAll());
  }

  async mine(state) {
    return (await this.all()).filter((entry) => entry.user === this.user && (!state || entry.state === state));
  }

  async find(id) {
    return done((await this.entries()).index("id").get(id));
  }

  // Puts an entry at the end. The same id again takes the place of a refused one and leaves a waiting one alone.
  async add(entry, content) {
    const sealed = await this.seal(content);
    const old = await this.find(entry.id);
    if (old && (old.state === "waiting" || old.user !== this.user)) return old;
    const entries = await this.entries("readwrite");
    if (old) entries.delete(old.order);
    const added = { ...entry, user: this.user, sealed };
    added.order = await done(entries.add(added));
    return added;
  }

  async change(entry, content) {
    const sealed = content ? await this.seal(content) : entry.sealed;
    const changed = { ...entry, sealed };
    await done((await this.entries("readwrite")).put(changed));
    return changed;
  }

  async remove(entry) {
    await done((await this.entries("readwrite")).delete(entry.order));
  }
}

customElements.define("entry-store", EntryStore);
