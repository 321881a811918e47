"""An offer is told while it stands, and the schedulers hear of one that nobody answered."""

from datetime import timedelta

import pytest

from core.actor import system_actor
from reminders.models import Reminder
from reminders.sweep import sweep
from scheduling.models import Offer
from scheduling.offer_kinds import plan_offer
from scheduling.services.holds import expire_holds
from scheduling.services.offers import decline_offer
from tests.people import make_clinic, make_patient
from tests.reminders.builders import DAY, HOUR, NOW, make_offer, make_reachable, make_visit
from tests.reminders.post_offices import PostOffice

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    patient = make_reachable(make_clinic(telephone="+49 30 1"))
    made = make_offer(make_visit(patient, due_on=(NOW + 5 * DAY).date()))
    plan_offer(made, now=NOW)
    return made


def states() -> dict[str, str]:
    return dict(Reminder.objects.values_list("kind", "state"))


def test_a_patient_is_told_the_place_and_until_when_it_is_kept(
    offer: Offer, office: PostOffice
) -> None:
    sweep(driver="test", clock=lambda: NOW)
    [mail] = office.mails
    words = " ".join(mail.get_content().split())
    assert "you could come on 04 March 2026 at 10:00." in words
    assert "We keep it for you until 03 March 2026, 10:00." in words
    assert "If it does not, nothing changes for you." in words
    assert mail["Subject"] == "Your visit at North"


def test_an_answer_silences_both(offer: Offer, office: PostOffice) -> None:
    scheduler = system_actor(offer.clinic_id, "bookings.change")
    decline_offer(offer_id=offer.pk, actor=scheduler, now=NOW)
    sweep(driver="test", clock=lambda: NOW + 2 * DAY)
    assert office.mails == []
    assert states() == {"offer.patient": "void", "offer.lapsed": "void"}


def test_a_lapsed_offer_is_on_the_schedulers_list_whoever_looks_first(
    offer: Offer, office: PostOffice
) -> None:
    over = offer.expires_at
    sweep(driver="test", clock=lambda: over)
    assert states() == {"offer.patient": "expired", "offer.lapsed": "sent"}
    expire_holds(clinic_id=offer.clinic_id, now=over)
    assert states()["offer.lapsed"] == "sent"
    assert office.mails == []


def test_a_mail_that_is_late_is_never_sent(offer: Offer, office: PostOffice) -> None:
    expire_holds(clinic_id=offer.clinic_id, now=offer.expires_at)
    sweep(driver="test", clock=lambda: offer.expires_at + HOUR)
    assert office.mails == []
    assert states() == {"offer.patient": "void", "offer.lapsed": "sent"}


def test_without_consent_nothing_is_mailed(office: PostOffice) -> None:
    patient = make_patient(make_clinic())
    made = make_offer(make_visit(patient, due_on=(NOW + 5 * DAY).date()))
    plan_offer(made, now=NOW)
    sweep(driver="test", clock=lambda: NOW + timedelta(minutes=1))
    assert office.mails == []
