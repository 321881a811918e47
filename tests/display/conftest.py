"""A server and a browser per module: Playwright's loop must not outlive the tests that use it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.display.browser import Visitor, chromium, serving

Open = Callable[..., Visitor]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as where:
        yield where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Open]:
    """Opens windows: `visitor(color_scheme="dark", viewport={...})`."""
    contexts = []

    def window(**options: Any) -> Visitor:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = browser.new_context(**options)
        contexts.append(context)
        return Visitor(context, address)

    yield window
    for context in contexts:
        context.close()
