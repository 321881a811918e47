"""Somebody who is here for no dose, under a nurse's thumb: asked once, then the chair is free."""

import pytest
from playwright.sync_api import expect

from clinics.models import User
from core.actor import Actor
from scheduling.models import Booking
from tests.browser.ward.ward import Ward
from tests.infusion.builders import errand

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_visit_ends_with_the_connection_and_says_so_without(ward: Ward, nurse: Actor) -> None:
    booking = errand(ward.clinic)
    tablet = ward.tablet(User.objects.get(pk=str(nurse.user_id)))
    page, card = tablet.open(), tablet.card(1)
    page.get_by_role("link", name="Visit over").tap()
    confirm = page.get_by_role("button", name="Visit over: OKAFOR, Chair 1")
    expect(confirm).to_be_visible()
    tablet.lose_wifi()
    confirm.tap()
    expect(page.locator("#toasts")).to_contain_text("Not sent: no connection")
    expect(page.locator("dialog .offline-note")).to_be_visible()
    tablet.find_wifi()
    confirm.tap()
    expect(page.locator("dialog#dialog")).not_to_be_visible()
    expect(card.get_by_text("Free")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("OKAFOR, Jane: visit over.")
    assert Booking.objects.get(pk=booking.pk).status == Booking.Status.COMPLETED
