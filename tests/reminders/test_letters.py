"""Words to patients say where, when and whom to call, and nothing of illness or treatment."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from clinics.models import Clinic
from patients.models import Condition, Patient
from reminders import kinds
from reminders.kinds import Message
from reminders.letters import (
    Indiscreet,
    check_discreet,
    clinic_name,
    language_for,
    letter,
    telling_words,
)
from reminders.mailing import message_id
from reminders.sweep import sweep
from scheduling.change_plans import tell_cancelled, tell_moved
from scheduling.models import Booking
from scheduling.offer_kinds import plan_offer
from scheduling.reminder_plans import plan_booking, plan_visit
from tests.people import make_clinic
from tests.reminders.builders import DAY, NOW, make_booking, make_offer, make_reachable, make_visit
from tests.reminders.post_offices import PostOffice

CANARIES = {
    "family_name": "Kanarienvogel",
    "given_names": "Zitronella",
    "mrn": "CANARY-77123",
    "telephone": "+00 5551234",
}


@pytest.mark.parametrize(
    "text",
    [
        "your infusion", "Infusionszentrum", "perfusion", "ocrelizumab 600", "OCREVUS",
        "multiple sclerosis", "Multiple Sklerose", "esclerosis", "sclérose", "the MS nurse",
        "premedication", "Prämedikation", "prednisolone", "your next dose", "Dosis", "600 mg",
        "40 mL per hour", "chemotherapy", "Neurologie", "Onkologie", "antihistamine",
        "your medication", "this drug", "steroids",
    ],
)  # fmt: skip
def test_telling_words_are_found(text: str) -> None:
    assert telling_words(text)
    with pytest.raises(Indiscreet):
        check_discreet(Message(text))
    with pytest.raises(Indiscreet):
        check_discreet(Message("Hello", text))


@pytest.mark.parametrize(
    "text", ["Your visit at North", "call +49 30 1234567", "the clinic", "Em & Ms Smith's items"]
)
def test_harmless_words_pass(text: str) -> None:
    assert telling_words(text) == []
    check_discreet(Message(text, text))


def test_a_clinic_whose_name_tells_is_called_the_clinic() -> None:
    assert clinic_name(Clinic(name="North")) == "North"
    assert clinic_name(Clinic(name="Infusion Centre North")) == "the clinic"
    message = letter(Clinic(name="MS Centre"), ["we would like to see you."])
    assert message.subject == "Your visit at the clinic"
    check_discreet(message)


def test_without_a_number_to_call_a_letter_still_says_what_to_do() -> None:
    body = letter(Clinic(name="North"), ["x."]).body
    assert "please contact us." in body
    assert "please call" not in body


@pytest.mark.django_db
def test_no_letter_of_any_kind_carries_a_canary(office: PostOffice) -> None:
    clinic = make_clinic(telephone="+49 30 1")
    patient = make_reachable(clinic, CANARIES["mrn"], **{
        key: value for key, value in CANARIES.items() if key != "mrn"
    })  # fmt: skip
    Condition.objects.create(
        patient=patient, source_id="c", kind="pregnancy", from_date=date(2026, 1, 1),
        recorded_at=NOW,
    )  # fmt: skip
    tomorrow = make_visit(patient, due_on=(NOW + DAY).date(), dose_number=4)
    booking = make_booking(tomorrow, NOW + DAY)
    plan_booking(booking, now=NOW)
    unbooked = make_visit(patient, due_on=(NOW + 28 * DAY).date(), dose_number=5)
    plan_visit(unbooked, now=NOW)
    booked = make_visit(patient, due_on=(NOW + 29 * DAY).date(), dose_number=6)
    plan_visit(booked, now=NOW)
    make_booking(booked, NOW + 29 * DAY)
    tell_moved(booking, patient, was="confirmed", now=NOW)
    gone = make_booking(make_visit(patient, due_on=(NOW + 27 * DAY).date(), dose_number=7),
                        NOW + 27 * DAY)  # fmt: skip
    Booking.objects.filter(pk=gone.pk).update(status="cancelled", ended_at=NOW)
    tell_cancelled(gone, patient, was="confirmed", now=NOW)
    offer = make_offer(make_visit(patient, due_on=(NOW + 20 * DAY).date(), dose_number=8))
    plan_offer(offer, now=NOW)
    sweep(driver="test", clock=lambda: NOW + 12 * timedelta(hours=1))
    sweep(driver="test", clock=lambda: NOW + DAY + timedelta(hours=2))

    to_patients = [name for name in kinds.names() if name.endswith((".patient", ".invite"))]
    assert len(to_patients) == 5
    assert len(office.mails) == 6  # one of each kind, and the invitation's second wording
    secrets = [
        *CANARIES.values(), *to_patients, "pregnan", "ocrelizumab", "Ocrevus", "infusion",
        "sclerosis", "600 mg", str(booking.pk), str(patient.pk), str(unbooked.pk), str(offer.pk),
    ]  # fmt: skip
    for mail in office.mails:
        # The address is the one thing of the patient's that a letter cannot do without.
        words = mail.as_string().replace(patient.email, "").lower()
        assert [secret for secret in secrets if secret.lower() in words] == []
        assert telling_words(mail.get_content()) == []
        assert mail["Subject"] == "Your visit at North"


def test_an_identity_is_stable_and_differs_by_key() -> None:
    assert message_id("a:b") == message_id("a:b") != message_id("a:c")
    assert "a:b" not in message_id("a:b")


@pytest.fixture
def german(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").touch()
    with override_settings(LOCALE_PATHS=[str(tmp_path)]):
        yield


@pytest.mark.parametrize(
    ("patient", "clinic", "chosen"),
    [
        ("de", "en", "de"), ("de-AT", "en", "de"), ("DE_at", "en", "de"), ("", "de", "de"),
        ("fr", "de", "de"), ("fr", "es", "en"), ("en-US", "de", "en"), ("", "", "en"),
        ("../de", "en", "en"), ("\x00", "en", "en"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("german")
def test_letters_are_in_a_language_we_have_words_in(patient: str, clinic: str, chosen: str) -> None:
    assert language_for(Patient(language=patient), Clinic(locale=clinic)) == chosen


def test_without_words_in_it_a_letter_is_wholly_in_english() -> None:
    assert language_for(Patient(language="de"), Clinic(locale="de")) == "en"
