"""After the end, on the tablet: the door, the next dose, and a reaction reported from home."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from infusion.models import Infusion, InfusionEvent
from scheduling import history
from scheduling.models import Booking, Course, Override, Visit
from scheduling.services import bookings
from scheduling.treatment import protocol_of, rates_offered
from tests.infusion.builders import TODAY, at, complete, leave, seat
from tests.infusion.builders import running as run_up
from tests.infusion.pages import Tablet, buttons_in
from tests.people import make_actor, make_user
from tests.scheduling.builders import staff


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def infusion(visit: Visit, nurse: Actor) -> Infusion:
    """Ended at minute 240; observed until 300."""
    running = run_up(visit, nurse)
    complete(running, nurse, minute=240)
    return running


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def form(tablet: Tablet, visit: Visit, minute: float, act: str = "discharge") -> str:
    text: str = tablet.get(minute, "chair_act", visit.pk, act, htmx=True).content.decode()
    return text


def page(tablet: Tablet, visit: Visit, minute: float) -> str:
    text: str = tablet.get(minute, "chair_side", visit.pk).content.decode()
    return text


@pytest.mark.usefixtures("infusion")
def test_the_door_asks_for_vitals_line_advice_and_says_until_when(
    tablet: Tablet, visit: Visit, clinic: Clinic
) -> None:
    clinic.telephone = "+49 30 1234567"
    clinic.save()
    text = form(tablet, visit, 301)
    for words in (
        "Vital signs due at 14:00 are not charted.", "Line removed, site looked at",
        "Advice given", "03-Mar-2026 14:00", "+49 30 1234567",
    ):  # fmt: skip
        assert words in text, words
    tablet.act(302, visit.pk, "vitals", systolic="118")
    text = form(tablet, visit, 303)
    assert "are not charted" not in text
    assert "Systolic pressure 118" in text


@pytest.mark.usefixtures("infusion")
def test_before_the_hour_the_door_stays_shut_without_reason_and_name(
    tablet: Tablet, visit: Visit, clinic: Clinic
) -> None:
    """H5: a missed observation hour."""
    doctor = make_user(clinic, Role.PRESCRIBER)
    assert "Observation runs until 15:00" in form(tablet, visit, 280)
    done: dict[str, Any] = {"line_removed": "on", "advice_given": "on"}
    assert tablet.act(280, visit.pk, "discharge", **done).status_code == 422
    refused = tablet.act(280, visit.pk, "discharge", reason="Wants to go", **done)
    assert (refused.status_code, "Say which prescriber agreed." in refused.content.decode()) == (
        422, True,
    )  # fmt: skip
    done["agreed_by"] = str(doctor.pk)
    assert tablet.act(280, visit.pk, "discharge", reason="Wants to go", **done).status_code == 302
    assert Override.objects.get().reason == "Wants to go"
    assert "agreed with the prescriber" in page(tablet, visit, 281)


@pytest.mark.usefixtures("infusion")
def test_only_prescribers_of_this_clinic_can_be_named(
    tablet: Tablet, visit: Visit, clinic: Clinic
) -> None:
    doctor = make_user(clinic, Role.PRESCRIBER)
    pharmacist = make_user(clinic, Role.PHARMACIST)
    text = form(tablet, visit, 280)
    assert f'value="{doctor.pk}"' in text
    assert f'value="{pharmacist.pk}"' not in text
    data = {"line_removed": "on", "advice_given": "on", "reason": "x"}
    answer = tablet.act(280, visit.pk, "discharge", agreed_by=str(pharmacist.pk), **data)
    assert answer.status_code == 422


@pytest.mark.usefixtures("infusion")
def test_what_was_not_done_is_asked_for(tablet: Tablet, visit: Visit) -> None:
    answer = tablet.act(301, visit.pk, "discharge", advice_given="on")
    assert answer.status_code == 422
    assert "Not done? Say why." in answer.content.decode()


@pytest.mark.usefixtures("infusion")
def test_the_next_dose_is_shown_with_its_due_date_or_its_booking(
    tablet: Tablet, visit: Visit, clinic: Clinic
) -> None:
    following = Visit.objects.get(course=visit.course, dose_number=4)
    for text in (page(tablet, visit, 250), form(tablet, visit, 301)):
        assert "02-Sep-2026" in text
        assert "not booked, the due list brings it up" in text
    day = following.due_on + timedelta(days=(7 - following.due_on.weekday()) % 7)
    staff(clinic, day)
    bookings.book(
        visit_id=following.pk, chair_id=clinic.chairs.get(position=2).pk,
        start=at((day - TODAY).days * 1440), actor=make_actor(clinic, Role.SCHEDULER),
        now=at(260),
    )  # fmt: skip
    assert Booking.objects.filter(visit=following).exists()
    text = form(tablet, visit, 301)
    assert "07-Sep-2026" in text
    assert "Chair 2" in text


@pytest.mark.usefixtures("infusion")
def test_after_the_end_of_the_treatment_there_is_no_next_dose(tablet: Tablet, visit: Visit) -> None:
    Visit.objects.filter(course=visit.course, given_on=None).update(status="cancelled")
    assert "none: the treatment has ended" in page(tablet, visit, 250)


@pytest.fixture
def gone(infusion: Infusion, nurse: Actor) -> Infusion:
    """Left at the end of the hour."""
    leave(infusion, nurse, minute=300)
    return infusion


def report(tablet: Tablet, visit: Visit, minute: float, wall: str) -> Any:
    return tablet.act(minute, visit.pk, "reaction", back="chair", at=wall)


def test_a_call_from_home_is_charted_to_this_infusion(
    tablet: Tablet, visit: Visit, gone: Infusion
) -> None:
    """Twenty hours after the end, told three days later."""
    told = 3 * 24 * 60
    assert buttons_in(tablet.get(told, "chair_side", visit.pk)) == {"reaction"}
    assert 'type="datetime-local"' in form(tablet, visit, told, "reaction")
    assert report(tablet, visit, told, "2026-03-03T10:00").status_code == 302
    event = gone.events.get(kind="reaction")
    assert event.occurred_at == at(24 * 60)
    text = page(tablet, visit, told + 1)
    assert "The prescriber reviews before the next dose." in text
    assert "Not assessed" in text
    assert "Pump" not in text[text.index("reaction__steps") :]
    assert "Late entry" in text


@pytest.mark.parametrize("wall", ["2026-03-03T14:01", "2026-03-02T10:00", "2026-03-08T09:00", ""])
def test_outside_the_window_it_is_refused_at_its_field(
    tablet: Tablet, visit: Visit, gone: Infusion, wall: str
) -> None:
    """A minute past the window, before the start, in the future, not said."""
    answer = report(tablet, visit, 3 * 24 * 60, wall)
    assert answer.status_code == 422
    assert 'id="id_at_error"' in answer.content.decode()
    assert not gone.events.filter(kind="reaction").exists()


def test_it_counts_for_the_next_rate(
    tablet: Tablet, visit: Visit, gone: Infusion, nurse: Actor
) -> None:
    following = Visit.objects.get(course=visit.course, dose_number=4)
    course = Course.objects.get(pk=visit.own_course.pk)

    def options() -> list[str]:
        offer = rates_offered(protocol_of(course), following, gone.patient, on=following.due_on)
        return [str(each) for each in offer.options]

    assert options() == ["standard", "short"]
    report(tablet, visit, 3 * 24 * 60, "2026-03-03T10:00")
    assert options() == ["standard"], "nobody has said how bad it was"
    tablet.act(3 * 24 * 60 + 5, visit.pk, "assess", signs=["rash"], grade="1", severity="")
    assert options() == ["standard", "short"]
    [reaction] = InfusionEvent.objects.filter(kind="reaction", amends=None)
    assert not history.of(gone.patient_id).prior_severe
    report(tablet, visit, 3 * 24 * 60 + 9, "2026-03-03T11:00")
    tablet.act(3 * 24 * 60 + 10, visit.pk, "assess", signs=["dyspnoea"], grade="3", severity="")
    assert options() == ["standard"]
    assert history.of(gone.patient_id).prior_severe
    assert reaction.infusion_id == gone.pk


def test_the_page_costs_the_same_whatever_is_charted(
    tablet: Tablet, visit: Visit, gone: Infusion,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:  # fmt: skip
    page(tablet, visit, 310)
    with django_assert_max_num_queries(20) as few:
        page(tablet, visit, 310)
    for minute in range(0, 50, 10):
        report(tablet, visit, 400, f"2026-03-02T15:{minute:02d}")
    page(tablet, visit, 401)
    with django_assert_max_num_queries(21) as many:
        page(tablet, visit, 401)
    # One more: who prescribes, for the panel of the open reaction.
    assert len(many) - len(few) <= 1
