"""A place comes free, is offered in one press, and the answer is written beside it."""

import pytest
from playwright.sync_api import expect

from tests.browser.clinic import DemoClinic
from tests.browser.conftest import SignIn
from tests.browser.pages import NORTHSIDE

pytestmark = pytest.mark.browser


def test_a_place_that_came_free_is_offered_and_taken(demo: DemoClinic, sign_in: SignIn) -> None:
    page = sign_in("scheduler").page
    page.goto(f"{demo.address}{NORTHSIDE}/waitlist/")
    offer = page.get_by_role("button", name="Offer to").first
    whom = offer.inner_text().partition("Offer to ")[2].split(",")[0].strip()
    offer.click()
    expect(page.locator(".banner[role=status]")).to_contain_text("The place is kept until")
    row = page.get_by_role("row").filter(has_text=whom).filter(has_text="left").first
    row.get_by_role("button", name="Accepted").click()
    expect(page.locator(".banner[role=status]")).to_contain_text("Booked and confirmed.")
    answered = page.get_by_role("region", name="Answers of the last three days")
    expect(answered.get_by_role("row").filter(has_text=whom).first).to_contain_text("Accepted")
