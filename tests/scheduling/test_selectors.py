"""What the pages are given: the right rows, of this clinic only, in few queries."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Closure, Role, Shift
from core.errors import NotFound
from core.models import AuditEntry
from scheduling import selectors
from scheduling.models import Visit
from scheduling.services import bookings
from scheduling.services.courses import restart_after_gap, stop_course
from scheduling.services.dosing import record_given
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def queries(read: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as seen:
        read()
    return len(seen)


def give(desk: Desk, visit: Visit, on: date) -> None:
    record_given(visit_id=visit.pk, given_on=on, actor=system(desk.clinic), now=NOW)


def test_a_day_lists_times_in_order_and_promised_days_last(desk: Desk) -> None:
    later = desk.book(desk.visit("A"), shown="10:00", chair=1)
    promised = bookings.hold_day(visit_id=desk.visit("B").pk, day=MONDAY, actor=desk.actor, now=NOW)
    first = desk.book(desk.visit("C"), shown="08:00")
    gone = desk.book(desk.visit("D"), shown="09:00", chair=2)
    bookings.cancel(booking_id=gone.pk, reason="Moved away", actor=desk.actor, now=NOW)

    rows = selectors.day_bookings(desk.actor, MONDAY, now=NOW)
    assert [row.booking_id for row in rows] == [first.pk, later.pk, promised.pk]
    assert rows[0].period.lower == at(MONDAY)
    assert (rows[0].mrn, rows[0].care_minutes) == ("C", 60 + 159 + 60)
    assert not rows[0].off_window


def test_a_day_shows_another_clinic_nothing_and_records_whom_it_showed(desk: Desk) -> None:
    visit = desk.visit()
    desk.book(visit)
    stranger = make_desk("south")
    assert selectors.day_bookings(stranger.actor, MONDAY, now=NOW) == []
    selectors.day_bookings(desk.actor, MONDAY, now=NOW)
    entry = AuditEntry.objects.filter(action="records.listed").order_by("-id")[0]
    assert entry.details == {"page": "day", "patients": [str(visit.patient_id)]}


def test_lists_cost_the_same_with_few_and_many(desk: Desk) -> None:
    def day() -> object:
        return selectors.day_bookings(desk.actor, MONDAY, now=NOW)

    def due() -> object:
        return selectors.unbooked_due(desk.actor, MONDAY, now=NOW)

    desk.book(desk.visit("A"))
    desk.visit("A2")
    few = queries(day), queries(due)
    desk.book(desk.visit("B"), chair=1, shown="08:15")
    desk.book(desk.visit("C"), chair=2, shown="08:30")
    desk.visit("D")
    assert (queries(day), queries(due)) == few == (1, 1)


def test_the_due_list_has_one_line_a_course_the_longest_past_due_first(desk: Desk) -> None:
    late = desk.visit("LATE", first=date(2026, 1, 5))
    soon = desk.visit("SOON", first=date(2026, 3, 20))
    desk.visit("FAR", first=date(2026, 9, 1))
    desk.book(desk.visit("BOOKED"))
    rows = selectors.unbooked_due(desk.actor, date(2026, 3, 2), now=NOW)
    assert [(row.visit_id, row.days_past_due, row.state) for row in rows] == [
        (late.pk, 56, "overdue"),
        (soon.pk, -18, "due_soon"),
        (Visit.objects.get(patient__mrn="BOOKED", dose_number=2).pk, -21, "due_soon"),
    ]


def test_the_due_list_forgets_stopped_courses_and_other_clinics(desk: Desk) -> None:
    visit = desk.visit()
    stop_course(
        course_id=visit.own_course.pk, reason="Moved away", permanently=False,
        actor=system(desk.clinic), now=NOW,
    )  # fmt: skip
    make_desk("south").visit("S")
    assert selectors.unbooked_due(desk.actor, MONDAY, now=NOW) == []


def test_somebody_who_did_not_come_stays_on_the_due_list(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    later = at(MONDAY, "09:00")
    bookings.mark_no_show(booking_id=booking.pk, actor=desk.actor, now=later)
    [row] = selectors.unbooked_due(desk.actor, MONDAY, now=later)
    assert (row.nobody_came, row.state, row.days_past_due) == (True, "due", 0)


def test_a_prolonged_gap_is_named_on_the_list_and_on_the_timeline(desk: Desk) -> None:
    first = desk.visit(first=date(2024, 6, 3))
    give(desk, first, date(2024, 6, 3))
    give(desk, Visit.objects.get(course=first.course, dose_number=2), date(2024, 6, 17))
    [row] = selectors.unbooked_due(desk.actor, date(2026, 3, 2), now=NOW)
    assert (row.state, row.last_given_on) == ("prolonged_gap", date(2024, 6, 17))
    [line] = selectors.course_timeline(desk.actor, first.patient_id, now=NOW)
    assert [dose.state for dose in line.doses][:4] == ["given", "given", *["prolonged_gap"] * 2]


def test_a_gap_with_a_decision_is_an_ordinary_dose_again(desk: Desk) -> None:
    first = desk.visit(first=date(2024, 6, 3))
    give(desk, first, date(2024, 6, 3))
    restart_after_gap(
        course_id=first.own_course.pk, regimen="two_300", first_on=MONDAY, reason="Seen today",
        actor=make_actor(desk.clinic, Role.PRESCRIBER), now=NOW,
    )  # fmt: skip
    [row] = selectors.unbooked_due(desk.actor, date(2026, 3, 2), now=NOW)
    assert (row.dose_number, row.dose_mg, row.state, row.days_past_due) == (2, 300, "due_soon", -7)


def test_open_starts_of_today_leave_out_what_has_passed(desk: Desk) -> None:
    visit = desk.visit()
    found = selectors.open_starts(desk.actor, visit.pk, MONDAY, now=at(MONDAY, "09:20"))
    assert found.starts[0].start == at(MONDAY, "09:15")
    found = selectors.open_starts(desk.actor, visit.pk, MONDAY, now=at(MONDAY, "09:30"))
    assert found.starts[0].start == at(MONDAY, "09:30")


def test_the_timeline_shows_every_dose_with_its_booking(desk: Desk) -> None:
    visit = desk.visit()
    booking = desk.book(visit)
    [line] = selectors.course_timeline(desk.actor, visit.patient_id, now=NOW)
    assert [dose.state for dose in line.doses] == ["confirmed", *["planned"] * 5]
    assert line.doses[0].booking == booking
    with pytest.raises(NotFound):
        selectors.course_timeline(make_desk("south").actor, visit.patient_id, now=NOW)


def test_the_timeline_costs_the_same_for_one_course_and_for_many(desk: Desk) -> None:
    visit = desk.visit()
    few = queries(lambda: selectors.course_timeline(desk.actor, visit.patient_id, now=NOW))
    stop_course(
        course_id=visit.own_course.pk, reason="A pause", permanently=False,
        actor=system(desk.clinic), now=NOW,
    )  # fmt: skip
    desk.book(Visit.objects.get(course=desk.course(visit.patient), dose_number=1))
    many = queries(lambda: selectors.course_timeline(desk.actor, visit.patient_id, now=NOW))
    assert many == few


def test_open_starts_are_the_times_that_can_really_be_booked(desk: Desk) -> None:
    desk.book(desk.visit("A"), shown="08:00", chair=0)
    visit = desk.visit("B")
    found = selectors.open_starts(desk.actor, visit.pk, MONDAY, now=NOW)
    assert (found.minutes, found.rate_option, found.why) == (279, "initial", "")
    first = found.starts[0]
    assert first.start == at(MONDAY)
    assert [chair.pk for chair in first.chairs] == desk.chairs[1:]
    for opening in (found.starts[0], found.starts[-1]):
        booking = bookings.book(
            visit_id=visit.pk, chair_id=opening.chairs[-1].pk, start=opening.start,
            actor=desk.actor, now=NOW,
        )  # fmt: skip
        bookings.cancel(booking_id=booking.pk, reason="Trying", actor=desk.actor, now=NOW)
    assert found.starts[-1].start == at(MONDAY, "13:15")


def test_open_starts_leave_out_the_visits_own_booking(desk: Desk) -> None:
    visit = desk.visit()
    desk.book(visit)
    found = selectors.open_starts(desk.actor, visit.pk, MONDAY, now=NOW)
    assert [chair.pk for chair in found.starts[0].chairs] == desk.chairs


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 3, 14), "closed on Saturdays"),
        (date(2026, 3, 10), "Plumbing"),
        (date(2026, 3, 11), "No nurses are on duty"),
        (date(2026, 3, 12), "too few hours with a nurse"),
    ],
)
def test_open_starts_say_in_words_why_there_are_none(desk: Desk, day: date, words: str) -> None:
    Closure.objects.create(clinic=desk.clinic, date=date(2026, 3, 10), reason="Plumbing")
    Shift.objects.filter(date=date(2026, 3, 11)).delete()
    Shift.objects.filter(date=date(2026, 3, 12)).update(ends="11:00")
    found = selectors.open_starts(desk.actor, desk.visit().pk, day, now=NOW)
    assert found.starts == ()
    assert words in found.why


def test_open_starts_name_the_minimum_interval(desk: Desk) -> None:
    third = desk.visit(number=3)
    found = selectors.open_starts(desk.actor, third.pk, date(2026, 5, 4), now=NOW)
    assert found.starts == ()
    assert "2026-08-09" in found.why


def test_open_starts_cost_the_same_on_an_empty_and_a_full_day(desk: Desk) -> None:
    visit = desk.visit("X")

    def read() -> object:
        return selectors.open_starts(desk.actor, visit.pk, MONDAY, now=NOW)

    few = queries(read)
    for n in range(3):
        desk.book(desk.visit(f"P{n}"), chair=n, shown=f"08:{15 * n:02}")
    assert queries(read) == few


def test_a_visit_of_another_clinic_is_not_there(desk: Desk) -> None:
    visit = desk.visit()
    other = make_actor(make_desk("south").clinic, Role.NURSE)
    with pytest.raises(NotFound):
        selectors.open_starts(other, visit.pk, MONDAY, now=NOW)
    with pytest.raises(NotFound):
        selectors.visit_for_booking(other, visit.pk)
    assert selectors.visit_for_booking(desk.actor, visit.pk) == visit
