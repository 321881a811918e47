"""One reviewed step: what happened is written down, and everybody it affects is settled with it."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from clinical.protocol import load
from clinics.models import Absence, ChairOutage, Closure, Role
from core.errors import Conflict, Forbidden, Invalid, Refusal, RuleBroken, Stale
from core.models import AuditEntry
from reminders.models import Reminder
from scheduling import placement
from scheduling.change_kinds import KINDS
from scheduling.days import recompute_summaries
from scheduling.disruption.ahead import look_ahead
from scheduling.disruption.elsewhere import Asked
from scheduling.disruption.offers import Offer, propose
from scheduling.disruption.what import ChairOut, Closing, Disruption, NursesAway
from scheduling.models import Booking, Visit
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.bookings import cancel, hold_day, mark_arrived, move
from scheduling.services.rebooking import Decision, Rebooked, rebook
from tests.people import make_actor, make_patient
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, staff, weeks
from tests.scheduling.racing import overlaps, peaks

pytestmark = pytest.mark.django_db
CLOSED = Closing(day=MONDAY, reason="Burst pipe")
TODAY = NOW.date()


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def offers(desk: Desk, what: Disruption | None = CLOSED, **changes: Any) -> list[Offer]:
    days = what.days(desk.clinic.time_zone) if what is not None else [MONDAY]
    ahead = look_ahead(desk.clinic, days, what=what, among=days)
    return propose(ahead, what=what, **{"today": TODAY, "now": NOW, **changes})


def first(offer: Offer) -> Decision:
    """The first choice of an offer, or cancelled when there is none."""
    booking, best = offer.booking, next(iter(offer.choices), None)
    return Decision(
        booking_id=booking.pk, version=booking.version, cancel=best is None,
        start=best.start if best else None, chair_id=best.chair.pk if best else None,
    )  # fmt: skip


def save(
    desk: Desk, decisions: list[Decision], what: Disruption | None = CLOSED, **changes: Any
) -> Rebooked:
    usual: dict[str, Any] = {
        "what": what, "dates": [MONDAY] if what is None else [], "decisions": decisions,
        "reason": "Burst pipe", "actor": desk.actor, "now": NOW,
    }  # fmt: skip
    return rebook(**(usual | changes))


def reachable(mrn: str) -> dict[str, Any]:
    return {
        "channel": "email", "email": f"{mrn.lower()}@example.org", "consented_at": NOW,
    }  # fmt: skip


def test_the_preview_writes_nothing(desk: Desk) -> None:
    desk.book(desk.visit())
    offers(desk)
    assert not Closure.objects.exists()
    assert Booking.objects.get().version == 1


def test_everybody_of_a_closed_day_gets_another_place(desk: Desk) -> None:
    booked = [
        desk.book(desk.visit(f"M{n}"), shown=shown, chair=n)
        for n, shown in enumerate(("08:00", "08:15", "08:30"))
    ]
    found = offers(desk)
    assert {offer.booking.pk for offer in found} == {booking.pk for booking in booked}
    assert {offer.affected.cause for offer in found} == {"CLINIC-CLOSED"}
    done = save(desk, [first(offer) for offer in found])
    assert (done.moved, done.cancelled, done.left) == (3, 0, 0)
    assert Closure.objects.get().date == MONDAY
    for booking in booked:
        booking.refresh_from_db()
        assert booking.clinic_day.date != MONDAY
        assert (booking.status, booking.version) == (Booking.Status.CONFIRMED, 2)
    assert overlaps() == 0
    assert recompute_summaries(desk.clinic, TODAY, MONDAY + timedelta(days=60)) == []
    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert actions.count("booking.moved") == 3
    assert actions.count("clinic.day_closed") == actions.count("disruption.settled") == 1


@pytest.mark.parametrize(
    "words", ["another visit at 10:00", "in another chair at that time"], ids=["seen", "constraint"]
)
def test_who_would_be_in_two_chairs_at_once_is_named_and_nothing_is_saved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """When the constraint speaks in the middle of the step, nothing more can be asked of that
    transaction, and the other moves are not tried."""
    if words == "in another chair at that time":
        monkeypatch.setattr(placement, "seated", lambda _grid, _bookings: {})
    one, other = desk.book(desk.visit("A"), chair=0), desk.book(desk.visit("B"), chair=1)
    tuesday = MONDAY + timedelta(days=1)
    asked = AskedFor(purpose=Visit.Purpose.BLOOD_TEST, minutes=30, first=tuesday, last=tuesday)
    blood = ask_for_visit(patient_id=one.patient_id, asked=asked, actor=desk.actor, now=NOW)
    desk.book(blood, tuesday, "10:00", chair=2)
    decisions = [
        Decision(booking_id=each.pk, version=1, start=at(tuesday, "09:00"), chair_id=chair)
        for each, chair in ((one, desk.chairs[0]), (other, desk.chairs[1]))
    ]
    with pytest.raises(Conflict, match=words) as refused:
        save(desk, decisions)
    assert refused.value.details["booking"] == str(one.pk)
    assert not Closure.objects.exists()
    assert set(Booking.objects.values_list("version", flat=True)) == {1}


def test_another_chair_on_the_same_day_comes_first(desk: Desk) -> None:
    desk.book(desk.visit("A"), chair=0)
    desk.book(desk.visit("B"), chair=1, shown="08:15")
    out = ChairOut(chair_id=desk.chairs[0], starts=at(MONDAY, "10:00"),
                   ends=at(MONDAY, "11:00"), reason="Motor")  # fmt: skip
    [offer] = offers(desk, out)
    best = offer.choices[0]
    assert (best.start, best.chair.label, best.words) == (
        at(MONDAY, "08:00"), "Chair 3", "Same time, another chair",
    )  # fmt: skip
    save(desk, [first(offer)], out)
    assert ChairOutage.objects.count() == 1
    assert not Reminder.objects.filter(kind__in=KINDS).exists(), "no news to a patient"


def test_the_nearest_time_of_the_day_when_no_chair_is_free(desk: Desk) -> None:
    desk.book(desk.visit("A"), chair=0, shown="08:00")
    for n, mrn in enumerate("BC", start=1):
        desk.book(desk.visit(mrn), chair=n, shown="08:15")
    long = ChairOut(chair_id=desk.chairs[0], starts=at(MONDAY, "07:00"),
                    ends=at(MONDAY, "09:00"), reason="Motor")  # fmt: skip
    [offer] = offers(desk, long)
    assert offer.choices[0].start == at(MONDAY, "09:00")
    assert offer.choices[0].words == "Same day, 1hr later"


def test_two_are_never_proposed_into_each_others_place(desk: Desk) -> None:
    for n, (early, late) in enumerate([("08:00", "13:00"), ("08:15", "13:15")]):
        desk.book(desk.visit(f"M{n}"), shown=early, chair=n)
        desk.book(desk.visit(f"N{n}"), shown=late, chair=n)
    found = offers(desk)
    save(desk, [first(offer) for offer in found])
    assert len({(o.choices[0].start, o.choices[0].chair.pk) for o in found}) == 4
    assert overlaps() == 0
    for day in (MONDAY + timedelta(days=n) for n in range(1, 5)):
        starting, points, _ = peaks(desk.clinic, day)
        assert starting <= 4
        assert points <= 16


def test_the_intervals_to_the_doses_around_it_are_kept(desk: Desk) -> None:
    """Dose 2 stands 14 days after dose 1: neither moves so that they come too near or too far."""
    one = desk.visit()
    two = Visit.objects.get(course=one.course_id, dose_number=2)
    second = MONDAY + timedelta(days=14)
    desk.book(one)
    desk.book(two, second)
    rules = load("ocrelizumab", "default").calendar
    for closed, other in ((MONDAY, second), (second, MONDAY)):
        [offer] = offers(desk, Closing(day=closed, reason="Flood"))
        assert offer.choices
        for choice in offer.choices:
            apart = abs(choice.day - other)
            assert abs(apart - rules.infusion_2_after) <= rules.infusion_2_window


def test_nurses_away_affect_whoever_was_promised_last(desk: Desk) -> None:
    bookings = [
        desk.book(desk.visit(f"M{n}"), chair=n, now=NOW + timedelta(minutes=n)) for n in range(3)
    ]
    away = NursesAway(day=MONDAY, nurses=2, reason="Ill")
    [offer] = offers(desk, away)
    assert offer.booking.pk == bookings[-1].pk
    assert offer.choices[0].start == at(MONDAY, "08:15"), "a quarter of an hour later"
    done = save(desk, [first(offer)], away, reason="Ill")
    assert (done.moved, Absence.objects.count()) == (1, 1)
    assert peaks(desk.clinic, MONDAY)[0] == 2


def test_whoever_moves_may_wait_for_another_to_leave_first() -> None:
    """Two nurses of three are ill: B takes the time that A leaves for another day."""
    desk = make_desk(nurses=2, points_per_nurse=2, chairs=4)
    a = desk.book(desk.visit("A"), shown="08:00", chair=0)
    b = desk.book(desk.visit("B"), shown="08:15", chair=1, now=NOW + timedelta(minutes=1))
    c = desk.book(desk.visit("C", first=MONDAY - timedelta(days=3)), shown="13:00", chair=2,
                  now=NOW - timedelta(minutes=1))  # fmt: skip
    away = NursesAway(day=MONDAY, nurses=1, starts=time(8), ends=time(18), reason="Ill")
    found = offers(desk, away)
    gone = {offer.booking.pk for offer in found}
    assert gone < {a.pk, b.pk, c.pk}
    save(desk, [first(offer) for offer in reversed(found)], away)
    assert peaks(desk.clinic, MONDAY)[1] <= 2
    assert look_ahead(desk.clinic, [MONDAY], among=[MONDAY]).affected == []


def test_a_held_day_moves_to_a_time_on_another_day(desk: Desk) -> None:
    booking = hold_day(visit_id=desk.visit().pk, day=MONDAY, actor=desk.actor, now=NOW)
    [offer] = offers(desk)
    save(desk, [first(offer)])
    booking.refresh_from_db()
    assert booking.status == Booking.Status.PROPOSED
    assert booking.clinic_day.date != MONDAY


def test_skipped_is_cancelled_with_the_reason_and_due_again(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    done = save(desk, [Decision(booking_id=booking.pk, version=1, cancel=True)])
    booking.refresh_from_db()
    assert (booking.status, booking.end_reason) == (Booking.Status.CANCELLED, "Burst pipe")
    assert Visit.objects.get(pk=booking.visit_id).status == Visit.Status.PLANNED
    assert (done.moved, done.cancelled) == (0, 1)


def test_left_for_now_it_stays_and_stays_affected(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    done = save(desk, [Decision(booking_id=booking.pk, version=1)])
    booking.refresh_from_db()
    assert (booking.status, booking.version, done.left) == (Booking.Status.CONFIRMED, 1, 1)
    assert look_ahead(desk.clinic, [MONDAY]).affected == [booking.pk]


def test_what_is_affected_already_is_settled_without_a_new_disruption(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Flood")
    [offer] = offers(desk, None)
    save(desk, [first(offer)], None)
    booking.refresh_from_db()
    assert booking.clinic_day.date != MONDAY


# All or nothing


def changed_by(desk: Desk, how: str, booking: Booking, other: Visit) -> None:
    if how == "moved":
        move(booking_id=booking.pk, version=1, chair_id=desk.chairs[2], start=at(MONDAY, "09:00"),
             actor=desk.actor, now=NOW)  # fmt: skip
    elif how == "cancelled":
        cancel(booking_id=booking.pk, reason="Asked to", actor=desk.actor, now=NOW)
    elif how == "arrived":
        mark_arrived(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "07:50"))
    else:
        desk.book(other, shown="12:00", chair=1)


@pytest.mark.parametrize("how", ["moved", "cancelled", "arrived", "one more is booked"])
def test_a_stale_preview_is_refused_and_nothing_is_saved(desk: Desk, how: str) -> None:
    booking, other = desk.book(desk.visit()), desk.visit("MRN-2")
    decisions = [first(offer) for offer in offers(desk)]
    changed_by(desk, how, booking, other)
    before = list(Booking.objects.order_by("pk").values("pk", "status", "version", "period"))
    with pytest.raises(Stale, match="nothing is saved"):
        save(desk, decisions)
    assert not Closure.objects.exists()
    assert (
        list(Booking.objects.order_by("pk").values("pk", "status", "version", "period")) == before
    )


def test_one_row_that_cannot_be_saved_stops_all_and_is_named(desk: Desk) -> None:
    one, two = desk.book(desk.visit("A")), desk.book(desk.visit("B"), chair=1, shown="08:15")
    tuesday = at(MONDAY + timedelta(days=1), "08:00")
    place: dict[str, Any] = {"start": tuesday, "chair_id": desk.chairs[0], "version": 1}
    with pytest.raises(Conflict) as refused:
        save(desk, [Decision(booking_id=one.pk, **place), Decision(booking_id=two.pk, **place)])
    assert refused.value.details["booking"] == str(two.pk)
    one.refresh_from_db()
    assert (one.clinic_day.date, Closure.objects.count()) == (MONDAY, 0)
    assert not Reminder.objects.filter(kind__in=KINDS).exists()


def test_nobody_is_moved_against_the_protocol_by_hand(desk: Desk) -> None:
    one = desk.visit()
    two = Visit.objects.get(course=one.course_id, dose_number=2)
    second = MONDAY + timedelta(days=14)
    desk.book(one)
    booking = desk.book(two, second)
    wanted = Decision(
        booking_id=booking.pk, version=1, start=at(MONDAY, "13:00"), chair_id=desk.chairs[1]
    )
    with pytest.raises(RuleBroken, match="comes first") as refused:
        save(desk, [wanted], Closing(day=second, reason="Flood"))
    assert refused.value.details["booking"] == str(booking.pk)


def test_the_same_visit_twice_makes_no_sense(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    with pytest.raises(Invalid):
        save(desk, [Decision(booking_id=booking.pk, version=1, cancel=True)] * 2)


def test_who_is_here_keeps_the_time_and_is_never_cancelled(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    now = at(MONDAY, "07:50")
    mark_arrived(booking_id=booking.pk, actor=desk.actor, now=now)
    booking.refresh_from_db()
    out = ChairOut(chair_id=desk.chairs[0], starts=at(MONDAY, "09:00"),
                   ends=at(MONDAY, "12:00"), reason="Motor")  # fmt: skip
    [offer] = offers(desk, out, now=now, today=MONDAY)
    assert {choice.start for choice in offer.choices} == {at(MONDAY, "08:00")}
    cancelled = Decision(booking_id=booking.pk, version=booking.version, cancel=True)
    with pytest.raises(Conflict, match="has arrived"):
        save(desk, [cancelled], out, now=now)
    save(desk, [first(offer)], out, now=now)
    booking.refresh_from_db()
    assert booking.chair_id in desk.chairs[1:]


# Who may


def test_a_manager_records_and_leaves_the_moving_to_a_scheduler(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    manager = make_actor(desk.clinic, Role.MANAGER)
    with pytest.raises(Forbidden):
        save(desk, [Decision(booking_id=booking.pk, version=1, cancel=True)], actor=manager)
    assert not Closure.objects.exists()
    assert save(desk, [Decision(booking_id=booking.pk, version=1)], actor=manager).left == 1
    assert Closure.objects.count() == 1


def test_another_clinics_bookings_are_not_there(desk: Desk) -> None:
    south = make_desk("south")
    booking = desk.book(desk.visit())
    with pytest.raises(Refusal):
        save(south, [Decision(booking_id=booking.pk, version=1, cancel=True)])
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED
    assert not Closure.objects.exists()


# Patients are told


@pytest.mark.parametrize("way", ["email", "call"])
def test_who_was_promised_a_time_is_told_by_mail_or_telephone(desk: Desk, way: str) -> None:
    reach = way == "email"
    changes = reachable("A") if reach else {"telephone": "030 1"}
    patients = [make_patient(desk.clinic, mrn, **changes) for mrn in ("A", "B")]
    visits = [Visit.objects.get(course=desk.course(each), dose_number=1) for each in patients]
    booked = [desk.book(visit, chair=n) for n, visit in enumerate(visits)]
    [one, two] = [first(offer) for offer in offers(desk)]
    done = save(desk, [one, Decision(booking_id=two.booking_id, version=1, cancel=True)])
    assert {key: count for key, count in done.told.items() if count} == {way: 2}
    told = Reminder.objects.filter(kind__in=KINDS).order_by("kind")
    suffix = "patient" if reach else "call"
    assert [row.kind for row in told] == [f"cancelled.{suffix}", f"moved.{suffix}"]
    assert {row.channel for row in told} == {"email" if reach else "board"}
    assert {row.subject_id for row in told} == {booking.pk for booking in booked}
    assert all((row.recipient_patient_id is not None) == reach for row in told)


def test_who_was_only_proposed_a_time_has_nothing_to_be_told(desk: Desk) -> None:
    booking = desk.book(desk.visit(), status=Booking.Status.PROPOSED)
    save(desk, [Decision(booking_id=booking.pk, version=1, cancel=True)])
    assert not Reminder.objects.filter(kind__in=KINDS).exists()


# What somebody asks for


def test_what_was_chosen_on_the_page_is_kept_when_it_is_looked_at_again(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    wish = at(MONDAY + timedelta(days=3), "13:00")
    asked = {booking.pk: Asked(start=wish, chair_id=desk.chairs[2])}
    [offer] = offers(desk, asked=asked)
    assert (offer.choices[0].start, offer.choices[0].chair.pk) == (wish, desk.chairs[2])
    desk.book(desk.visit("B"), MONDAY + timedelta(days=3), "12:00", chair=2)
    [offer] = offers(desk, asked=asked)
    assert offer.why == "The time chosen is not free any more."
    assert offer.choices


def test_no_day_before_the_one_asked_for(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    from_day = MONDAY + timedelta(days=10)
    [offer] = offers(desk, asked={booking.pk: Asked(not_before=from_day)})
    assert all(choice.day >= from_day for choice in offer.choices)


@pytest.mark.parametrize(
    "change", [date(2026, 3, 27), date(2026, 10, 23)], ids=["spring", "autumn"]
)
def test_around_a_clock_change_everybody_keeps_the_wall_time(change: date) -> None:
    """The Friday before a Sunday of 23 or 25 hours closes; Monday's eight o'clock is eight."""
    desk = make_desk()
    if change > MONDAY + timedelta(weeks=12):
        staff(desk.clinic, *weeks(change - timedelta(days=4), 3))
    booking = desk.book(desk.visit(first=change), change)
    what = Closing(day=change, reason="Move")
    ahead = look_ahead(desk.clinic, [change], what=what, among=[change])
    [offer] = propose(ahead, what=what, today=change - timedelta(days=1),
                      now=at(change - timedelta(days=1), "09:00"),
                      asked={booking.pk: Asked(not_before=change + timedelta(days=3))})  # fmt: skip
    best = offer.choices[0]
    assert best.day == change + timedelta(days=3)
    save(desk, [first(offer)], what, now=at(change - timedelta(days=1), "09:00"))
    assert recompute_summaries(desk.clinic, change, change + timedelta(days=9)) == []


def test_a_constant_number_of_queries(desk: Desk, django_assert_max_num_queries: Any) -> None:
    for n in range(3):
        desk.book(desk.visit(f"M{n}"), chair=n)
    with django_assert_max_num_queries(36) as few:
        assert len(offers(desk)) == 3
    for n in range(3):
        desk.book(desk.visit(f"N{n}"), chair=n, shown="13:00")
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert len(offers(desk)) == 6
