"""A whole series booked from the patient's page: by mouse, by keyboard alone, and by touch."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.clinic import DemoClinic
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.browser

NORTHSIDE = "/c/northside"
# Somebody whose next doses all wait to be booked: each test takes another, and leaves none of them.
WAITING = (
    "SELECT v.patient_id::text FROM scheduling_visit v "
    "JOIN clinics_clinic c ON c.id = v.clinic_id AND c.slug = 'northside' "
    "JOIN scheduling_course k ON k.id = v.course_id AND k.status = 'active' "
    "WHERE v.given_on IS NULL AND v.status <> 'cancelled' "
    "GROUP BY v.patient_id HAVING count(*) >= 2 AND bool_and(v.status = 'planned') "
    "AND min(v.latest_on) > now() + interval '30 days' ORDER BY v.patient_id LIMIT 1"
)
BOOK = re.compile("^Book the ticked doses")
MOST_TABS = 150


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the focus is on `target`; whoever has no mouse has no other way."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if target.evaluate("e => e === document.activeElement"):
            return
    pytest.fail(f"{MOST_TABS} times Tab, and {target} was never reached")


def patient_page(page: Page, demo: DemoClinic) -> str:
    address = f"{demo.address}{NORTHSIDE}/patients/{demo.one(WAITING)}/"
    page.goto(address)
    return address


def first_doses(page: Page) -> Locator:
    """The ticks of the doses that have a proposal."""
    return page.locator("input[type=checkbox][name^='use-']")


def is_booked(page: Page, address: str, doses: int) -> None:
    page.wait_for_url(address)
    words = "1 dose is booked." if doses == 1 else f"{doses} doses are booked."
    expect(page.get_by_text(words)).to_be_visible()


def test_a_series_is_booked_by_mouse(sign_in: SignIn, demo: DemoClinic) -> None:
    page = sign_in("scheduler").page
    address = patient_page(page, demo)
    page.get_by_role("link", name="Book the series").first.click()
    ticks = first_doses(page)
    expect(ticks.first).to_be_checked()
    count = page.locator("input[type=checkbox][name^='use-']:checked").count()
    ticks.nth(count - 1).click()  # the last is left for later
    page.get_by_role("button", name=BOOK).click()
    is_booked(page, address, count - 1)


def test_a_series_is_booked_by_keyboard_alone(sign_in: SignIn, demo: DemoClinic) -> None:
    page = sign_in("scheduler").page
    address = patient_page(page, demo)
    reach(page, page.get_by_role("link", name="Book the series").first)
    page.keyboard.press("Enter")
    ticks = first_doses(page)
    expect(ticks.first).to_be_checked()
    count = page.locator("input[type=checkbox][name^='use-']:checked").count()
    for number in range(1, count):
        reach(page, ticks.nth(number))
        page.keyboard.press("Space")
        expect(ticks.nth(number)).not_to_be_checked()
    reach(page, page.get_by_role("button", name=BOOK))
    page.keyboard.press("Enter")
    is_booked(page, address, 1)


def test_a_series_is_booked_by_touch(sign_in: SignIn, demo: DemoClinic) -> None:
    page = sign_in("scheduler", size="tablet").page
    address = patient_page(page, demo)
    page.get_by_role("link", name="Book the series").first.tap()
    ticks = first_doses(page)
    expect(ticks.first).to_be_checked()
    count = page.locator("input[type=checkbox][name^='use-']:checked").count()
    page.get_by_role("button", name=BOOK).tap()
    is_booked(page, address, count)
