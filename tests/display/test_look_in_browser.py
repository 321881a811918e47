"""The style guide and the sign-in page as people see them: sizes, themes, paper, direction."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.display.conftest import Open

pytestmark = pytest.mark.browser
PATHS = ["/styleguide/", "/accounts/login/"]
DESK = {"width": 1440, "height": 900}
TABLET = {"width": 1180, "height": 820}
PHONE = {"width": 390, "height": 844}


def size(window: dict[str, int]) -> str:
    return f"{window['width']}x{window['height']}"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, TABLET, PHONE], ids=size)
def test_axe_finds_nothing_and_the_policy_holds(
    visitor: Open, path: str, theme: str, viewport: dict[str, int]
) -> None:
    window = visitor(color_scheme=theme, viewport=viewport)
    page = window.visit(path)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
    assert window.complaints == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1180, 1440])
def test_no_page_scrolls_sideways(visitor: Open, path: str, width: int) -> None:
    page = visitor(viewport={"width": width, "height": 800}).visit(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_mirrors_for_languages_written_from_the_right(visitor: Open) -> None:
    page = visitor().visit("/styleguide/")
    page.evaluate("document.documentElement.dir = 'rtl'")
    rail = page.locator(".rail").bounding_box()
    assert rail is not None
    assert rail["x"] > 1000
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


SMALL = """selector => [...document.querySelectorAll(selector)]
  .filter((element) => element.getClientRects().length)
  .filter((element) => !element.closest("p, .error-summary__list"))
  .map((element) => [element.getBoundingClientRect(), element.outerHTML.slice(0, 90)])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([, html]) => html)"""


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=size)
def test_a_target_is_at_least_24_pixels(visitor: Open, viewport: dict[str, int]) -> None:
    page = visitor(viewport=viewport).visit("/styleguide/")
    controls = "button, summary, .button, .nav__link, .tabs__tab, .menu__item, select, input"
    small = page.evaluate(SMALL, controls)
    assert [html for html in small if "checkbox" not in html and "radio" not in html] == []


def test_at_the_chair_targets_are_64_pixels_14_apart(visitor: Open) -> None:
    page = visitor(viewport=TABLET).visit("/styleguide/")
    card = page.locator("#chair-1")
    boxes = [box for button in card.locator(".button").all() if (box := button.bounding_box())]
    assert len(boxes) == 3
    assert all(box["height"] >= 64 for box in boxes)
    first, second, third = boxes
    assert second["y"] - (first["y"] + first["height"]) >= 14
    assert third["x"] - (second["x"] + second["width"]) >= 14


def test_the_countdown_is_the_largest_thing_on_the_card(visitor: Open) -> None:
    page = visitor(viewport=TABLET).visit("/styleguide/")
    sizes = page.locator("#chair-1").evaluate(
        """card => [...card.querySelectorAll("*")].map((element) =>
             [parseFloat(getComputedStyle(element).fontSize), element.tagName])"""
    )
    largest = max(sizes)
    assert largest[1] == "DUE-CLOCK"
    assert [tag for pixels, tag in sizes if pixels == largest[0]] == ["DUE-CLOCK"]


def hidden_focus(page: Page) -> str:
    """The focused element if a sticky bar covers it, else nothing."""
    return str(
        page.evaluate(
            """() => {
              const element = document.activeElement;
              if (!element || element === document.body) return "";
              if (element.closest(".topbar, .rail, .skip-link")) return "";
              const box = element.getBoundingClientRect();
              const bar = document.querySelector(".topbar").getBoundingClientRect();
              return box.bottom <= bar.bottom || box.top >= innerHeight ? element.outerHTML : "";
            }"""
        )
    )


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_focus_never_hides_under_the_bar(visitor: Open, key: str) -> None:
    page = visitor().visit("/styleguide/")
    for _ in range(70):
        page.keyboard.press(key)
        assert hidden_focus(page) == ""


def test_focus_can_always_be_seen(visitor: Open) -> None:
    page = visitor().visit("/styleguide/")
    for _ in range(40):
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert float(width.removesuffix("px")) >= 2


def test_the_skip_link_goes_to_the_page(visitor: Open) -> None:
    page = visitor().visit("/styleguide/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_paper_has_the_clinic_on_top_and_nothing_to_press(visitor: Open) -> None:
    page = visitor(color_scheme="dark").visit("/styleguide/")
    page.emulate_media(media="print")
    assert page.locator(".print-head").is_visible()
    assert "Northgate MS Day Unit" in page.locator(".print-head").inner_text()
    for gone in (".rail", ".topbar", ".chair-card__actions", ".filters", ".load-more"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    rate = page.locator("#chair-1 .chair-card__rate")
    assert " ".join(rate.inner_text().split()) == "Rate now 85 mL per hour"


class TestWithoutJavaScript:
    def test_the_phones_menu_opens_and_leads_on(self, visitor: Open) -> None:
        page = visitor(java_script_enabled=False, viewport=PHONE).visit("/styleguide/")
        link = page.locator(".topbar .nav__link", has_text="Patients")
        assert not link.is_visible()
        page.locator(".topbar details.menu > summary").click()
        assert link.is_visible()

    def test_a_clock_still_says_when(self, visitor: Open) -> None:
        page = visitor(java_script_enabled=False).visit("/styleguide/")
        assert page.locator("#chair-1 due-clock").inner_text() == "14:32"

    def test_the_frame_says_when_the_page_was_made(self, visitor: Open) -> None:
        page = visitor(java_script_enabled=False).visit("/styleguide/")
        words = page.locator(".topbar connection-state").inner_text()
        assert words.strip() == "Page made 14:28:10"

    def test_sign_in_is_a_plain_form(self, visitor: Open) -> None:
        page = visitor(java_script_enabled=False).visit("/accounts/login/")
        form = page.locator("form[data-sign-in]")
        assert form.get_attribute("method") == "post"
        assert form.locator("input[type=email], input[name=login]").first.is_visible()
        assert form.locator("button[type=submit]").is_visible()
