"""Every page, light and dark, at three sizes: axe clean, within the policy, no sideways scroll."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.clinic import DemoClinic
from tests.browser.conftest import SignIn
from tests.browser.pages import PAGES, PageToOpen
from tests.display.browser import Visitor

pytestmark = pytest.mark.browser
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WAYS = [("tablet", "light"), ("phone", "dark")]


def named(page: PageToOpen) -> str:
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_is_clean_for_everybody(page: PageToOpen, sign_in: SignIn, demo: DemoClinic) -> None:
    address = page.address(demo)
    for size, theme in WAYS:
        visitor = sign_in(page.role, size=size, theme=theme)
        answer = visitor.page.goto(address)
        assert answer is not None
        assert answer.status == (404 if page.name == "not found" else 200)
        if page.name == "not found":
            visitor.complaints.clear()  # the browser itself notes every 404
        _axe(visitor, f"{page.name}, {size}, {theme}")
        assert visitor.page.evaluate(SIDEWAYS) <= 0, f"{page.name} scrolls sideways on a {size}"


def _axe(visitor: Visitor, where: str) -> None:
    found = Axe().run(visitor.page)
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"
