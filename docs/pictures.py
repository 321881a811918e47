"""`make pictures`: fill a demo clinic, open its pages, and save what Chromium shows."""

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.clinic import DemoClinic, demo_clinic
from tests.browser.pages import PAGES, PageToOpen
from tests.display.browser import chromium

FOLDER = Path(__file__).parent / "pictures"
IN_THE_README = {
    "board": (1180, 820), "day": (1180, 820), "patient": (1180, 820), "due": (1180, 820),
}  # fmt: skip


def main() -> None:
    """Take the pictures the README shows."""
    FOLDER.mkdir(exist_ok=True)
    with demo_clinic(os.environ["DATABASE_URL"]) as demo, chromium() as browser:
        for page in PAGES:
            if page.name in IN_THE_README:
                width, height = IN_THE_README[page.name]
                context = browser.new_context(viewport={"width": width, "height": height})
                window = context.new_page()
                _sign_in(window, demo, page)
                window.goto(page.address(demo))
                window.screenshot(path=FOLDER / f"{page.name}.png")
                context.close()


def _sign_in(window: Page, demo: DemoClinic, page: PageToOpen) -> None:
    window.goto(f"{demo.address}/accounts/login/")
    window.locator("#id_login").fill(demo.email(page.role))
    window.locator("#id_password").fill(demo.password)
    window.locator("form[data-sign-in] button[type=submit]").click()
    window.wait_for_url("**/c/**")


if __name__ == "__main__":
    main()
