// Forms kept ready: the forms of the next acts are fetched while the server answers and held in this page's memory, never
// in storage, so that an act can still be opened and charted when the wifi is gone. Each opening is a new act with its
// own id. The server judges what was charted from an old form when it arrives.
const ANSWERS_WITHIN = 3_000;
const APART = 400;
const ACT = /\/visits\/[^/]+\/chair\/[^/]+\/$/;
const ready = new Map();
let queue = [];
let fetching = false;

const offline = () => document.documentElement.hasAttribute("data-offline") || !navigator.onLine;
const onBoard = () => Boolean(document.getElementById("room"));

// On the chair's own page every act; on the board, where there may be sixty chairs, the next act of each.
function wanted() {
  const links = document.querySelectorAll("a[hx-get][hx-target='#dialog']");
  return [...links].filter((link) => ACT.test(link.pathname) && (!onBoard() || link.classList.contains("button--primary")));
}

const keyOf = (link) => link.pathname + link.search;

function lookAround() {
  const links = wanted();
  const keys = new Set(links.map(keyOf));
  for (const key of ready.keys()) if (!keys.has(key)) ready.delete(key);
  // A changed card brings a new link, and its form is fetched anew; until then the old one serves.
  queue = links.filter((link) => !("ready" in link.dataset));
  if (!fetching) fetchNext();
}

async function fetchNext() {
  const link = queue.shift();
  if (!link || offline() || document.visibilityState === "hidden") return;
  fetching = true;
  try {
    const answer = await fetch(`${link.pathname}ready/${link.search}`, { headers: { "HX-Request": "true" }, cache: "no-store", signal: AbortSignal.timeout(8_000) });
    if (answer.status === 200 && !answer.redirected) {
      ready.set(keyOf(link), await answer.text());
      link.dataset.ready = "";
    }
  } catch {
    // Not ready then; the next change of the page asks again.
  }
  setTimeout(() => {
    fetching = false;
    fetchNext();
  }, APART);
}

function openReady(link) {
  const form = ready.get(keyOf(link));
  const dialog = document.getElementById("dialog");
  if (!form || !dialog || dialog.open) return false;
  dialog.replaceChildren();
  window.htmx.swap(dialog, form, { swapStyle: "beforeend" }, { eventInfo: { target: dialog } });
  const id = dialog.querySelector("input[name=event_id]");
  if (id) id.value = crypto.randomUUID();
  return true;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.target;
  if (!link.matches?.("a[hx-get]") || !ready.has(keyOf(link))) return;
  if (offline() && openReady(link)) {
    event.preventDefault();
    return;
  }
  // On the request itself: a poll may replace the link meanwhile, and htmx does not hear a link that is gone. The late
  // answer would then take the place of a form that somebody types in.
  const { xhr } = event.detail;
  const late = setTimeout(() => openReady(link) && xhr.abort(), ANSWERS_WITHIN);
  xhr.addEventListener("loadend", () => clearTimeout(late));
});

document.addEventListener("htmx:sendError", (event) => {
  if (event.target.matches?.("a[hx-get]")) openReady(event.target);
});

document.addEventListener("htmx:afterSettle", lookAround);
document.addEventListener("server:answered", () => queue.length && !fetching && fetchNext());
lookAround();
