"""The day's grid in a real browser: mouse, keyboard, touch, and two people at once."""

import re
from collections.abc import Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.clinic import DemoClinic
from tests.browser.conftest import SignIn
from tests.browser.pages import BUSY_DAY

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not settings.HAS_DAY_GRID, reason="npm has not installed the grid"),
]
OPEN = re.compile("This cannot be saved|Nothing is saved yet")


def opened(page: Page, demo: DemoClinic) -> Page:
    day = demo.one(BUSY_DAY)
    page.goto(f"{demo.address}/c/northside/day/{day}/?view=grid")
    expect(page.locator(".ec-event.visit").first).to_be_visible()
    return page


def visit(page: Page, n: int = 0) -> Locator:
    """A dose that may be moved, found again by its id wherever it goes."""
    doses = page.locator(".ec-draggable").filter(has_text="mg").locator("[data-visit]")
    key = doses.nth(n).get_attribute("data-visit")
    return page.locator(f".ec-event.visit:has([data-visit='{key}'])").first


def middle(place: Locator) -> tuple[float, float]:
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    return box["x"] + 24, box["y"] + box["height"] / 2


def drag(page: Page, what: Locator, dx: float, dy: float) -> None:
    x, y = middle(what)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=4)
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
    expect(page.locator("dialog[open]").get_by_text(OPEN)).to_be_visible()


def place_of(what: Locator) -> tuple[float, float]:
    """Where an event stands on the page, once the grid has drawn it again."""
    while (box := what.bounding_box()) is None:
        what.wait_for()
    return round(box["x"]), round(box["y"] + what.evaluate("() => window.scrollY"))


def quarter(page: Page) -> float:
    """The width of a quarter-hour in pixels."""
    width: float = page.locator(".ec-main").evaluate(
        "e => parseFloat(e.style.getPropertyValue('--ec-slot-width'))"
    )
    return width


def moved_somewhere(page: Page, what: Locator, tries: Sequence[int]) -> tuple[Locator, int]:
    """Drag a visit so many quarter-hours, to the first place where the demo's day has room; the
    button that would save it, and how far it went."""
    for steps in tries:
        drag(page, what, steps * quarter(page), 0)
        confirm = page.get_by_role("button", name=re.compile("^Move "))
        if confirm.count():
            return confirm, steps
        page.get_by_role("button", name="Put back").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
    pytest.fail(f"no room at {tries} quarter-hours from where it stands")


def test_a_drop_that_will_not_do_says_why_and_goes_back(sign_in: SignIn, demo: DemoClinic) -> None:
    page = opened(sign_in("scheduler").page, demo)
    one = visit(page)
    before, words = place_of(one), one.inner_text()
    drag(page, one, 60 * quarter(page), 0)  # far past closing time
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("This cannot be saved")
    expect(dialog).to_contain_text(re.compile("would end at|only|past|on duty"))
    expect(dialog.get_by_role("button", name=re.compile("^Move "))).to_have_count(0)
    dialog.get_by_role("button", name="Put back").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(one).to_have_text(re.compile(re.escape(words.splitlines()[0])))
    assert place_of(one) == before
    page.reload()
    assert place_of(visit(page)) == before


def test_a_drag_is_confirmed_by_surname_and_chair_and_undone(
    sign_in: SignIn, demo: DemoClinic
) -> None:
    page = opened(sign_in("scheduler").page, demo)
    one = visit(page)
    facts = one.locator(".visit__facts").inner_text()
    surname = one.locator(".visit__name").inner_text().split(",")[0]
    confirm, _ = moved_somewhere(page, one, (4, 8, 12, 16, -4, 20))
    expect(confirm).to_have_text(re.compile(rf"^Move {surname} to Chair \d+"))
    expect(one.locator(".visit__facts")).to_have_text(re.compile("."))
    confirm.click()
    expect(one.locator(".visit__facts")).not_to_have_text(facts)
    page.locator("#toasts").get_by_role("button", name=re.compile("^Undo")).click()
    expect(one.locator(".visit__facts")).to_have_text(facts)


def test_escape_puts_a_dragged_visit_back(sign_in: SignIn, demo: DemoClinic) -> None:
    page = opened(sign_in("scheduler").page, demo)
    one = visit(page)
    before = place_of(one)
    drag(page, one, 6 * quarter(page), 0)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert place_of(one) == before


def test_a_length_is_the_protocols_and_a_resize_says_so(sign_in: SignIn, demo: DemoClinic) -> None:
    page = opened(sign_in("scheduler").page, demo)
    one = visit(page)
    before = one.bounding_box()
    middle(one)
    box = one.bounding_box()
    assert box is not None
    edge, y = box["x"] + box["width"] - 3, box["y"] + box["height"] / 2
    page.mouse.move(edge, y)
    page.mouse.down()
    page.mouse.move(edge - 5 * quarter(page), y, steps=6)
    page.mouse.up()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("follows from its rate table: it can end at")
    dialog.get_by_role("button", name="Put back").click()
    assert before is not None
    assert one.evaluate("e => e.getBoundingClientRect().width") == pytest.approx(before["width"], 1)


