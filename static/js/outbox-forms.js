// <form data-outbox>: charted through <out-box> instead of being sent at once. What still waits is said on the card or
// page of its visit (data-visit), with the minute of the tap. Also: no signing out while entries wait.
const ANSWERS_WITHIN = 4_000;
// With the server away, or others in front of it, an entry is as good as kept.
const QUEUED_WITHIN = 1_000;

const box = () => {
  const found = document.querySelector("out-box");
  return found?.works ? found : null;
};
const offline = () => document.documentElement.hasAttribute("data-offline") || !navigator.onLine;

function toast(words) {
  const bar = document.createElement("undo-bar");
  bar.className = "toast";
  bar.setAttribute("seconds", "5");
  const said = document.createElement("span");
  said.textContent = words;
  bar.append(said);
  document.getElementById("toasts")?.append(bar);
}

// Through htmx, so that what is put into the page works like any other piece.
const putPieces = (html) => html && window.htmx.swap(document.body, html, { swapStyle: "none" });

function showRefused(html) {
  const dialog = document.getElementById("dialog");
  dialog.replaceChildren();
  window.htmx.swap(dialog, html, { swapStyle: "beforeend" }, { eventInfo: { target: dialog } });
}

// Away from the form: to where its act leads, back from its own page, or only out of the dialog.
function leave(form, go) {
  const page = document.querySelector("main form[data-outbox][data-page]");
  form.closest("dialog")?.close();
  if (go === location.pathname && !document.querySelector("live-poll")) location.reload();
  else if (go && go !== location.pathname) location.assign(go);
  else if (page) location.assign(page.querySelector("[data-closes]").href);
}

// Nothing to go to without the server: the dialog closes, a page stays with its button at rest.
function stay(form) {
  form.closest("dialog")?.close();
  const button = form.querySelector("[type=submit]");
  if (form.hasAttribute("data-page") && button) button.disabled = true;
}

// One tap, one entry: while its answer is awaited the form takes no second one.
async function chart(form) {
  const id = form.elements.event_id.value;
  if (form.dataset.charting === id) return;
  form.dataset.charting = id;
  form.setAttribute("aria-busy", "true");
  const kept = form.dataset.tapped ? { tappedAt: Date.parse(form.dataset.tapped) } : {};
  const path = new URL(form.action).pathname;
  const answered = box().settled(id, offline() || box().waiting ? QUEUED_WITHIN : ANSWERS_WITHIN);
  try {
    const { entryVisit: visit, entryAct: act } = form.dataset;
    await box().add({ path, fields: [...new FormData(form)], visit, act, ...kept });
  } catch {
    form.removeAttribute("data-outbox"); // No room to keep it: htmx sends it at once.
    form.requestSubmit();
    return;
  }
  finish(form, await answered);
}

function finish(form, { result, words, html, go }) {
  form.removeAttribute("aria-busy");
  delete form.dataset.charting;
  const looking = form.isConnected;
  if (result === "refused" && looking && html) return showRefused(html);
  if (result === "refused") return toast(words.join(" "));
  if (result === "applied") {
    form.closest("undo-bar")?.remove();
    putPieces(html);
    return looking && leave(form, go);
  }
  if (looking) stay(form);
  return toast(box().getAttribute("words-kept"));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-sign-out]")) return guardSignOut(event);
  if (!form.matches("form[data-outbox]") || !box()) return undefined;
  event.preventDefault();
  event.stopImmediatePropagation();
  // With the server away nobody else looks the form over: the browser does.
  if (offline() && !form.checkValidity()) return form.reportValidity();
  return chart(form);
}, true);

function guardSignOut(event) {
  if (!box()?.blocks) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  document.getElementById("outbox-waits").showModal();
}

// What waits, where it belongs.
function showWaiting(entries) {
  for (const note of document.querySelectorAll(".unsaved")) note.remove();
  const element = document.querySelector("out-box");
  const state = document.querySelector("connection-state");
  const names = JSON.parse(element.getAttribute("acts"));
  for (const entry of entries.filter((each) => each.state === "waiting")) {
    const place = [...document.querySelectorAll("[data-visit]")].find((each) => each.dataset.visit === entry.visit);
    if (!place) continue;
    const note = document.createElement("p");
    note.className = "unsaved";
    const time = state.wall(Date.parse(entry.tapped_at));
    note.textContent = element.getAttribute("words-unsaved").replace("%s", `${names[entry.act] ?? entry.act} ${time}`);
    const actions = place.querySelector(".chair-card__actions");
    if (actions) actions.before(note);
    else place.append(note);
  }
}

let shown = [];
document.addEventListener("outbox:shown", (event) => {
  shown = event.detail.entries;
  showWaiting(shown);
});
document.addEventListener("htmx:afterSettle", () => shown.length && showWaiting(shown));

// "Correct" in Needs review leads to the act's own page with the entry's id after the #: its form takes up what was typed.
async function takeUp() {
  const form = document.querySelector("main form[data-outbox]");
  const id = location.hash.match(/^#entry=([0-9a-f-]{36})$/)?.[1];
  if (!form || !id || !box()) return;
  const { store } = box();
  const entry = await store.find(id);
  const content = entry && entry.user === store.user ? await store.opened(entry) : null;
  if (!content) return;
  const values = new Map();
  for (const [name, value] of content.fields) values.set(name, [...(values.get(name) ?? []), value]);
  for (const field of form.elements) {
    const typed = values.get(field.name) ?? [];
    if (["checkbox", "radio"].includes(field.type)) field.checked = typed.includes(field.value);
    else if (typed.length && field.name !== "back") [field.value] = typed;
  }
  form.dataset.tapped = entry.tapped_at;
  for (const more of form.querySelectorAll("details")) more.open = true;
}

customElements.whenDefined("out-box").then(takeUp);

// What does not go through the outbox (taking back an arrival) must say when it did not get through.
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.requestConfig?.verb !== "get") toast(document.querySelector("connection-state").getAttribute("words-not-sent"));
  });
}
