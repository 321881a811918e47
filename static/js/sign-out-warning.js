// <sign-out-warning>: on the page that asks "Sign out?", which anybody may reach by its address. The server cannot know
// what a browser still holds; this says so, and makes staying the first choice.
const DATABASE = "outbox";
const ENTRIES = "entries";

// How many entries wait on this device; the list is never made here when there is none.
function waiting() {
  return new Promise((resolve) => {
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.transaction.abort();
    request.onerror = () => resolve(0);
    request.onsuccess = () => {
      const database = request.result;
      const counted = database.transaction(ENTRIES).objectStore(ENTRIES).count();
      counted.onsuccess = () => { database.close(); resolve(counted.result); };
      counted.onerror = () => { database.close(); resolve(0); };
    };
  });
}

class SignOutWarning extends HTMLElement {
  async connectedCallback() {
    if (!window.indexedDB) return;
    const count = await waiting();
    if (!count) return;
    const words = this.getAttribute(count === 1 ? "words-one" : "words").replace("%s", count);
    this.querySelector("[data-count]").textContent = words;
    this.hidden = false;
    const [leave, stay] = document.querySelectorAll("[data-sign-out-leave], [data-sign-out-stay]");
    leave.classList.replace("button--primary", "button--quiet");
    leave.textContent = this.getAttribute("words-leave");
    stay.classList.replace("button--quiet", "button--primary");
    leave.before(stay);
  }
}

customElements.define("sign-out-warning", SignOutWarning);
