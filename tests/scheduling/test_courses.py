"""Starting and ending treatment, and keeping its calendar two years ahead."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinical.calendar import add_months
from clinics.models import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from patients.models import Patient
from reminders.models import Reminder
from scheduling import rolling, tasks
from scheduling.models import Booking, Course, Visit
from scheduling.services.courses import start_course, stop_course
from scheduling.services.dosing import record_given
from scheduling.services.rolling import roll_calendars
from tests.people import make_actor, make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def start(desk: Desk, patient: Patient, **changes: Any) -> Course:
    values = {
        "patient_id": patient.pk, "indication": "rms", "first_infusion_on": MONDAY,
        "actor": desk.actor, "now": NOW,
    }  # fmt: skip
    return start_course(**{**values, **changes})


def test_a_course_comes_with_its_calendar(desk: Desk) -> None:
    course = start(desk, desk.patient())
    rows = list(
        Visit.objects.filter(course=course)
        .order_by("dose_number")
        .values_list("dose_number", "dose_mg", "due_on", "earliest_on", "latest_on", "day")
    )
    assert rows[:4] == [
        (1, 300, MONDAY, MONDAY, MONDAY, MONDAY),
        (2, 300, date(2026, 3, 23), date(2026, 3, 20), date(2026, 3, 26), date(2026, 3, 23)),
        (3, 600, date(2026, 9, 9), date(2026, 8, 26), date(2026, 10, 7), date(2026, 9, 9)),
        (4, 600, date(2027, 3, 9), date(2027, 2, 23), date(2027, 4, 6), date(2027, 3, 9)),
    ]
    assert rows[-1][2] == date(2028, 3, 9), "two years from the first infusion"
    assert (course.edition, course.protocol_version) == ("default", "2026.1")
    assert AuditEntry.objects.filter(action="course.started", patient_id=course.patient_id).exists()
    assert Reminder.objects.filter(patient=course.patient, state="pending").exists()


def test_a_course_takes_the_clinics_edition_or_the_one_named() -> None:
    desk = make_desk(edition="eu")
    assert start(desk, desk.patient("A")).edition == "eu"
    assert start(desk, desk.patient("B"), edition="us").edition == "us"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"indication": "als"}, "indication"),
        ({"edition": "mars"}, "edition"),
        ({"first_infusion_on": date(2028, 3, 3)}, "first_infusion_on"),
        ({"first_infusion_on": date(2006, 3, 1)}, "first_infusion_on"),
    ],
)
def test_what_makes_no_sense_names_its_field(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        start(desk, desk.patient(), **changes)
    assert list(refused.value.fields) == [field]


def test_the_prescriber_works_in_this_clinic(desk: Desk) -> None:
    patient = desk.patient()
    stranger = make_user(make_desk("south").clinic, Role.PRESCRIBER)
    with pytest.raises(Invalid, match="marked fields"):
        start(desk, patient, prescriber_id=stranger.pk)
    known = make_user(desk.clinic, Role.PRESCRIBER)
    assert start(desk, patient, prescriber_id=known.pk).prescriber == known


def test_nobody_who_has_died_starts(desk: Desk) -> None:
    with pytest.raises(RuleBroken, match="has died"):
        start(desk, desk.patient(deceased_on=date(2026, 1, 1)))


def test_one_course_at_a_time(desk: Desk) -> None:
    patient = desk.patient()
    start(desk, patient)
    with pytest.raises(Conflict, match="already running"):
        start(desk, patient)


def test_other_clinics_and_other_roles_start_nothing(desk: Desk) -> None:
    patient = desk.patient()
    with pytest.raises(NotFound):
        start(desk, patient, actor=make_desk("south").actor)
    with pytest.raises(Forbidden):
        start(desk, patient, actor=make_actor(desk.clinic, Role.NURSE))


# Children, edition by edition


TEN_TO_COME = date(2016, 3, 10)  # turns ten the day after MONDAY


@pytest.mark.parametrize(
    ("edition", "indication", "born", "weight", "refused"),
    [
        ("default", "rms", date(2008, 3, 10), "60", "AGE-CHILD"),  # eighteen on the day after
        ("default", "rms", date(2008, 3, 9), "60", ""),
        ("eu", "rms", date(2010, 1, 1), "60", "AGE-CHILD"),
        ("us", "rms", TEN_TO_COME, "30", "AGE-CHILD"),
        ("us", "rms", TEN_TO_COME - timedelta(days=1), "30", ""),
        ("us", "rms", date(2014, 1, 1), "24.99", "AGE-CHILD"),
        ("us", "rms", date(2014, 1, 1), None, "AGE-UNKNOWN"),
        ("us", "ppms", date(2014, 1, 1), "60", "AGE-CHILD"),
    ],
)
def test_children_start_only_where_the_edition_treats_them(
    *, desk: Desk, edition: str, indication: str, born: date, weight: str | None, refused: str
) -> None:
    kilograms = None if weight is None else Decimal(weight)
    patient = desk.patient(birth_date=born, weight_kg=kilograms)
    if not refused:
        assert start(desk, patient, edition=edition, indication=indication)
        return
    with pytest.raises(RuleBroken) as refusal:
        start(desk, patient, edition=edition, indication=indication)
    assert [finding.id for finding in refusal.value.findings] == [refused]


def test_a_light_child_gets_half_and_a_heavier_one_the_adult_dose(desk: Desk) -> None:
    born = date(2014, 1, 1)
    light = desk.patient("LIGHT", birth_date=born, weight_kg=Decimal("34.9"))
    heavy = desk.patient("HEAVY", birth_date=born, weight_kg=Decimal(35))
    for patient, doses in ((light, [150, 150, 300]), (heavy, [300, 300, 600])):
        course = start(desk, patient, edition="us")
        visits = Visit.objects.filter(course=course).order_by("dose_number")
        assert [visit.dose_mg for visit in visits][:3] == doses


def test_a_child_who_grows_gets_the_adult_dose_from_then_on(desk: Desk) -> None:
    patient = desk.patient(birth_date=date(2014, 1, 1), weight_kg=Decimal(34))
    course = start(desk, patient, edition="us", first_infusion_on=date(2026, 2, 2))
    Patient.objects.update(weight_kg=Decimal(36))
    first = Visit.objects.get(course=course, dose_number=1)
    record_given(visit_id=first.pk, given_on=date(2026, 2, 2), actor=system(desk.clinic), now=NOW)
    visits = Visit.objects.filter(course=course).order_by("dose_number")
    assert [visit.dose_mg for visit in visits][:3] == [150, 300, 600]


# Ending


def stop(desk: Desk, course: Course, **changes: Any) -> Course:
    values = {"reason": "Pregnancy planned", "permanently": False, "now": NOW}
    actor = changes.pop("actor", None) or system(desk.clinic)
    return stop_course(course_id=course.pk, actor=actor, **{**values, **changes})


def test_a_stopped_course_may_be_followed_by_another(desk: Desk) -> None:
    patient = desk.patient()
    stopped = stop(desk, start(desk, patient))
    assert (stopped.status, stopped.ended_on) == ("stopped", NOW.date())
    with pytest.raises(Conflict, match="already ended"):
        stop(desk, stopped)
    assert start(desk, patient).status == "active"


def test_permanently_discontinued_is_final(desk: Desk) -> None:
    patient = desk.patient()
    stop(desk, start(desk, patient), permanently=True)
    with pytest.raises(RuleBroken, match="permanently discontinued"):
        start(desk, patient)


def test_a_dose_that_has_begun_stays_when_the_course_ends(desk: Desk) -> None:
    course = start(desk, desk.patient(), first_infusion_on=date(2026, 3, 2))
    first = Visit.objects.get(course=course, dose_number=1)
    record_given(visit_id=first.pk, given_on=NOW.date(), actor=system(desk.clinic), now=NOW)
    stop(desk, course)
    statuses = Visit.objects.filter(course=course).order_by("dose_number")
    assert [visit.status for visit in statuses] == ["completed", *["cancelled"] * 5]


def test_only_who_may_stops_and_only_with_a_reason(desk: Desk) -> None:
    course = start(desk, desk.patient())
    with pytest.raises(Forbidden):
        stop(desk, course, actor=desk.actor)
    with pytest.raises(Invalid, match="reason"):
        stop(desk, course, reason="x" * 201)
    with pytest.raises(NotFound):
        stop(desk, course, actor=system(make_desk("south").clinic))


# The hourly round


def roll(desk: Desk, today: date) -> None:
    tasks.round_of(desk.clinic.pk, now=at(today, "06:00"))


def last_due(course: Course) -> date:
    return max(visit.due_on for visit in Visit.objects.filter(course=course))


def test_the_calendar_stays_two_years_ahead_and_touches_nothing_that_stands(desk: Desk) -> None:
    course = start(desk, desk.patient())
    before = list(Visit.objects.filter(course=course).order_by("dose_number").values())
    roll(desk, date(2026, 9, 8))
    assert last_due(course) == date(2028, 3, 9), "the dose of September 2028 is a day away"
    roll(desk, date(2026, 9, 9))
    assert last_due(course) == date(2028, 9, 9)
    after = list(Visit.objects.filter(course=course).order_by("dose_number").values())
    assert after[:-1] == before
    roll(desk, date(2026, 9, 9))
    assert Visit.objects.filter(course=course).count() == len(after)
    assert Reminder.objects.filter(subject_id=after[-1]["id"]).exists()


@pytest.mark.parametrize("first", [date(2025, 8, 31), date(2024, 2, 29), date(2026, 4, 30)])
def test_rolling_every_week_leaves_no_hole(desk: Desk, first: date) -> None:
    course = start(desk, desk.patient(), first_infusion_on=first)
    for week in range(0, 60, 3):
        today = NOW.date() + timedelta(weeks=week)
        roll(desk, today)
        due = sorted(visit.due_on for visit in Visit.objects.filter(course=course))
        expected = [first, first + timedelta(days=14)]
        expected += [add_months(first, 6 * n) for n in range(1, len(due) - 1)]
        assert due == expected
        assert add_months(first, 6 * (len(due) - 1)) > add_months(today, 24)


def test_batches_reach_every_course(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "BATCH", 2)
    courses = [start(desk, desk.patient(f"P{n}")) for n in range(5)]
    roll(desk, date(2026, 9, 9))
    assert {last_due(course) for course in courses} == {date(2028, 9, 9)}


def test_a_clinic_with_nothing_to_do_costs_little(desk: Desk) -> None:
    start(desk, desk.patient())
    with CaptureQueriesContext(connection) as seen:
        assert roll_calendars(clinic_id=desk.clinic.pk, now=NOW) is None
    assert len(seen) <= 6


def test_nothing_is_written_after_a_prolonged_gap(desk: Desk) -> None:
    course = start(desk, desk.patient(), first_infusion_on=date(2025, 2, 3))
    for number, on in ((1, date(2025, 2, 3)), (2, date(2025, 2, 17))):
        visit = Visit.objects.get(course=course, dose_number=number)
        record_given(visit_id=visit.pk, given_on=on, actor=system(desk.clinic), now=NOW)
    before = list(Visit.objects.order_by("dose_number").values())
    roll(desk, date(2026, 12, 1))
    assert list(Visit.objects.order_by("dose_number").values()) == before


def test_after_a_death_everything_is_freed(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    other = desk.book(desk.visit("OTHER"), chair=1)
    Patient.objects.filter(pk=booking.patient_id).update(deceased_on=NOW.date())
    roll(desk, NOW.date())
    booking.refresh_from_db()
    other.refresh_from_db()
    assert (booking.status, other.status) == ("cancelled", "confirmed")
    assert Course.objects.get(patient_id=booking.patient_id).end_reason == "The patient has died."
    assert Booking.objects.filter(status="confirmed").count() == 1


def test_the_task_goes_round_every_clinic(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    south = make_desk("south")
    seen = []
    monkeypatch.setattr(tasks, "round_of", lambda clinic_id, now: seen.append(clinic_id))
    tasks.roll_calendars()
    assert set(seen) == {desk.clinic.pk, south.clinic.pk}
