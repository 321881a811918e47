"""One demo clinic and one Chromium for all journeys; every page is watched for complaints."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

import pytest
from playwright.sync_api import Browser, StorageState

from tests.browser.clinic import DemoClinic, demo_clinic
from tests.display.browser import Visitor, chromium

SIZES = {"desk": (1440, 900), "tablet": (1180, 820), "phone": (390, 844)}
SignIn = Callable[..., Visitor]
Theme = Literal["light", "dark"]


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoClinic]:
    with demo_clinic(os.environ["DATABASE_URL"]) as clinic:
        yield clinic


@pytest.fixture(scope="module")  # Playwright allows one at a time, and other folders have theirs
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def sessions(demo: DemoClinic, browser: Browser) -> Callable[[str], StorageState]:
    """Sign each role in once, through the real page; later windows start from its cookies."""

    @cache
    def session_of(role: str) -> StorageState:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{demo.address}/accounts/login/")
        page.locator("#id_login").fill(demo.email(role))
        page.locator("#id_password").fill(demo.password)
        page.locator("form[data-sign-in] button[type=submit]").click()
        page.wait_for_url("**/c/**")
        state = context.storage_state()
        context.close()
        return state

    return session_of


@pytest.fixture
def sign_in(
    demo: DemoClinic, browser: Browser, sessions: Callable[[str], StorageState]
) -> Iterator[SignIn]:
    """Open a window for somebody of a role; at the end, no page may have complained."""
    visitors: list[Visitor] = []

    def signed_in(role: str, *, size: str = "desk", theme: Theme = "light") -> Visitor:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            has_touch=size != "desk",
            storage_state=sessions(role),
        )
        visitors.append(Visitor(context, demo.address))
        return visitors[-1]

    yield signed_in
    complaints = [line for visitor in visitors for line in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []
