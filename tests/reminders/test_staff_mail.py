"""A life-threatening reaction is told to prescriber and scheduler by mail too: look, no more."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from clinical.model import ReactionSeverity
from clinics.models import Clinic, Role, User
from core.actor import Actor
from infusion.models import Infusion, InfusionEvent
from infusion.reminder_plans import tell_of_the_end
from infusion.services import reacting, stopping
from infusion.services.reacting import Assessment
from reminders.delivery import why_not_staff
from reminders.letters import staff_letter, telling_words
from reminders.models import Reminder
from reminders.sweep import sweep
from tests.infusion.builders import at, running, seat
from tests.people import make_actor, make_clinic, make_user
from tests.reminders.post_offices import PostOffice

pytestmark = pytest.mark.django_db
WORST = Assessment(severity=ReactionSeverity.LIFE_THREATENING, grade=4)


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def prescriber(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.PRESCRIBER)


@pytest.fixture
def scheduler(clinic: Clinic) -> User:
    return make_user(clinic, Role.SCHEDULER)


@pytest.fixture
def nurse(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.NURSE)


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor, prescriber: Actor, scheduler: User) -> Infusion:
    return running(seat(clinic), nurse)


def worst(infusion: Infusion, nurse: Actor) -> None:
    reacting.chart_reaction(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(70), assessment=WORST,
        actor=nurse, now=at(70),
    )  # fmt: skip


@pytest.fixture
def charted(infusion: Infusion, nurse: Actor) -> Infusion:
    worst(infusion, nurse)
    return infusion


def mails() -> Any:
    return Reminder.objects.filter(kind="treatment.ended", channel="email")


def test_both_get_a_mail_that_says_where_to_look_and_nothing_else(
    charted: Infusion, clinic: Clinic, office: PostOffice, scheduler: User, prescriber: Actor
) -> None:
    assert sweep(driver="test", clock=lambda: at(71))["sent"] >= 4
    doctor = User.objects.get(pk=str(prescriber.user_id))
    assert {mail["To"] for mail in office.mails} == {scheduler.email, doctor.email}
    for mail in office.mails:
        body = mail.get_content()
        assert mail["Subject"] == "Please look now: North"
        assert "Open the app: https://clinic.example/c/north/reminders/" in body.replace("\n", " ")
        said = mail["Subject"] + body
        for telling in ("Doe", "Jane", "MRN-1", "reaction", "Treatment", "1988", "chair"):
            assert telling not in said
        assert telling_words(said) == []
        assert str(charted.pk) not in said
        assert str(charted.patient_id) not in said
        assert re.findall(r"https?://\S+", body) == ["https://clinic.example/c/north/reminders/"]
    assert {row.state for row in mails()} == {"sent"}


def test_the_rows_are_written_with_the_reaction_or_not_at_all(
    infusion: Infusion, nurse: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction: a crash after the mails were planned leaves no mail, and no reaction."""

    def crash(*args: Any, **more: Any) -> None:
        tell_of_the_end(*args, **more)
        assert mails().count() == 2
        raise ZeroDivisionError

    monkeypatch.setattr(stopping, "tell_of_the_end", crash)
    with pytest.raises(ZeroDivisionError):
        worst(infusion, nurse)
    assert not mails().exists()
    assert not InfusionEvent.objects.filter(kind="reaction").exists()


def test_whoever_left_meanwhile_is_not_written_to(
    charted: Infusion, clinic: Clinic, office: PostOffice, scheduler: User
) -> None:
    scheduler.memberships.all().delete()
    sweep(driver="test", clock=lambda: at(71))
    assert scheduler.email not in {mail["To"] for mail in office.mails}
    row = mails().get(recipient_user=scheduler)
    assert (row.state, row.last_problem) == ("void", "this person does not work here any more")
    user = make_user(clinic, Role.SCHEDULER, email="gone@north.example")
    assert why_not_staff(user, clinic) == ""
    user.is_active = False
    assert why_not_staff(user, clinic) != ""


def test_an_error_of_charting_that_was_corrected_is_not_told(
    charted: Infusion, office: PostOffice, prescriber: Actor
) -> None:
    stopping.correct_life_threatening(
        reaction_id=charted.events.get(kind="reaction").pk, event_id=uuid4(), severity=None,
        reason="Charted on the wrong patient", actor=prescriber, now=at(71),
    )  # fmt: skip
    sweep(driver="test", clock=lambda: at(72))
    assert office.mails == []
    assert {row.state for row in mails()} == {"void"}


def test_a_clinic_whose_name_says_too_much_is_called_the_clinic() -> None:
    clinic = Clinic(name="MS Infusion Centre", slug="ms-infusion")
    message = staff_letter(clinic, "/c/ms-infusion/reminders/")
    assert message.subject == "Please look now: the clinic"


def test_a_reminder_has_one_recipient(charted: Infusion, scheduler: User) -> None:
    row = mails().first()
    row.pk, row.dedupe_key, row.recipient_role = uuid4(), "another", Role.SCHEDULER
    with pytest.raises(IntegrityError, match="reminder_one_recipient"), transaction.atomic():
        row.save(force_insert=True)
