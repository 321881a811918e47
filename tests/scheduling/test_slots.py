"""Finding a slot over real rows: the same times the booking page and the booking itself allow."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.models import Chair, Closure, Role, Shift
from core.actor import Actor
from core.errors import Invalid, NotFound, Refusal
from scheduling import slots
from scheduling.days import bookings_of, capacity, openings
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.openings import open_starts
from scheduling.services import bookings
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.bookings import hold_day
from scheduling.slots import Asked, Slots, find_room
from scheduling.stored_days import read_span
from tests.people import make_actor, make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, staff, weeks

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def find_slots(desk: Desk, visit: Visit, now: datetime = NOW, **asked: Any) -> Slots:
    return slots.find_slots(desk.actor, visit.pk, Asked(**asked), now=now)


def second_dose(desk: Desk, mrn: str = "MRN-1") -> Visit:
    """Book dose 1 on MONDAY and return dose 2, due a fortnight later."""
    first = desk.visit(mrn=mrn)
    desk.book(first)
    return Visit.objects.get(course=first.course_id, dose_number=2)


def test_the_second_dose_is_proposed_where_it_keeps_the_fourteen_day_gap(desk: Desk) -> None:
    found = find_slots(desk, second_dose(desk))
    assert 3 <= len(found.slots) <= 5
    best = found.slots[0]
    assert best.day == MONDAY + timedelta(days=14)
    assert best.reasons[:2] == ("Keeps the 14-day gap.", "On the due date.")
    assert "a nurse is free to start at 09:00" in " ".join(best.reasons)
    assert all(found.first <= each.day <= found.last for each in found.slots)
    assert all(each.in_window for each in found.slots)


def test_a_maintenance_dose_is_never_proposed_before_the_minimum_interval(desk: Desk) -> None:
    third = Visit.objects.get(course=desk.visit().course_id, dose_number=3)
    staff(desk.clinic, *weeks(date(2026, 7, 6), 12))
    found = find_slots(desk, third, first=MONDAY, last=date(2026, 9, 15))
    earliest = date(2026, 8, 9)  # five months after 9 March
    assert found.slots
    assert all(each.day >= earliest for each in found.slots)
    assert "Keeps the minimum of 5 months." in found.slots[0].reasons
    too_early = find_slots(desk, third, first=MONDAY, last=earliest - timedelta(days=3))
    assert too_early.slots == ()
    assert "Earliest date is 2026-08-09" in too_early.why


def test_what_is_proposed_can_be_booked(desk: Desk) -> None:
    for n in range(4):
        desk.book(desk.visit(mrn=f"M{n}"), chair=n % 3, shown="08:00" if n < 3 else "13:00")
    visit = desk.visit(mrn="NEW")
    found = find_slots(desk, visit, last=MONDAY + timedelta(days=8)).slots
    assert len(found) >= 3
    for each in found:
        common: dict[str, Any] = {"actor": desk.actor, "now": NOW}
        made = bookings.book(visit_id=visit.pk, chair_id=each.chair.pk, start=each.start, **common)
        bookings.cancel(booking_id=made.pk, reason="To try the next", **common)


acts = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(32, 56)), max_size=6)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=acts)
def test_stored_days_are_what_their_bookings_and_shifts_add_up_to(
    acts: list[tuple[int, int, int]],
) -> None:
    desk = make_desk(f"d{uuid4().hex[:8]}", nurses=2)
    for n, (ahead, chair, slot) in enumerate(acts):
        visit = desk.visit(mrn=f"M{n}")
        try:
            shown = f"{time(slot // 4, slot % 4 * 15):%H:%M}"
            desk.book(visit, MONDAY + timedelta(days=ahead), shown, chair)
        except Refusal:
            continue
    Closure.objects.create(clinic=desk.clinic, date=MONDAY + timedelta(days=2), reason="Move")
    Shift.objects.filter(clinic=desk.clinic, date=MONDAY).update(nurses=1)  # ill after booking
    dates = weeks(MONDAY, 1)
    span = read_span(desk.clinic, dates)
    booked = bookings_of(desk.clinic.pk, dates)
    for day, opening in openings(desk.clinic, dates).items():
        slow, fast = capacity(desk.clinic, opening, booked[day]), span[day]
        assert (list(fast.starts), list(fast.points)) == (list(slow.starts), list(slow.points))
        assert (fast.nurses, fast.open, fast.closed_because) == (
            slow.nurses, slow.open, slow.closed_because,
        )  # fmt: skip
        assert (dict(fast.chairs), fast.isolation) == (dict(slow.chairs), slow.isolation)


def test_a_search_finds_a_time_exactly_when_the_booking_page_does(desk: Desk) -> None:
    for n in range(3):
        desk.book(desk.visit(mrn=f"M{n}"), chair=n, shown="10:00")
    visit = desk.visit(mrn="NEW")
    for day in weeks(MONDAY, 1):
        page = open_starts(desk.actor, visit.pk, day, now=NOW)
        found = find_slots(desk, visit, first=day, last=day)
        offered = {(each.start, chair.pk) for each in page.starts for chair in each.chairs}
        assert {(each.start, each.chair.pk) for each in found.slots} <= offered
        assert bool(found.slots) == bool(offered)


def test_when_the_window_is_full_the_nearest_misses_and_what_comes_after_are_shown(
    desk: Desk,
) -> None:
    visit = second_dose(desk)
    window = [
        visit.earliest_on + timedelta(days=n)
        for n in range((visit.latest_on - visit.earliest_on).days + 1)
    ]
    Shift.objects.filter(date__in=window).update(nurses=0)
    found = find_slots(desk, visit)
    assert found.slots == ()
    assert found.missed[0].why == ("No nurses are on duty that day.",)
    assert found.missed[0].remedy == "A nurse on duty for the whole visit would free it."
    assert found.later
    assert all(each.day > visit.latest_on and not each.in_window for each in found.later)
    assert {each.id for each in found.later[0].findings} == {"INFUSION-2-WINDOW"}


def test_an_overdue_dose_is_looked_for_from_today_on(desk: Desk) -> None:
    visit = desk.visit(first=MONDAY)
    late = at(MONDAY + timedelta(days=21), "07:00")
    found = find_slots(desk, visit, now=late)
    assert found.first == MONDAY + timedelta(days=21)
    assert found.slots[0].day == found.first


def test_wishes_narrow_the_search_and_a_named_nurse_must_be_on_duty(desk: Desk) -> None:
    visit = second_dose(desk)
    nurse = make_user(desk.clinic, Role.NURSE)
    there = visit.due_on + timedelta(days=1)
    Shift.objects.create(clinic=desk.clinic, date=there, nurse=nurse, starts=time(8), ends=time(12))
    found = find_slots(desk, visit, nurse_id=nurse.pk)
    assert {each.day for each in found.slots} == {there}
    assert all(each.start < at(there, "11:00") for each in found.slots)
    found = find_slots(desk, visit, weekdays=frozenset([1]), half="afternoon")
    assert {each.day.weekday() for each in found.slots} == {1}
    assert all(each.start >= at(each.day, "12:00") for each in found.slots)
    assert "As wished." in found.slots[0].reasons


def test_a_visit_that_needs_isolation_is_offered_only_such_rooms(desk: Desk) -> None:
    visit = second_dose(desk)
    found = find_slots(desk, visit, isolation=True)
    assert found.slots == ()
    Chair.objects.filter(pk=desk.chairs[2]).update(kind="isolation")
    found = find_slots(desk, visit, isolation=True)
    assert {each.chair.pk for each in found.slots} == {desk.chairs[2]}


def test_a_booking_that_is_to_move_does_not_stand_in_its_own_way() -> None:
    desk = make_desk(chairs=1)
    visit = desk.visit()
    desk.book(visit)
    found = find_slots(desk, visit, first=MONDAY, last=MONDAY)
    assert at(MONDAY, "08:00") in {each.start for each in found.slots}
    assert found.booking == Booking.objects.get()


def test_a_day_held_for_others_is_not_given_away() -> None:
    desk = make_desk(chairs=1)
    for mrn in ("A", "B"):
        hold_day(visit_id=desk.visit(mrn=mrn).pk, day=MONDAY, actor=desk.actor, now=NOW)
    visit = desk.visit(mrn="NEW")
    found = find_slots(desk, visit, first=MONDAY, last=MONDAY)
    assert found.slots == ()
    assert found.missed[0].why == ("The room left is promised to visits whose day is held.",)


def test_a_day_held_for_this_very_visit_is_not_in_its_way() -> None:
    desk = make_desk(chairs=1)
    visit = desk.visit()
    desk.book(desk.visit("B"), MONDAY, "13:00")  # so that no other fits beside it
    bookings.hold_day(visit_id=visit.pk, day=MONDAY, actor=desk.actor, now=NOW)
    found = find_slots(desk, visit, first=MONDAY, last=MONDAY)
    assert found.slots
    assert {slot.day for slot in found.slots} == {MONDAY}


def test_where_the_patient_sits_others_may_still_have_what_they_were_promised() -> None:
    """This patient sits for another visit until noon, and three others hold the day, one of whom
    can only come in those hours: what would break that promise is not proposed."""
    desk = make_desk(chairs=2)
    common: dict[str, Any] = {"actor": desk.actor, "now": NOW}
    visit = desk.visit("A")
    whole = AskedFor(purpose=Visit.Purpose.OBSERVATION, minutes=270, first=MONDAY, last=MONDAY)
    first = ask_for_visit(patient_id=visit.patient_id, asked=whole, **common)
    desk.book(first, MONDAY, "08:00", chair=0)
    blood = ask_for_visit(
        patient_id=visit.patient_id, asked=replace(whole, minutes=30), **common
    )  # fmt: skip
    for mrn in ("B", "C", "D"):
        bookings.hold_day(visit_id=desk.visit(mrn).pk, day=MONDAY, **common)
    found = find_slots(desk, blood, first=MONDAY, last=MONDAY)
    assert found.slots == ()
    assert "The room left is promised to visits whose day is held." in found.missed[0].why


def test_any_span_and_any_number_of_bookings_costs_the_same_queries(desk: Desk) -> None:
    visit = second_dose(desk)
    costs = []
    for last in (date(2026, 4, 6), MONDAY + timedelta(days=60)):  # both past Easter
        with CaptureQueriesContext(connection) as seen:
            find_slots(desk, visit, first=MONDAY, last=last)
        costs.append(len(seen))
        desk.book(desk.visit(mrn=f"M{last}"), MONDAY + timedelta(days=1), chair=len(costs))
    assert costs == [13, 13]


def test_a_visit_of_any_length_can_be_looked_for(desk: Desk) -> None:
    found = find_room(desk.actor, 45, Asked(), now=NOW)
    assert (found.visit, found.minutes) == (None, 45)
    assert found.slots[0].day == MONDAY
    with pytest.raises(Invalid, match="How long"):
        find_room(desk.actor, 0, Asked(), now=NOW)


def test_spans_that_make_no_sense_and_other_peoples_visits_are_refused(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(Invalid, match="Which days"):
        find_slots(desk, visit, first=MONDAY, last=MONDAY - timedelta(days=1))
    with pytest.raises(Invalid, match="Which days"):
        find_slots(desk, visit, first=MONDAY, last=MONDAY + timedelta(days=500))
    stranger: Actor = make_actor(make_desk("south").clinic, Role.PRESCRIBER)
    with pytest.raises(NotFound):
        slots.find_slots(stranger, visit.pk, Asked(), now=NOW)


def test_the_days_are_found_by_their_index(desk: Desk) -> None:
    """Ten thousand rows of other clinics and days: the search reads its own by the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scheduling_clinicday (id, clinic_id, date, nurses, starts, points, "
            "chair_masks, held_minutes, version, updated_at) SELECT gen_random_uuid(), %s, "
            "date '2000-01-01' + n, '{}', '{}', '{}', '{}', 0, 1, now() "
            "FROM generate_series(1, 10000) n",
            [desk.clinic.pk],
        )
        cursor.execute("ANALYZE scheduling_clinicday")
        rows = ClinicDay.objects.filter(
            clinic_id=desk.clinic.pk, date__gte=MONDAY, date__lte=MONDAY + timedelta(days=183)
        ).values_list("date", "starts", "points", "chair_masks", "held_minutes")
        assert "clinic_day_once" in rows.explain()