def test_a_move_by_keyboard_alone(sign_in: SignIn, demo: DemoClinic) -> None:
    page = opened(sign_in("scheduler").page, demo)
    one = visit(page)
    facts = one.locator(".visit__facts").inner_text()
    one.locator("[data-visit]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Arrival")).to_be_visible()
    for shown in ("10:00", "11:00", "12:00", "09:00", "13:00", "08:00"):
        page.get_by_label("Arrival").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type(shown)
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open]").get_by_text(OPEN)).to_be_visible()
        if page.get_by_role("button", name=re.compile("^Move ")).count() and shown not in facts:
            break
        page.keyboard.press("Escape")
        one.locator("[data-visit]").focus()
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Move "))).to_be_focused()
    page.keyboard.press("Enter")
    expect(one.locator(".visit__facts")).to_contain_text(shown)
    heading = page.get_by_role("heading", level=1).inner_text()
    page.locator("body").press("]")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(heading)
    expect(page.locator("day-grid")).to_be_visible()
    page.locator("body").press("[")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def touch(session: CDPSession, kind: str, x: float, y: float) -> None:
    points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_long_press_drags_on_touch(sign_in: SignIn, demo: DemoClinic) -> None:
    visitor = sign_in("scheduler", size="tablet")
    page = opened(visitor.page, demo)
    one = visit(page)
    before = place_of(one)
    session = visitor.context.new_cdp_session(page)
    x, y = middle(one)
    touch(session, "touchStart", x, y)
    page.wait_for_timeout(700)
    for step in range(1, 7):
        touch(session, "touchMove", x + step * quarter(page), y)
    touch(session, "touchEnd", 0, 0)
    expect(page.locator("dialog[open]").get_by_text(OPEN)).to_be_visible()
    page.get_by_role("button", name="Put back").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert place_of(one) == before


def test_an_empty_place_is_dragged_open_and_offers_who_is_due(
    sign_in: SignIn, demo: DemoClinic
) -> None:
    page = opened(sign_in("scheduler").page, demo)
    rows = page.locator(".ec-body .ec-grid .ec-day")
    heads = page.locator(".ec-row-head")
    taken = {round(box["y"]) for box in page.locator(".ec-event.visit").evaluate_all(
        "all => all.map(e => ({y: e.getBoundingClientRect().y}))"
    )}  # fmt: skip
    assert rows.count() >= 1
    for n in range(heads.count()):
        head = heads.nth(n)
        head.scroll_into_view_if_needed()
        box = head.bounding_box()
        assert box is not None
        if all(not box["y"] - 1 <= y <= box["y"] + box["height"] for y in taken):
            break
    box = head.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] + 9 * quarter(page), box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4 * quarter(page), y, steps=5)
    page.mouse.up()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("heading", level=2)).to_have_text(re.compile(r"Book Chair \d+ from"))
    due = dialog.locator(".choice-list__row")
    if due.count():
        due.first.click()
        expect(page.locator("dialog[open]").get_by_text(OPEN)).to_be_visible()


def test_two_schedulers_see_each_other_and_never_overwrite(
    sign_in: SignIn, demo: DemoClinic
) -> None:
    first, second = sign_in("scheduler"), sign_in("scheduler")
    here, there = opened(first.page, demo), opened(second.page, demo)
    one, same = visit(here), visit(there)
    facts = one.locator(".visit__facts").inner_text()
    late, _ = moved_somewhere(there, same, (3, 5, 7, 9, -3, -5, 12))
    soon, steps = moved_somewhere(here, one, (4, 6, 8, 10, -4, -6, 13))
    soon.click()
    expect(one.locator(".visit__facts")).not_to_have_text(facts)
    moved = one.locator(".visit__facts").inner_text()
    late.click()
    expect(there.locator("dialog[open]")).to_contain_text("Somebody changed this booking")
    second.complaints.clear()  # the browser itself notes the 409
    there.get_by_role("button", name="Put back").click()
    expect(same.locator(".visit__facts")).to_have_text(moved)
    # And without a hand being lifted: within one poll.
    back, _ = moved_somewhere(here, one, (-steps,))
    back.click()
    expect(same.locator(".visit__facts")).to_have_text(facts)


@pytest.mark.parametrize(("size", "theme"), [("desk", "dark"), ("phone", "light")])
def test_the_grid_and_its_dialogs_are_for_everybody(
    sign_in: SignIn, demo: DemoClinic, size: str, theme: str
) -> None:
    page = opened(sign_in("scheduler", size=size, theme=theme).page, demo)
    page.emulate_media(reduced_motion="reduce")  # half faded in, everything is too pale
    for press in (None, "[data-visit]"):
        if press:
            page.locator(".ec-draggable [data-visit]").first.click()
            expect(page.get_by_label("Arrival")).to_be_visible()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.get_by_role("button", name="See what changes").click()
    expect(page.locator("dialog[open]").get_by_text(OPEN)).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
