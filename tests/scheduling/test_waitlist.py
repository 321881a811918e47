"""Joining the waitlist, being offered a place, and what an answer changes: on real rows."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinics.models import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken, Stale
from core.models import AuditEntry
from reminders.models import Reminder
from scheduling.days import recompute_summaries
from scheduling.models import Booking, FreedPlace, Offer, PatientWishes, Visit, WaitlistEntry
from scheduling.plan_input import Options, collect
from scheduling.reports.desk import attendance
from scheduling.reports.span import Span
from scheduling.selectors import day_bookings
from scheduling.services.bookings import cancel, hold_day, mark_no_show, move
from scheduling.services.courses import stop_course
from scheduling.services.dosing import record_given
from scheduling.services.holds import expire_holds
from scheduling.services.offers import accept_offer, decline_offer, offer_place, withdraw_offer
from scheduling.services.undoing import restore
from scheduling.services.waiting import (
    Wished,
    change_entry,
    join_waitlist,
    leave_waitlist,
    record_wishes,
)
from scheduling.web.grid import counts
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, system

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(days=3)
AT_ONCE = Wished(notice_hours=0)


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def join(desk: Desk, visit: Visit, **changes: Any) -> WaitlistEntry:
    fields: dict[str, Any] = {"wished": AT_ONCE, "actor": desk.actor, "now": NOW}
    return join_waitlist(visit_id=visit.pk, **(fields | changes))


def offer(desk: Desk, entry: WaitlistEntry, day: date = MONDAY, **changes: Any) -> Offer:
    fields: dict[str, Any] = {
        "chair_id": desk.chairs[0], "start": at(day, "09:00"), "actor": desk.actor, "now": NOW,
    }  # fmt: skip
    return offer_place(entry_id=entry.pk, **(fields | changes))


def end(desk: Desk, booking: Booking, now: datetime = NOW) -> Booking:
    return cancel(booking_id=booking.pk, reason="Ill.", actor=desk.actor, now=now)


def booked_later(desk: Desk, mrn: str = "W", day: date = LATER) -> tuple[WaitlistEntry, Booking]:
    """Somebody booked on a later day of the window, who waits for a sooner one."""
    visit = desk.visit(mrn)
    booking = desk.book(visit, day, "10:00", chair=1)
    return join(desk, visit), booking


def said(kind: str) -> list[str]:
    return [row.state for row in Reminder.objects.filter(kind=kind)]


def acts(patient_id: UUID) -> list[str]:
    rows = AuditEntry.objects.filter(patient_id=patient_id).order_by("id")
    mine = ("offer.", "waitlist.", "wishes.")
    return [one for one in rows.values_list("action", flat=True) if one.startswith(mine)]


def test_a_dose_joins_once_with_what_suits_its_patient(desk: Desk) -> None:
    visit = desk.visit()
    wished = Wished(weekdays=frozenset({4, 0}), half="morning", leaves_by=time(15), notice_hours=48)
    entry = join(desk, visit, wished=wished, wanted_from=LATER, note=" Rings at noon ")
    assert (entry.state, entry.note, entry.joined_by_id) == (
        "waiting", "Rings at noon", desk.actor.user_id,
    )  # fmt: skip
    row = PatientWishes.objects.get(patient=visit.patient)
    assert (row.weekdays, row.half, row.leaves_before, row.notice_hours) == (
        [0, 4], "morning", time(15), 48,
    )  # fmt: skip
    with pytest.raises(Conflict, match="on the waitlist already"):
        join(desk, visit)
    assert acts(visit.patient_id) == ["wishes.recorded", "waitlist.joined"]


def test_wishes_stay_with_the_patient_and_are_written_once(desk: Desk) -> None:
    visit = desk.visit()
    for _ in range(2):
        record_wishes(
            patient_id=visit.patient_id, wished=Wished(half="morning"), actor=desk.actor, now=NOW
        )
    assert acts(visit.patient_id) == ["wishes.recorded"]
    join(desk, visit, wished=None)
    assert PatientWishes.objects.get(patient=visit.patient).half == "morning"


@pytest.mark.parametrize(
    ("wished", "field"),
    [
        (Wished(weekdays=frozenset({7})), "weekdays"),
        (Wished(half="evening"), "half"),
        (Wished(notice_hours=337), "notice_hours"),
        (Wished(notice_hours=-1), "notice_hours"),
        (Wished(arrives_from=time(12), leaves_by=time(12)), "leaves_by"),
    ],
)
def test_wishes_that_make_no_sense_are_named(desk: Desk, wished: Wished, field: str) -> None:
    visit = desk.visit()
    with pytest.raises(Invalid) as refused:
        join(desk, visit, wished=wished)
    assert list(refused.value.fields) == [field]
    assert not WaitlistEntry.objects.exists()


def test_a_note_is_short_and_a_given_dose_waits_for_nothing(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(Invalid):
        join(desk, visit, note="x" * 201)
    record_given(visit_id=visit.pk, given_on=NOW.date(), actor=system(desk.clinic), now=NOW)
    with pytest.raises(Conflict, match="does not wait"):
        join(desk, visit)


def test_a_change_is_refused_to_whoever_looked_too_long_ago(desk: Desk) -> None:
    entry = join(desk, desk.visit())
    changed = change_entry(
        entry_id=entry.pk, version=1, wanted_from=LATER, note="Back from a journey", wished=None,
        actor=desk.actor, now=NOW,
    )  # fmt: skip
    assert (changed.version, changed.wanted_from) == (2, LATER)
    with pytest.raises(Stale):
        change_entry(
            entry_id=entry.pk, version=1, wanted_from=None, note="", actor=desk.actor, now=NOW
        )


def test_leaving_keeps_the_booking(desk: Desk) -> None:
    entry, booking = booked_later(desk)
    left = leave_waitlist(entry_id=entry.pk, actor=desk.actor, now=NOW)
    assert (left.state, left.closed_by_id) == ("left", desk.actor.user_id)
    booking.refresh_from_db()
    assert booking.status == "confirmed"
    with pytest.raises(Conflict, match="not on the waitlist any more"):
        leave_waitlist(entry_id=entry.pk, actor=desk.actor, now=NOW)
    assert join(desk, booking.visit).pk != entry.pk


def test_an_offer_holds_the_place_and_leaves_the_patients_own_alone(desk: Desk) -> None:
    entry, booking = booked_later(desk)
    made = offer(desk, entry)
    hold = made.hold
    assert (hold.status, hold.chair_id, hold.period.lower) == (
        "offered", desk.chairs[0], at(MONDAY, "09:00"),
    )  # fmt: skip
    assert made.expires_at == hold.hold_expires_at == NOW + timedelta(hours=4)
    booking.refresh_from_db()
    assert (booking.status, booking.version) == ("confirmed", 1)
    assert Visit.objects.get(pk=entry.visit_id).status == "booked"
    with pytest.raises(Conflict):
        desk.book(desk.visit("Z"), MONDAY, "09:00")
    assert recompute_summaries(desk.clinic, MONDAY, LATER) == []
    assert said("offer.patient") == ["pending"]


def test_nurses_are_counted_on_an_offer_as_on_a_booking() -> None:
    desk = make_desk(nurses=1)
    entry, _ = booked_later(desk)
    offer(desk, entry)
    with pytest.raises(RuleBroken, match="starting as many"):
        desk.book(desk.visit("Z"), MONDAY, "09:00", chair=1)


def test_an_offer_ends_when_the_notice_begins(desk: Desk) -> None:
    entry = join(desk, desk.visit(), wished=Wished(notice_hours=48))
    now = at(MONDAY, "09:00") - timedelta(hours=49)
    assert offer(desk, entry, now=now).expires_at == now + timedelta(hours=1)


def test_yes_moves_the_booking_and_frees_its_old_place(desk: Desk) -> None:
    entry, booking = booked_later(desk)
    made = offer(desk, entry)
    moved = accept_offer(offer_id=made.pk, actor=desk.actor, now=NOW)
    assert (moved.pk, moved.status, moved.chair_id, moved.period.lower) == (
        booking.pk, "confirmed", desk.chairs[0], at(MONDAY, "09:00"),
    )  # fmt: skip
    [freed] = FreedPlace.objects.all()
    assert (freed.cause, freed.chair_id, freed.period) == ("moved", desk.chairs[1], booking.period)
    entry.refresh_from_db()
    made.refresh_from_db()
    assert (entry.state, made.state, made.answered_by_id) == (
        "placed", "accepted", desk.actor.user_id,
    )  # fmt: skip
    assert recompute_summaries(desk.clinic, MONDAY, LATER) == []
    assert said("offer.patient") == said("offer.lapsed") == ["void"]
    assert acts(entry.patient_id)[-3:] == ["offer.made", "offer.accepted", "waitlist.placed"]
    # The place left behind goes to the next who waits.
    other = join(desk, desk.visit("N", first=LATER))
    offer(desk, other, chair_id=desk.chairs[1], start=at(LATER, "10:00"))


def test_yes_books_a_dose_that_had_no_place(desk: Desk) -> None:
    entry = join(desk, desk.visit())
    made = offer(desk, entry)
    booking = accept_offer(offer_id=made.pk, actor=desk.actor, now=NOW)
    assert (booking.status, booking.visit_id) == ("confirmed", entry.visit_id)
    assert Visit.objects.get(pk=entry.visit_id).status == "booked"
    assert not FreedPlace.objects.exists()


@pytest.mark.parametrize("status", ["proposed", "day_held"])
def test_yes_confirms_what_was_only_proposed_or_promised(desk: Desk, status: str) -> None:
    visit = desk.visit()
    if status == "proposed":
        desk.book(visit, LATER, status="proposed")
    else:
        hold_day(visit_id=visit.pk, day=LATER, actor=desk.actor, now=NOW)
    made = offer(desk, join(desk, visit))
    assert accept_offer(offer_id=made.pk, actor=desk.actor, now=NOW).status == "confirmed"
    assert recompute_summaries(desk.clinic, MONDAY, LATER) == []


@pytest.mark.parametrize(
    ("answer", "state"), [(decline_offer, "declined"), (withdraw_offer, "withdrawn")]
)
def test_no_gives_the_place_back_and_keeps_the_rest(desk: Desk, answer: Any, state: str) -> None:
    entry, booking = booked_later(desk)
    made = offer(desk, entry)
    assert answer(offer_id=made.pk, actor=desk.actor, now=NOW).state == state
    entry.refresh_from_db()
    booking.refresh_from_db()
    assert (entry.state, booking.status) == ("waiting", "confirmed")
    assert recompute_summaries(desk.clinic, MONDAY, LATER) == []
    desk.book(desk.visit("Z"), MONDAY, "09:00")
    with pytest.raises(Conflict, match="answered already"):
        accept_offer(offer_id=made.pk, actor=desk.actor, now=NOW)
    if answer is decline_offer:
        with pytest.raises(RuleBroken, match="Said no to a place on that day"):
            offer(desk, entry, chair_id=desk.chairs[1])
    else:
        offer(desk, entry, chair_id=desk.chairs[1], start=at(MONDAY, "10:00"))


def test_without_an_answer_the_place_is_free_again(desk: Desk) -> None:
    entry, booking = booked_later(desk)
    made = offer(desk, entry)
    over = made.expires_at
    with pytest.raises(Conflict, match="expired"):
        accept_offer(offer_id=made.pk, actor=desk.actor, now=over)
    assert expire_holds(clinic_id=desk.clinic.pk, now=over) == 1
    made.refresh_from_db()
    booking.refresh_from_db()
    assert (made.state, made.answered_at, booking.status) == ("expired", over, "confirmed")
    assert Visit.objects.get(pk=entry.visit_id).status == "booked"
    assert said("offer.patient") == ["void"]
    assert said("offer.lapsed") == ["pending"]
    assert recompute_summaries(desk.clinic, MONDAY, LATER) == []


def test_an_offer_that_lapsed_never_stands_in_anybodys_way(desk: Desk) -> None:
    entry, _ = booked_later(desk)
    made = offer(desk, entry)
    desk.book(desk.visit("Z"), MONDAY, "09:00", now=made.expires_at)
    made.refresh_from_db()
    assert made.state == "expired"


@pytest.mark.parametrize("what", ["given", "stopped"])
def test_a_dose_that_is_over_leaves_the_list_and_its_offer_falls(desk: Desk, what: str) -> None:
    entry = join(desk, desk.visit())
    made = offer(desk, entry)
    boss = system(desk.clinic)
    if what == "given":
        record_given(visit_id=entry.visit_id, given_on=NOW.date(), actor=boss, now=NOW)
    else:
        doctor = make_actor(desk.clinic, Role.PRESCRIBER)
        stop_course(
            course_id=entry.visit.own_course.pk, reason="Moved away.", permanently=False,
            actor=doctor, now=NOW,
        )  # fmt: skip
    entry.refresh_from_db()
    assert entry.state == "left"
    assert set(said("offer.patient")) == {"void"}
    desk.book(desk.visit("Z"), MONDAY, "09:00")
    made.refresh_from_db()
    assert made.state == "withdrawn"


@pytest.mark.parametrize(
    ("wished", "changes", "words"),
    [
        (AT_ONCE, {"start": at(MONDAY - timedelta(days=1), "09:00")}, "Not before|earliest|closed"),
        (Wished(weekdays=frozenset({3})), {}, "Not one of their weekdays"),
        (Wished(half="afternoon"), {}, "Not at their times of day"),
        (Wished(notice_hours=200), {}, "notice|Needs 8 days"),
    ],
)
def test_an_offer_keeps_rules_and_wishes(
    desk: Desk, wished: Wished, changes: dict[str, Any], words: str
) -> None:
    entry = join(desk, desk.visit(), wished=wished)
    with pytest.raises(RuleBroken, match=words):
        offer(desk, entry, **changes)
    assert not Offer.objects.exists()
    assert not Booking.objects.exists()


def test_no_place_is_offered_that_is_no_sooner(desk: Desk) -> None:
    entry, _ = booked_later(desk, day=MONDAY)
    with pytest.raises(RuleBroken, match="no sooner"):
        offer(desk, entry, LATER)


def test_nobody_has_two_offers_and_no_place_is_offered_twice(desk: Desk) -> None:
    entry, other = join(desk, desk.visit()), join(desk, desk.visit("B"))
    offer(desk, entry)
    with pytest.raises(Conflict, match="Another place is on offer"):
        offer(desk, entry, chair_id=desk.chairs[1], start=at(MONDAY, "10:00"))
    with pytest.raises(Conflict, match="taken"):
        offer(desk, other)
    with pytest.raises(Conflict, match="on offer"):
        leave_waitlist(entry_id=entry.pk, actor=desk.actor, now=NOW)


def test_a_yes_after_a_sooner_booking_moves_nobody_back(desk: Desk) -> None:
    entry, booking = booked_later(desk)
    made = offer(desk, entry, MONDAY + timedelta(days=2))
    move(
        booking_id=booking.pk, chair_id=desk.chairs[2], start=at(MONDAY), version=1,
        actor=desk.actor, now=NOW,
    )  # fmt: skip
    with pytest.raises(Conflict, match="no later than"):
        accept_offer(offer_id=made.pk, actor=desk.actor, now=NOW)


@pytest.mark.parametrize("cause", ["cancelled", "moved", "no_show"])
def test_what_comes_free_is_written_down(desk: Desk, cause: str) -> None:
    booking = desk.book(desk.visit())
    place = (booking.chair_id, booking.period)
    now = NOW
    if cause == "cancelled":
        end(desk, booking)
    elif cause == "moved":
        move(
            booking_id=booking.pk, chair_id=desk.chairs[1], start=at(LATER), version=1,
            actor=desk.actor, now=NOW,
        )  # fmt: skip
    else:
        now = booking.period.lower + timedelta(minutes=30)
        mark_no_show(booking_id=booking.pk, actor=desk.actor, now=now)
    [freed] = FreedPlace.objects.all()
    assert (freed.cause, freed.chair_id, freed.period, freed.freed_at) == (cause, *place, now)


def test_a_hold_given_up_and_a_visit_that_is_over_free_nothing(desk: Desk) -> None:
    held = desk.book(desk.visit(), status="proposed", hold_minutes=10)
    end(desk, held)
    gone = desk.book(desk.visit("B"))
    mark_no_show(booking_id=gone.pk, actor=desk.actor, now=gone.period.upper)
    assert not FreedPlace.objects.exists()


def test_a_cancellation_on_offer_is_not_taken_back(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="09:00")
    gone = end(desk, booking)
    offer(desk, join(desk, desk.visit("B")))
    back: dict[str, Any] = {"was": "confirmed", "actor": desk.actor, "now": NOW}
    with pytest.raises(Conflict, match="taken"):
        restore(booking_id=gone.pk, version=gone.version, **back)


def test_only_who_may_book_may_offer_and_only_their_own(desk: Desk) -> None:
    entry = join(desk, desk.visit())
    made = offer(desk, entry)
    nurse = make_actor(desk.clinic, Role.NURSE)
    stranger = make_desk("south").actor
    for act in (accept_offer, decline_offer, withdraw_offer):
        with pytest.raises(Forbidden):
            act(offer_id=made.pk, actor=nurse, now=NOW)
        with pytest.raises(NotFound):
            act(offer_id=made.pk, actor=stranger, now=NOW)
    with pytest.raises(NotFound):
        leave_waitlist(entry_id=entry.pk, actor=stranger, now=NOW)
    with pytest.raises(NotFound):
        offer(desk, entry, actor=stranger)
    with pytest.raises(Forbidden):
        join(desk, entry.visit, actor=nurse)


def test_the_planner_plans_round_an_offer(desk: Desk) -> None:
    hold = offer(desk, join(desk, desk.visit())).hold
    desk.book(desk.visit("B"), shown="10:00", chair=1, status="proposed")
    found = collect(desk.clinic, MONDAY, MONDAY, Options(), now=NOW)
    assert str(hold.pk) not in found.rows
    [day] = found.days
    taken = {chair.id: chair.taken for chair in day.chairs}
    assert taken[str(hold.chair_id)] == ((9 * 60, 14 * 60),)
    assert sum(day.taken_starts) == 1


def test_an_offer_is_on_the_day_and_counts_as_nobody_coming(desk: Desk) -> None:
    offer(desk, join(desk, desk.visit()))
    [row] = day_bookings(desk.actor, MONDAY, now=NOW)
    assert row.status == "offered"
    assert counts([row])["all"] == 0


def test_declined_and_lapsed_offers_are_no_cancellations(desk: Desk) -> None:
    entry, _ = booked_later(desk)
    decline_offer(offer_id=offer(desk, entry).pk, actor=desk.actor, now=NOW)
    found = attendance(desk.clinic, Span(MONDAY, LATER))
    assert (found.cancelled, found.open) == (0, 1)


def test_an_own_offer_that_lapsed_on_another_day_stands_in_no_ones_way(desk: Desk) -> None:
    entry, booking = booked_later(desk)
    made = offer(desk, entry)
    end(desk, booking, now=made.expires_at)
    made.refresh_from_db()
    assert made.state == "offered", "that day was not locked: the round frees it"
    assert expire_holds(clinic_id=desk.clinic.pk, now=made.expires_at) == 1
    assert recompute_summaries(desk.clinic, MONDAY, LATER) == []
