"""Booking, moving and freeing times, as a scheduler does it all day."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from clinics.models import Chair, ChairOutage, Clinic, Closure, Role, Shift
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from patients.models import Patient
from reminders.models import Reminder
from scheduling import history
from scheduling.days import recompute_summaries
from scheduling.history import ReactionHistory
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.services import bookings
from scheduling.services import desk as desk_module
from scheduling.services.courses import stop_course
from scheduling.services.dosing import record_given
from scheduling.services.holds import expire_holds
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, staff, system, weeks

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def actions(subject_id: UUID) -> list[str]:
    entries = AuditEntry.objects.filter(subject_id=subject_id).order_by("id")
    return [entry.action for entry in entries]


def every_day_adds_up(clinic: Clinic) -> bool:
    return recompute_summaries(clinic, MONDAY, weeks(MONDAY, 12)[-1]) == []


# Booking


def test_a_first_dose_takes_the_chair_for_the_computed_time(desk: Desk) -> None:
    """1 h before, 2:38:20 of infusion rounded up to the minute, 1 h after, 15 min to turn round."""
    visit = desk.visit()
    booking = desk.book(visit)
    assert booking.infusion_minutes == 159
    assert booking.period.upper - booking.period.lower == timedelta(minutes=60 + 159 + 60 + 15)
    visit.refresh_from_db()
    assert (visit.status, visit.day, visit.version) == (Visit.Status.BOOKED, MONDAY, 2)
    assert actions(booking.pk) == ["booking.made"]
    assert every_day_adds_up(desk.clinic)


def test_the_day_remembers_what_is_booked(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    day = ClinicDay.objects.get(clinic=desk.clinic, date=MONDAY)
    assert (day.opens_at, day.closes_at) == (at(MONDAY, "08:00"), at(MONDAY, "18:00"))
    assert [slot for slot, n in enumerate(day.starts) if n] == [36]  # 09:00, after premedication
    # 159 minutes of infusion at two points, then an hour at one: 09:00 to 11:45, to 12:45.
    assert [slot for slot, n in enumerate(day.points) if n == 2] == list(range(36, 47))
    assert [slot for slot, n in enumerate(day.points) if n == 1] == list(range(47, 51))
    taken = int(day.chair_masks[str(booking.chair_id)], 16)
    assert [slot for slot in range(96) if taken >> slot & 1] == list(range(32, 52))
    assert day.nurses[32:72] == [4] * 40


def test_a_booking_plans_its_reminders(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    assert Reminder.objects.filter(subject_id=booking.pk, state="pending").exists()
    of_visit = Reminder.objects.filter(subject_id=booking.visit_id, state="pending")
    assert not of_visit.exists(), "nobody is told to book what is booked"
    bookings.cancel(booking_id=booking.pk, reason="Ill", actor=desk.actor, now=NOW)
    assert not Reminder.objects.filter(subject_id=booking.pk, state="pending").exists()
    assert of_visit.exists()
    again = desk.book(Visit.objects.get(pk=booking.visit_id))
    bookings.mark_no_show(booking_id=again.pk, actor=desk.actor, now=at(MONDAY, "09:00"))
    assert of_visit.exists()


def test_a_chair_holds_one_patient(desk: Desk) -> None:
    desk.book(desk.visit("A"))
    with pytest.raises(Conflict, match="taken from 08:00") as refused:
        desk.book(desk.visit("B"))
    assert "Free in some chair at 08:00, 08:15, 08:30." in refused.value.message
    assert desk.book(desk.visit("C"), shown="13:00").chair_id == desk.chairs[0]


def test_a_dose_has_one_booking(desk: Desk) -> None:
    visit = desk.visit()
    desk.book(visit)
    with pytest.raises(Conflict, match="already has a booking"):
        desk.book(visit, shown="13:00", chair=1)


def test_nurses_start_one_infusion_each_in_a_quarter_hour() -> None:
    desk = make_desk(nurses=2, chairs=4)
    desk.book(desk.visit("A"), chair=0)
    desk.book(desk.visit("B"), chair=1)
    visit = desk.visit("C")
    with pytest.raises(RuleBroken, match="starting as many infusions as they can at 09:00"):
        desk.book(visit, chair=2)
    assert desk.book(visit, chair=2, shown="08:15").period.lower == at(MONDAY, "08:15")


def test_nurses_watch_only_so_many_points() -> None:
    desk = make_desk(nurses=1, chairs=4, points_per_nurse=4)
    desk.book(desk.visit("A"), chair=0)
    desk.book(desk.visit("B"), chair=1, shown="08:15")
    visit = desk.visit("C")
    with pytest.raises(RuleBroken, match="watching as much as they can at 09:30"):
        desk.book(visit, chair=2, shown="08:30")


def test_a_day_without_shifts_says_so(desk: Desk) -> None:
    Shift.objects.all().delete()
    with pytest.raises(RuleBroken, match="No nurses are on duty that day"):
        desk.book(desk.visit())


def test_a_closed_day_says_why(desk: Desk) -> None:
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Fire drill")
    with pytest.raises(RuleBroken, match="closed on 09-Mar-2026: Fire drill"):
        desk.book(desk.visit())


def test_the_patient_is_gone_by_closing_time(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(RuleBroken, match="Open 08:00 to 18:00; this would end at 18:15"):
        desk.book(visit, shown="13:30")
    assert desk.book(visit, shown="13:15")


def test_a_broken_or_retired_chair_takes_nobody(desk: Desk) -> None:
    ChairOutage.objects.create(
        chair_id=desk.chairs[0], reason="Broken",
        period=DateTimeTZRange(at(MONDAY, "10:00"), at(MONDAY, "11:00")),
    )  # fmt: skip
    Chair.objects.filter(pk=desk.chairs[1]).update(is_active=False)
    visit = desk.visit()
    with pytest.raises(Conflict, match="out of service from 10:00"):
        desk.book(visit, chair=0)
    with pytest.raises(RuleBroken, match="not in use"):
        desk.book(visit, chair=1)
    other = make_desk("south")
    with pytest.raises(RuleBroken, match="not in use"):
        bookings.book(
            visit_id=visit.pk, chair_id=other.chairs[0], start=at(MONDAY), actor=desk.actor, now=NOW
        )


def test_times_begin_on_a_quarter_hour_and_not_in_the_past(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(Invalid, match="quarter-hour"):
        desk.book(visit, shown="08:05")
    with pytest.raises(RuleBroken, match="time has passed"):
        desk.book(visit, now=at(MONDAY, "08:15"))
    assert desk.book(visit, now=at(MONDAY, "08:14"))


def test_words_that_mean_nothing_are_invalid(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(Invalid, match="proposed or confirmed"):
        desk.book(visit, status="arrived")
    with pytest.raises(Invalid, match="no such rate"):
        desk.book(visit, rate_option="fast")
    with pytest.raises(Invalid, match="Say when"):
        bookings.book(
            visit_id=visit.pk, chair_id=desk.chairs[0], actor=desk.actor, now=NOW,
            start=at(MONDAY).replace(tzinfo=None),
        )  # fmt: skip


def test_only_who_may_books_and_only_in_their_clinic(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(Forbidden):
        desk.book(visit, actor=make_actor(desk.clinic, Role.NURSE))
    with pytest.raises(NotFound):
        desk.book(visit, actor=make_desk("south").actor)
    with pytest.raises(NotFound):
        bookings.move(
            booking_id=uuid4(), chair_id=desk.chairs[0], start=at(MONDAY), version=1,
            actor=desk.actor, now=NOW,
        )  # fmt: skip


def test_who_only_reads_changes_nothing(desk: Desk) -> None:
    """An auditor comes to every command and is sent away from every one."""
    booking = desk.book(desk.visit())
    auditor = make_actor(desk.clinic, Role.AUDITOR)
    me: dict[str, Any] = {"actor": auditor, "now": at(MONDAY, "09:00")}
    mine: dict[str, Any] = {"booking_id": booking.pk, **me}
    place: dict[str, Any] = {"chair_id": desk.chairs[1], "start": at(MONDAY, "10:00")}
    acts: list[Callable[[], object]] = [
        partial(bookings.hold_day, visit_id=booking.visit_id, day=TUESDAY, **me),
        partial(bookings.book, visit_id=booking.visit_id, **place, **me),
        partial(bookings.move, version=1, **place, **mine),
        partial(bookings.confirm, **mine),
        partial(bookings.cancel, reason="Ill", **mine),
        partial(bookings.mark_arrived, **mine),
        partial(bookings.undo_arrived, **mine),
        partial(bookings.mark_no_show, **mine),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()


def test_nobody_who_has_died_is_booked(desk: Desk) -> None:
    visit = desk.visit()
    Patient.objects.update(deceased_on=date(2026, 3, 1))
    with pytest.raises(RuleBroken, match="has died"):
        desk.book(visit)


def test_a_course_that_ended_is_not_booked(desk: Desk) -> None:
    visit = desk.visit()
    Course.objects.update(status=Course.Status.COMPLETED, ended_on=date(2026, 3, 1))
    with pytest.raises(RuleBroken, match="course has ended"):
        desk.book(visit)


# The calendar's say


def test_the_minimum_interval_names_the_earliest_date(desk: Desk) -> None:
    course = desk.course(first=date(2025, 10, 6))
    doses = Visit.objects.filter(course=course).order_by("dose_number")
    for visit, on in zip(doses, (date(2025, 10, 6), date(2025, 10, 20)), strict=False):
        record_given(visit_id=visit.pk, given_on=on, actor=system(desk.clinic), now=NOW)
    third = doses[2]
    with pytest.raises(RuleBroken, match="Earliest date is 2026-03-06") as refused:
        desk.book(third, date(2026, 3, 5), now=NOW)
    assert refused.value.findings[0].id == "INTERVAL-MINIMUM"


def test_a_dose_is_not_promised_before_the_one_it_follows(desk: Desk) -> None:
    first = desk.visit()
    desk.book(first, TUESDAY)
    second = Visit.objects.get(course=first.course, dose_number=2)
    with pytest.raises(RuleBroken, match="Dose 1 comes first"):
        desk.book(second, MONDAY)
    assert desk.book(second, MONDAY + timedelta(days=15))


def test_a_third_dose_counts_from_the_day_the_first_is_booked_for(desk: Desk) -> None:
    third = desk.visit(number=3)
    with pytest.raises(RuleBroken, match="Earliest date is 2026-08-09"):
        desk.book(third, date(2026, 5, 11))


def test_an_overdue_dose_counts_from_today_for_the_one_after_it(desk: Desk) -> None:
    """Doses 1 and 2 are weeks overdue and unbooked: today, and two weeks from today."""
    visits = desk.course(first=date(2026, 1, 5)).visits.order_by("dose_number")
    second, third = visits[1], visits[2]
    with pytest.raises(RuleBroken, match="Dose 1 comes first, on 02-Mar-2026"):
        desk.book(second, NOW.date(), "11:00")
    with pytest.raises(RuleBroken, match="Earliest date is 2026-08-02"):
        desk.book(third, date(2026, 7, 31))
    staff(desk.clinic, date(2026, 8, 17))
    assert desk.book(third, date(2026, 8, 17))


def test_outside_the_soft_window_is_allowed_and_remembered(desk: Desk) -> None:
    first = desk.visit()
    second = Visit.objects.get(course=first.course, dose_number=2)
    booking = desk.book(second, MONDAY + timedelta(days=21))
    entry = AuditEntry.objects.get(subject_id=booking.pk)
    assert entry.details["findings"] == ["INFUSION-2-WINDOW"]


def test_after_a_prolonged_gap_nothing_is_booked_without_a_decision(desk: Desk) -> None:
    course = desk.course(first=date(2025, 2, 3))
    doses = Visit.objects.filter(course=course).order_by("dose_number")
    for visit, on in zip(doses, (date(2025, 2, 3), date(2025, 2, 17)), strict=False):
        record_given(visit_id=visit.pk, given_on=on, actor=system(desk.clinic), now=NOW)
    with pytest.raises(RuleBroken, match="prescriber chooses"):
        desk.book(doses[2])


def test_the_short_infusion_is_for_maintenance_without_severe_reactions(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.visit()
    with pytest.raises(RuleBroken, match="runs the initial table"):
        desk.book(first, rate_option="short")
    third = Visit.objects.get(course=first.course, dose_number=3)
    for day in (third.due_on, third.due_on + timedelta(days=1)):
        Shift.objects.create(clinic=desk.clinic, date=day, starts="08:00", ends="18:00", nurses=2)
    standard = desk.book(third, third.due_on)
    assert (standard.rate_option, standard.infusion_minutes) == ("standard", 210)
    short = bookings.move(
        booking_id=standard.pk, chair_id=desk.chairs[1], start=at(third.due_on), version=1,
        rate_option="short", actor=desk.actor, now=NOW,
    )  # fmt: skip
    assert short.infusion_minutes == 120
    severe = ReactionHistory(prior_severe=True)
    monkeypatch.setattr(
        history, "_provider", lambda patients: lambda: dict.fromkeys(patients, severe)
    )
    with pytest.raises(RuleBroken, match="earlier infusion reaction was severe"):
        bookings.move(
            booking_id=short.pk, chair_id=desk.chairs[1], start=at(third.due_on, "09:00"),
            version=2, actor=desk.actor, now=NOW,
        )  # fmt: skip


# Holding a day


def test_a_day_can_be_held_before_it_has_a_time(desk: Desk) -> None:
    visit = desk.visit()
    booking = bookings.hold_day(visit_id=visit.pk, day=MONDAY, actor=desk.actor, now=NOW)
    assert (booking.status, booking.period, booking.chair_id) == ("day_held", None, None)
    assert ClinicDay.objects.get(date=MONDAY).held_minutes == 60 + 159 + 60 + 15
    timed = bookings.move(
        booking_id=booking.pk, chair_id=desk.chairs[2], start=at(MONDAY, "09:00"), version=1,
        actor=desk.actor, now=NOW,
    )  # fmt: skip
    assert (timed.status, timed.period.lower) == ("proposed", at(MONDAY, "09:00"))
    done = bookings.confirm(booking_id=booking.pk, version=2, actor=desk.actor, now=NOW)
    assert done.status == "confirmed"
    assert actions(booking.pk) == ["booking.day_held", "booking.moved", "booking.confirmed"]
    assert every_day_adds_up(desk.clinic)


def test_a_day_is_promised_only_while_a_quick_plan_finds_room() -> None:
    desk = make_desk(chairs=1)
    bookings.hold_day(visit_id=desk.visit("A").pk, day=MONDAY, actor=desk.actor, now=NOW)
    bookings.hold_day(visit_id=desk.visit("B").pk, day=MONDAY, actor=desk.actor, now=NOW)
    with pytest.raises(RuleBroken, match=r"no room left on 09-Mar-2026 for a visit of 4hr 54min"):
        bookings.hold_day(visit_id=desk.visit("C").pk, day=MONDAY, actor=desk.actor, now=NOW)


def test_a_time_that_would_break_a_promised_day_is_refused() -> None:
    desk = make_desk(chairs=1)
    bookings.hold_day(visit_id=desk.visit("A").pk, day=MONDAY, actor=desk.actor, now=NOW)
    visit = desk.visit("B")
    with pytest.raises(RuleBroken, match=r"already promised \(1\)"):
        desk.book(visit, shown="10:00")
    assert desk.book(visit, shown="13:00")


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 3, 1), "has passed"),
        (date(2026, 3, 14), "closed on Saturdays"),
        (date(2026, 7, 1), "No nurses"),
    ],
)
def test_a_day_that_cannot_be_is_not_held(desk: Desk, day: date, words: str) -> None:
    with pytest.raises(RuleBroken, match=words):
        bookings.hold_day(visit_id=desk.visit().pk, day=day, actor=desk.actor, now=NOW)


# Moving, confirming, cancelling


def move(desk: Desk, booking: Booking, day: date, shown: str, **changes: object) -> Booking:
    values = {"chair_id": booking.chair_id, "version": booking.version, "actor": desk.actor}
    return bookings.move(
        **{"booking_id": booking.pk, "start": at(day, shown), "now": NOW, **values, **changes}  # type: ignore[arg-type]
    )


def test_moving_to_another_day_frees_the_first(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    moved = move(desk, booking, TUESDAY, "10:00")
    assert (moved.status, moved.version) == ("confirmed", 2)
    moved.refresh_from_db()
    assert moved.clinic_day.date == TUESDAY
    assert Visit.objects.get(pk=moved.visit_id).day == TUESDAY
    monday = ClinicDay.objects.get(date=MONDAY)
    assert (sum(monday.starts), monday.chair_masks) == (0, {})
    assert every_day_adds_up(desk.clinic)


def test_a_booking_does_not_stand_in_its_own_way(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    assert move(desk, booking, MONDAY, "08:15").period.lower == at(MONDAY, "08:15")


def test_nobody_is_moved_into_the_past(desk: Desk) -> None:
    booking = desk.book(desk.visit(), TUESDAY)
    with pytest.raises(RuleBroken, match="time has passed"):
        move(desk, booking, MONDAY, "08:00", now=at(MONDAY, "08:15"))


def test_whoever_looked_at_an_older_version_is_told(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    bookings.move(
        booking_id=booking.pk, chair_id=desk.chairs[1], start=at(MONDAY), version=1,
        actor=desk.actor, now=NOW,
    )  # fmt: skip
    with pytest.raises(Conflict, match="Somebody changed this booking in the meantime"):
        move(desk, booking, TUESDAY, "08:00")
    with pytest.raises(Conflict, match="in the meantime"):
        bookings.cancel(booking_id=booking.pk, reason="Ill", version=1, actor=desk.actor, now=NOW)


def test_a_move_that_is_refused_changes_nothing(desk: Desk) -> None:
    desk.book(desk.visit("A"), TUESDAY)
    booking = desk.book(desk.visit("B"))
    with pytest.raises(Conflict):
        move(desk, booking, TUESDAY, "08:00")
    booking.refresh_from_db()
    assert (booking.version, booking.period.lower) == (1, at(MONDAY))
    assert every_day_adds_up(desk.clinic)


def test_cancelling_makes_the_dose_unbooked_again(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    with pytest.raises(Invalid, match="reason"):
        bookings.cancel(booking_id=booking.pk, reason=" ", actor=desk.actor, now=NOW)
    gone = bookings.cancel(booking_id=booking.pk, reason=" Ill ", actor=desk.actor, now=NOW)
    assert (gone.status, gone.end_reason, gone.ended_at) == ("cancelled", "Ill", NOW)
    assert Visit.objects.get(pk=booking.visit_id).status == Visit.Status.PLANNED
    with pytest.raises(Conflict, match="already ended"):
        bookings.cancel(booking_id=booking.pk, reason="Ill", actor=desk.actor, now=NOW)
    assert desk.book(Visit.objects.get(pk=booking.visit_id))
    assert every_day_adds_up(desk.clinic)


def test_a_hold_expires_and_gives_its_time_to_the_next(desk: Desk) -> None:
    held = desk.book(desk.visit("A"), status="proposed", hold_minutes=10)
    assert held.hold_expires_at == NOW + timedelta(minutes=10)
    other = desk.visit("B")
    with pytest.raises(Conflict):
        desk.book(other, now=NOW + timedelta(minutes=9))
    assert desk.book(other, now=NOW + timedelta(minutes=10)).status == "confirmed"
    held.refresh_from_db()
    assert (held.status, held.end_reason) == ("cancelled", "The hold expired.")
    assert Visit.objects.get(pk=held.visit_id).status == Visit.Status.PLANNED
    assert every_day_adds_up(desk.clinic)


def test_an_expired_hold_is_not_confirmed(desk: Desk) -> None:
    held = desk.book(desk.visit(), status="proposed", hold_minutes=10)
    late = NOW + timedelta(minutes=10)
    with pytest.raises(Conflict, match="hold has expired"):
        bookings.confirm(booking_id=held.pk, actor=desk.actor, now=late)
    assert expire_holds(clinic_id=desk.clinic.pk, now=late) == 1
    assert expire_holds(clinic_id=desk.clinic.pk, now=late) == 0
    assert actions(held.pk) == ["booking.made", "booking.expired"]


def test_confirming_takes_the_hold_off(desk: Desk) -> None:
    held = desk.book(desk.visit(), status="proposed", hold_minutes=10)
    done = bookings.confirm(booking_id=held.pk, actor=desk.actor, now=NOW)
    assert done.hold_expires_at is None
    with pytest.raises(Conflict, match="Only a proposed"):
        bookings.confirm(booking_id=held.pk, actor=desk.actor, now=NOW)
    assert expire_holds(clinic_id=desk.clinic.pk, now=NOW + timedelta(days=1)) == 0


def test_a_proposal_the_calendar_has_overtaken_is_not_confirmed(desk: Desk) -> None:
    """Dose 4 is proposed five months after today; dose 3, overdue, then comes a few days later."""
    course = desk.course(first=date(2025, 6, 2))
    doses = list(Visit.objects.filter(course=course).order_by("dose_number"))
    clerk = system(desk.clinic)
    for visit, on in zip(doses, (date(2025, 6, 2), date(2025, 6, 16)), strict=False):
        record_given(visit_id=visit.pk, given_on=on, actor=clerk, now=NOW)
    day = date(2026, 8, 3)
    staff(desk.clinic, day)
    booking = desk.book(doses[3], day, status="proposed")
    later = at(date(2026, 3, 6))
    record_given(visit_id=doses[2].pk, given_on=date(2026, 3, 6), actor=clerk, now=later)
    with pytest.raises(RuleBroken, match="Earliest date is 2026-08-06"):
        bookings.confirm(booking_id=booking.pk, actor=desk.actor, now=later)


def test_moving_a_dose_flags_the_promise_that_follows_too_soon(desk: Desk) -> None:
    first = desk.visit()
    second = Visit.objects.get(course=first.course, dose_number=2)
    booking = desk.book(first)
    promised = desk.book(second, MONDAY + timedelta(days=14))
    assert actions(promised.pk) == ["booking.made"]
    move(desk, booking, MONDAY + timedelta(days=15), "08:00")
    assert actions(promised.pk) == ["booking.made", "booking.flagged"]
    promised.refresh_from_db()
    assert (promised.version, promised.clinic_day.date) == (1, MONDAY + timedelta(days=14))


# Coming and not coming


def test_arriving_and_taking_it_back(desk: Desk) -> None:
    nurse = make_actor(desk.clinic, Role.NURSE)
    booking = desk.book(desk.visit())
    with pytest.raises(RuleBroken, match="booked for 09-Mar-2026"):
        bookings.mark_arrived(booking_id=booking.pk, actor=nurse, now=NOW)
    here = at(MONDAY, "07:50")
    arrived = bookings.mark_arrived(booking_id=booking.pk, actor=nurse, now=here)
    assert (arrived.status, arrived.arrived_at) == ("arrived", here)
    assert Visit.objects.get(pk=booking.visit_id).status == Visit.Status.ARRIVED
    with pytest.raises(Conflict, match="already arrived"):
        bookings.mark_arrived(booking_id=booking.pk, actor=nurse, now=here)
    with pytest.raises(Conflict, match="Undo the arrival"):
        bookings.cancel(booking_id=booking.pk, reason="Ill", actor=desk.actor, now=here)
    back = bookings.undo_arrived(booking_id=booking.pk, actor=nurse, now=here)
    assert (back.status, back.arrived_at) == ("confirmed", None)
    assert Visit.objects.get(pk=booking.visit_id).status == Visit.Status.BOOKED
    assert every_day_adds_up(desk.clinic)


def test_an_arrival_stands_once_the_infusion_has_begun(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    now = at(MONDAY)
    bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=now)
    Visit.objects.filter(pk=booking.visit_id).update(status="infusing", given_on=MONDAY)
    with pytest.raises(Conflict, match="has begun"):
        bookings.undo_arrived(booking_id=booking.pk, actor=desk.actor, now=now)


def test_an_arrived_patient_changes_chairs_but_not_times(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    later = at(MONDAY, "08:30")
    arrived = bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=later)
    with pytest.raises(RuleBroken, match="only the chair can change"):
        move(desk, arrived, MONDAY, "09:00", now=later)
    moved = move(desk, arrived, MONDAY, "08:00", chair_id=desk.chairs[1], now=later)
    assert (moved.chair_id, moved.status) == (desk.chairs[1], "arrived")
    assert every_day_adds_up(desk.clinic)


def test_a_held_day_needs_a_time_before_anybody_arrives(desk: Desk) -> None:
    booking = bookings.hold_day(visit_id=desk.visit().pk, day=MONDAY, actor=desk.actor, now=NOW)
    for act in (bookings.mark_arrived, bookings.mark_no_show):
        with pytest.raises(RuleBroken, match="a time first"):
            act(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "12:00"))


def test_a_no_show_is_counted_and_booked_again(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    with pytest.raises(RuleBroken, match="has not come yet"):
        bookings.mark_no_show(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "07:59"))
    gone = bookings.mark_no_show(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "09:00"))
    visit = Visit.objects.get(pk=booking.visit_id)
    assert (gone.status, visit.status, visit.no_shows) == ("no_show", "planned", 1)
    assert desk.book(visit, TUESDAY)
    assert every_day_adds_up(desk.clinic)


def test_stopping_a_course_frees_everything(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    course = stop_course(
        course_id=Course.objects.get().pk, reason="Moved away", permanently=True,
        actor=system(desk.clinic), now=NOW,
    )  # fmt: skip
    booking.refresh_from_db()
    assert (booking.status, booking.end_reason) == ("cancelled", "Moved away")
    assert course.status == "permanently_discontinued"
    assert set(Visit.objects.values_list("status", flat=True)) == {"cancelled"}
    assert not Reminder.objects.filter(state="pending").exists()
    assert every_day_adds_up(desk.clinic)


def test_a_booking_that_changed_its_day_while_somebody_waited_is_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The days to lock are read before the lock: what another desk did meanwhile must show."""
    booking = desk.book(desk.visit())
    monkeypatch.setattr(desk_module, "lock_days", lambda clinic, dates, now: {})
    with pytest.raises(Conflict, match="has just changed"):
        bookings.cancel(booking_id=booking.pk, reason="Ill", actor=desk.actor, now=NOW)
    booking.refresh_from_db()
    assert booking.status == "confirmed"


def test_a_booking_costs_the_same_statements_on_an_empty_and_a_full_day(desk: Desk) -> None:
    """BEGIN and COMMIT among them; the first of a day also makes its row. They go to the server and
    back six times (`core.together`)."""
    costs = []
    for n in range(3):
        visit = desk.visit(mrn=f"COST-{n}")
        with CaptureQueriesContext(connection) as seen:
            desk.book(visit, chair=n)
        costs.append(len(seen))
    assert costs == [28, 20, 20]
