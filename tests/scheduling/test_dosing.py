"""A dose that was given moves what follows, and nothing else."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.calendar import add_months
from clinics.models import Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from reminders.models import Reminder
from scheduling.models import Booking, Course, Override, Restart, Visit
from scheduling.services import bookings
from scheduling.services.courses import restart_after_gap
from scheduling.services.dosing import record_given
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, staff, system

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def doses(course: Course) -> list[Visit]:
    return list(Visit.objects.filter(course=course).order_by("dose_number"))


def give(desk: Desk, visit: Visit, on: date, **changes: object) -> Visit:
    values = {"actor": system(desk.clinic), "now": NOW, **changes}
    return record_given(visit_id=visit.pk, given_on=on, **values)  # type: ignore[arg-type]


def given_course(desk: Desk, *dates: date) -> Course:
    """Start a course on the first date and record a dose on each."""
    course = desk.course(first=dates[0])
    for visit, on in zip(doses(course), dates, strict=False):
        give(desk, visit, on)
    return course


def due(course: Course) -> list[date]:
    return [visit.due_on for visit in doses(course)]


def test_the_second_dose_follows_the_first_as_given_and_so_does_the_rest(desk: Desk) -> None:
    course = desk.course(first=date(2026, 2, 23))
    give(desk, doses(course)[0], date(2026, 2, 25))
    assert due(course)[1:4] == [date(2026, 3, 11), date(2026, 8, 25), date(2027, 2, 25)]


def test_a_late_maintenance_dose_resets_the_schedule(desk: Desk) -> None:
    course = given_course(desk, date(2025, 2, 3), date(2025, 2, 17), date(2025, 9, 10))
    third, fourth = doses(course)[2:4]
    assert (third.status, third.given_on) == ("completed", date(2025, 9, 10))
    assert fourth.due_on == date(2026, 3, 10)
    assert (fourth.earliest_on, fourth.latest_on) == (date(2026, 2, 24), date(2026, 4, 7))


def test_a_month_end_is_clamped_once_and_never_drifts(desk: Desk) -> None:
    course = given_course(desk, date(2025, 8, 31))
    assert due(course)[2:6] == [
        date(2026, 2, 28), date(2026, 8, 31), date(2027, 2, 28), date(2027, 8, 31),
    ]  # fmt: skip


def waiting(visit: Visit) -> set[date]:
    reminders = Reminder.objects.filter(subject_id=visit.pk, state="pending")
    return {reminder.due_at.date() for reminder in reminders}


def test_reminders_move_with_the_calendar_and_end_with_the_dose(desk: Desk) -> None:
    course = desk.course(first=date(2026, 2, 26))
    first, _, third = doses(course)[:3]
    before = waiting(third)
    assert before
    assert waiting(first)
    give(desk, first, date(2026, 2, 28))
    assert waiting(third) == {day + timedelta(days=2) for day in before}
    assert waiting(first) == set()


@pytest.mark.parametrize(
    ("on", "refusal", "words"),
    [
        (TODAY + timedelta(days=1), Invalid, "day to come"),
        (date(2025, 2, 17), RuleBroken, "dose before was given on 17-Feb-2025"),
        (date(2025, 7, 2), RuleBroken, "Earliest date is 2025-07-03"),
        (date(2025, 7, 3), None, ""),
    ],
)
def test_when_a_dose_can_have_been_given(
    desk: Desk, on: date, refusal: type[Exception] | None, words: str
) -> None:
    course = given_course(desk, date(2025, 2, 3), date(2025, 2, 5))
    third = doses(course)[2]
    Visit.objects.filter(course=course, dose_number=2).update(given_on=date(2025, 2, 17))
    if refusal is None:
        Visit.objects.filter(course=course, dose_number=2).update(given_on=date(2025, 2, 3))
        Visit.objects.filter(course=course, dose_number=1).update(given_on=date(2025, 2, 2))
        assert give(desk, third, on).given_on == on
        return
    with pytest.raises(refusal, match=words):
        give(desk, third, on)


def test_doses_are_recorded_in_order(desk: Desk) -> None:
    course = desk.course(first=date(2025, 2, 3))
    with pytest.raises(RuleBroken, match="Dose 1 comes first") as refused:
        give(desk, doses(course)[1], date(2025, 2, 17))
    assert refused.value.findings[0].id == "DOSE-ORDER"
    give(desk, doses(course)[0], date(2025, 2, 3))
    with pytest.raises(Conflict, match="already given"):
        give(desk, doses(course)[0], date(2025, 2, 4))


def prescriber(desk: Desk) -> Actor:
    return make_actor(desk.clinic, Role.PRESCRIBER)


def test_a_prescriber_goes_past_the_minimum_interval_with_a_reason(desk: Desk) -> None:
    course = given_course(desk, date(2025, 2, 3), date(2025, 2, 17))
    third, early = doses(course)[2], date(2025, 6, 20)
    nurse = make_actor(desk.clinic, Role.NURSE)
    with pytest.raises(Forbidden):
        give(desk, third, early, actor=nurse, override_reason="Given abroad")
    actor = prescriber(desk)
    with pytest.raises(Invalid, match="reason"):
        give(desk, third, early, actor=actor, override_reason="  ")
    give(desk, third, early, actor=actor, override_reason="Given abroad")
    assert set(Override.objects.values_list("rule_id", "reason", "overridden_by_id")) == {
        ("INTERVAL-MINIMUM", "Given abroad", actor.user_id),
    }
    entry = AuditEntry.objects.get(action="dose.given", subject_id=third.pk)
    assert "INTERVAL-MINIMUM" in entry.details["findings"]


def test_nobody_goes_past_the_order_of_doses(desk: Desk) -> None:
    course = desk.course(first=date(2025, 2, 3))
    with pytest.raises(RuleBroken, match="comes first"):
        give(
            desk, doses(course)[1], date(2025, 2, 17), actor=prescriber(desk),
            override_reason="Given abroad",
        )  # fmt: skip
    assert not Override.objects.exists()


def test_only_who_may_records_a_dose_and_only_in_their_clinic(desk: Desk) -> None:
    first = doses(desk.course(first=date(2026, 2, 2)))[0]
    with pytest.raises(Forbidden):
        give(desk, first, date(2026, 2, 2), actor=desk.actor)
    with pytest.raises(NotFound):
        give(desk, first, date(2026, 2, 2), actor=system(make_desk("south").clinic))


def test_later_bookings_stay_and_are_flagged(desk: Desk) -> None:
    """Dose 3 is overdue and dose 4 booked five months from today; then dose 3 comes later still."""
    course = given_course(desk, date(2025, 6, 2), date(2025, 6, 16))
    third, fourth = doses(course)[2:4]
    early = date(2026, 8, 3)
    staff(desk.clinic, early)
    booking = desk.book(fourth, early)
    give(desk, third, date(2026, 3, 6), now=at(date(2026, 3, 6)))
    booking.refresh_from_db()
    assert (booking.status, booking.clinic_day.date, booking.version) == ("confirmed", early, 1)
    entry = AuditEntry.objects.get(action="booking.flagged", subject_id=booking.pk)
    assert entry.details["findings"][0] == "INTERVAL-MINIMUM"
    assert doses(course)[3].earliest_on == date(2026, 8, 23)


def test_a_dose_given_elsewhere_frees_its_booking(desk: Desk) -> None:
    visit = desk.visit(first=date(2026, 2, 26))
    booking = desk.book(visit)
    give(desk, visit, date(2026, 2, 27))
    booking.refresh_from_db()
    assert (booking.status, booking.end_reason) == ("cancelled", "The dose was given elsewhere.")
    visit.refresh_from_db()
    assert (visit.status, visit.day) == ("completed", date(2026, 2, 27))


def test_a_patient_who_is_here_is_charted_not_recorded(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY))
    with pytest.raises(Conflict, match="chart the infusion"):
        give(desk, Visit.objects.get(pk=booking.visit_id), MONDAY, now=at(MONDAY))


# After a prolonged gap


def lapsed(desk: Desk) -> Course:
    return given_course(desk, date(2024, 6, 3), date(2024, 6, 17))


def restart(desk: Desk, course: Course, regimen: str, **changes: object) -> Restart:
    values = {"reason": "Seen today", "now": NOW, "first_on": MONDAY, **changes}
    actor = values.pop("actor", None) or prescriber(desk)
    return restart_after_gap(course_id=course.pk, regimen=regimen, actor=actor, **values)  # type: ignore[arg-type]


def test_one_full_dose_goes_on_six_months_later(desk: Desk) -> None:
    course = lapsed(desk)
    made = restart(desk, course, "single_600")
    assert (made.dose_number, made.first_on) == (3, MONDAY)
    later = [(visit.due_on, visit.dose_mg) for visit in doses(course)[2:]]
    assert later[:3] == [(MONDAY, 600), (date(2026, 9, 9), 600), (date(2027, 3, 9), 600)]
    assert desk.book(doses(course)[2])
    give(desk, doses(course)[2], date(2026, 3, 12), now=at(date(2026, 3, 12)))
    assert due(course)[3:5] == [date(2026, 9, 12), date(2027, 3, 12)]


def test_two_half_doses_begin_the_calendar_again(desk: Desk) -> None:
    course = lapsed(desk)
    restart(desk, course, "two_300")
    later = [(visit.due_on, visit.dose_mg) for visit in doses(course)[2:]]
    assert later[:4] == [
        (MONDAY, 300), (date(2026, 3, 23), 300), (date(2026, 9, 9), 600), (date(2027, 3, 9), 600),
    ]  # fmt: skip
    first = desk.book(doses(course)[2])
    assert (first.rate_option, first.infusion_minutes) == ("initial", 159)
    assert desk.book(doses(course)[3], date(2026, 3, 23))
    give(desk, doses(course)[2], date(2026, 3, 11), now=at(date(2026, 3, 11)))
    assert due(course)[3:5] == [date(2026, 3, 25), date(2026, 9, 11)]


def test_a_restart_is_a_prescribers_and_only_after_a_gap(desk: Desk) -> None:
    course = lapsed(desk)
    with pytest.raises(Forbidden):
        restart(desk, course, "single_600", actor=desk.actor)
    actor = make_actor(desk.clinic, Role.PRESCRIBER)
    with pytest.raises(Invalid, match="marked fields"):
        restart(desk, course, "half", first_on=TODAY - timedelta(days=1), actor=actor)
    with pytest.raises(Invalid, match="reason"):
        restart(desk, course, "single_600", reason="", actor=actor)
    running = given_course(make_desk("south"), date(2025, 9, 1))
    with pytest.raises(NotFound):
        restart(desk, running, "single_600", actor=actor)
    patient = desk.patient("OTHER")
    running = desk.course(patient, date(2025, 9, 1))
    give(desk, doses(running)[0], date(2025, 9, 1))
    with pytest.raises(RuleBroken, match="no gap of 12 months"):
        restart(desk, running, "single_600", actor=actor)


def test_a_restart_frees_what_belonged_to_the_old_calendar(desk: Desk) -> None:
    course = given_course(desk, date(2025, 3, 17), date(2025, 3, 31))
    third = doses(course)[2]
    booking = desk.book(third, date(2026, 3, 20))
    made = restart(desk, course, "two_300", first_on=date(2026, 4, 7))
    booking.refresh_from_db()
    assert (booking.status, made.dose_number) == ("cancelled", 3)
    assert not Booking.objects.filter(status__in=Booking.ACTIVE).exists()


# Whatever happens, in whatever order


@given(
    first=st.dates(date(2021, 1, 1), date(2022, 12, 31)),
    delays=st.lists(st.integers(0, 100), min_size=1, max_size=5),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_the_delays_the_calendar_follows_the_last_dose(
    desk: Desk, first: date, delays: Sequence[int]
) -> None:
    Course.objects.update(status="stopped", ended_on=first)
    course = desk.course(desk.patient(f"{first}-{len(delays)}-{Visit.objects.count()}"), first)
    done: list[date] = []
    for number, delay in enumerate(delays):
        visit = doses(course)[number]
        wait = delay % 15 if number < 2 else delay
        give(desk, visit, visit.due_on + timedelta(days=wait))
        done.append(visit.due_on + timedelta(days=wait))
        rows = doses(course)
        pending = rows[number + 1 :]
        assert [row.given_on for row in rows[: number + 1]] == done
        assert [row.due_on for row in pending] == sorted({row.due_on for row in pending})
        anchor, base = (done[0], 1) if number < 2 else (done[-1], number)
        for row in (row for row in pending if row.nth_dose > 2):
            count = row.nth_dose - 1 - base
            assert row.due_on == add_months(anchor, 6 * count)
            assert row.earliest_on >= add_months(anchor, 6 * count - 1)
            assert row.earliest_on <= row.due_on <= row.latest_on
