"""A ward with people in its chairs, tablets in nurses' hands, and one clock that a test moves.

The server runs in this process, so that its clock, the tablets' clocks and the wifi are ours.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

from clinics.models import Clinic, User
from infusion.models import InfusionEvent
from scheduling.models import Visit
from tests.display.browser import PATIENCE_MS
from tests.infusion.builders import at

TABLET = {"width": 1180, "height": 820}
# What a browser says by itself when a request finds no server or is refused.
EXPECTED = (
    "422",
    "401",
    "403",
    "502",
    "htmx:afterRequest",
    "htmx:sendAbort",
    "htmx:sendError",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_FAILED",
    "net::",
)
# Nothing is on its way: no request of htmx, no entry, no other page. Until then a button may move
# away under the thumb, as the answer to the act before brings the page up to date.
AT_REST = """() => document.readyState === 'complete'
  && !('leaving' in document.documentElement.dataset)
  && !document.querySelector('.htmx-request') && !document.querySelector('out-box')?.sending"""
LEAVING = """navigation.addEventListener('navigate', (event) => {
  if (!event.hashChange) document.documentElement.dataset.leaving = '';
})"""
WAITING = "document.querySelector('out-box').store.mine('waiting').then(found => found.length)"
WAKE = "document.querySelector('live-poll').dispatchEvent(new CustomEvent('wake'))"
# Everything a browser keeps for a site, as text; sealed bytes are read as letters too.
DUMP = """async () => {
  const plain = (value) => JSON.stringify(value, (_, each) =>
    each instanceof ArrayBuffer || ArrayBuffer.isView(each)
      ? new TextDecoder('latin1').decode(each) : each);
  const kept = [plain({ ...localStorage }), plain({ ...sessionStorage }), document.cookie];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
    });
    for (const store of database.objectStoreNames) {
      const rows = await new Promise((done) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => done(request.result);
      });
      kept.push(plain(rows));
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) kept.push(request.url);
  }
  return kept.join('\\n');
}"""


class Ward:
    """The clinic's server and its clock, which the tablets' clocks follow at their own offset."""

    def __init__(self, clinic: Clinic, base: str, browser: Browser, wall: Any) -> None:
        self.clinic, self.base, self.browser, self.wall = clinic, base, browser, wall
        self.tablets: list[Tablet] = []

    def tablet(self, user: User, *, wrong_by: timedelta = timedelta(0)) -> "Tablet":
        """Hand a tablet to somebody who is signed in on it; its clock may be wrong."""
        context = self.browser.new_context(viewport=TABLET, has_touch=True, reduced_motion="reduce")  # type: ignore[arg-type]
        context.clock.install(time=self.now() + wrong_by)
        context.add_init_script(LEAVING)
        self.tablets.append(Tablet(self, context, user))
        return self.tablets[-1]

    def now(self) -> datetime:
        return timezone.now()

    def pass_time(self, seconds: float) -> None:
        """Let time go by for the server and for every tablet, as a closed lid would."""
        self.wall.shift(seconds)
        for tablet in self.tablets:
            tablet.context.clock.fast_forward(int(seconds * 1000))

    def until(self, minute: float) -> None:
        """Go on to so many minutes after nine."""
        self.pass_time((at(minute) - self.now()).total_seconds())


class Tablet:
    """One browser window at tablet size."""

    def __init__(self, ward: Ward, context: BrowserContext, user: User) -> None:
        self.ward, self.context, self.user = ward, context, user
        self.complaints: list[str] = []
        self.sign_in(user)
        self.page = self._window()

    def _window(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self._hear("error", str(error)))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not any(known in text for known in EXPECTED):
            self.complaints.append(text)

    def sign_in(self, user: User) -> None:
        """Somebody signs in on this device; a sign-in page would only set the same cookie."""
        client = Client()
        client.force_login(user)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": value, "url": self.ward.base}
        self.context.add_cookies([cookie])  # type: ignore[list-item]

    def open(self, path: str = "board/") -> Page:
        self.page.goto(f"{self.ward.base}/c/{self.ward.clinic.slug}/{path}", wait_until="load")
        at_rest(self.page)
        return self.page

    def reopen(self, path: str = "board/") -> Page:
        """The tab was closed; a new one is opened."""
        self.page.close()
        self.page = self._window()
        return self.open(path)

    def lose_wifi(self) -> None:
        self.context.set_offline(True)

    def find_wifi(self) -> None:
        self.context.set_offline(False)

    def card(self, number: int) -> Locator:
        chair = self.page.locator(".chair-card__chair b", has_text=f"{number}")
        return self.page.locator(".chair-card").filter(has=chair)

    def ready(self, link: str = "#act-vitals") -> None:
        """Wait until the form behind a link is kept ready for the time without wifi."""
        self.page.locator(f"{link}[data-ready]").wait_for()

    def add(self, visit_id: object, act: str, fields: dict[str, Any]) -> None:
        """Chart through the outbox as the page's own forms do."""
        path = f"/c/{self.ward.clinic.slug}/visits/{visit_id}/chair/{act}/"
        self.page.evaluate(
            "entry => document.querySelector('out-box').add(entry)",
            {"path": path, "fields": [[key, str(value)] for key, value in fields.items()]},
        )

    def waiting(self) -> int:
        return waiting(self.page)

    def drain(self, seconds: int = 60) -> None:
        """Wait until nothing waits: the retries' pauses go by quickly."""
        for _ in range(seconds * 4):
            if self.waiting() == 0:
                return
            self.context.clock.fast_forward(500)
            self.page.wait_for_timeout(250)
        raise AssertionError(f"{self.waiting()} entries still wait")


def at_rest(page: Page) -> None:
    """Wait until the page has done what the last act set going, as whoever looks at it does."""
    quiet = 0  # looks in a row: between two there is time for what is only just beginning
    for _ in range(400):
        try:
            quiet = quiet + 1 if page.evaluate(AT_REST) else 0
        except Error:  # another page is just taking this one's place
            quiet = 0
            page.wait_for_load_state()
        if quiet == 2:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the page does not come to rest")


def waiting(page: Page) -> int:
    """How many entries the page's outbox still keeps, asked again when the page leads on."""
    for _ in range(10):
        try:
            found: int = page.evaluate(WAITING)
        except Error:  # another page is just taking this one's place
            page.wait_for_load_state()
        else:
            return found
    raise AssertionError("the page does not come to rest")


def taken() -> list[InfusionEvent]:
    """The vital signs charted after the start, in the order in which they were taken."""
    rows = InfusionEvent.objects.filter(kind="vitals", occurred_at__gt=at(30))
    return list(rows.order_by("occurred_at", "recorded_at"))


def chart_vitals(page: Page, systolic: int | str) -> None:
    """Vital signs as a thumb charts them on the chair's own page."""
    at_rest(page)
    page.locator("#act-vitals").tap()
    dialog = page.locator("dialog#dialog")
    dialog.get_by_label("Systolic pressure").fill(str(systolic))
    dialog.get_by_role("button", name=re.compile("Save")).tap()
    expect(dialog).not_to_be_visible()


def chair(visit: Visit) -> str:
    return f"visits/{visit.pk}/chair/"
