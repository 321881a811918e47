"""The protocol and the calculator as people see them: axe, the policy, sizes, themes, paper."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser

from clinics.models import Role
from tests.display.browser import Visitor, chromium, serving
from tests.people import make_clinic, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
REFUSED = "/calculator/?part=reaction&onset_minute=x&zone=Mars"
PATHS = [
    "/protocols/ocrelizumab/",
    "/protocols/ocrelizumab/?edition=eu",
    *(f"/calculator/?part={part}" for part in ("calendar", "titration", "reaction")),
    *(f"/calculator/?part={part}" for part in ("preparation", "eligibility")),
    REFUSED,
]
Open = Callable[..., Visitor]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as where:
        yield where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patched, chromium() as running:
        # Playwright keeps a loop in this thread; the database work of the tests is not in it.
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield running


@pytest.fixture
def visitor(transactional_db: None, browser: Browser, address: str) -> Iterator[Open]:
    """Opens windows of a pharmacist who is signed in."""
    client = Client()
    client.force_login(make_user(make_clinic(), Role.PHARMACIST))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    contexts = []

    def window(**options: Any) -> Visitor:
        context = browser.new_context(**options)
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}]
        )
        contexts.append(context)
        return Visitor(context, address)

    yield window
    for context in contexts:
        context.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_and_the_policy_holds(
    visitor: Open, path: str, theme: str, viewport: dict[str, int]
) -> None:
    window = visitor(color_scheme=theme, viewport=viewport)
    page = window.visit(path)
    assert page.locator("h1").first.is_visible()
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
    # A page that answers 422 is named on the console; nothing else may be.
    said = [words for words in window.complaints if "422" not in words]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_paper_carries_the_protocol_and_nothing_to_press(visitor: Open) -> None:
    page = visitor(color_scheme="dark", viewport=DESK).visit(PATHS[0])
    page.emulate_media(media="print")
    assert "Printed" in page.locator(".print-head").inner_text()
    for gone in (".rail", ".topbar", ".contents", ".button-group"):
        assert not page.locator(gone).first.is_visible(), gone
    heads = page.eval_on_selector_all(
        ".protocol thead", "all => all.map((head) => getComputedStyle(head).display)"
    )
    assert set(heads) == {"table-header-group"}, "headings repeat on every sheet"
    rates = page.locator(".rates tbody td").first.inner_text()
    assert rates.replace("\u00a0", " ") == "30 mL per hour"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_it_works_without_javascript(visitor: Open) -> None:
    page = visitor(java_script_enabled=False, viewport=DESK).visit("/calculator/?part=titration")
    page.fill("[name=volume_ml]", "260")
    page.click("button:has-text('Answer')")
    assert "2:41:40" in page.locator(".stats").inner_text()
    page.fill("[name=volume_ml]", "a lot")
    page.click("button:has-text('Answer')")
    assert page.input_value("[name=volume_ml]") == "a lot"
    assert "Enter a number" in page.locator(".error-summary").inner_text()
    page.click(".tabs__tab:has-text('Bag')")
    assert "Use by" in page.locator(".stats").inner_text()


def test_the_menu_leads_here(visitor: Open) -> None:
    page = visitor(viewport=DESK).visit("/calculator/")
    page.locator(".topbar details.menu > summary").click()
    page.click(".menu__item:has-text('Protocol')")
    assert page.url.endswith("/protocols/ocrelizumab/")
