"""Two schedulers, one place. Real threads, real PostgreSQL, real commits.

Each race stands beside its control: the same race without the guard, which must go wrong.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from core.errors import Busy, Conflict, Refusal
from scheduling import placement
from scheduling.days import recompute_summaries
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.services import bookings, days
from scheduling.summary import summarise
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk
from tests.scheduling.racing import (
    deadlocks,
    lift_locks,
    meeting,
    no_turn,
    overlaps,
    peaks,
    race,
    without_constraint,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


Jobs = list[Callable[[], object]]


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, two rivals both read the day before either decides, unless locked out."""
    return lambda: monkeypatch.setattr(placement, "day_as_locked", meeting(placement.day_as_locked))


@pytest.fixture
def no_day_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    lift_locks(monkeypatch, days)


@pytest.fixture(params=["in line", "by the row alone"])
def line(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line keeps rivals apart too; what guards is the row's lock, which must do without."""
    if request.param == "by the row alone":
        monkeypatch.setattr(days, "ask_turns", no_turn)


def refusals(results: list[object]) -> list[Refusal]:
    return [result for result in results if isinstance(result, Refusal)]


def adds_up(desk: Desk) -> bool:
    return recompute_summaries(desk.clinic, MONDAY, MONDAY + timedelta(days=30)) == []


# One chair


def two_for_one_chair(desk: Desk) -> Jobs:
    ClinicDay.objects.create(clinic=desk.clinic, date=MONDAY, updated_at=NOW)
    return [partial(desk.book, desk.visit(mrn)) for mrn in ("A", "B")]


@pytest.mark.usefixtures("line")
def test_one_chair_at_one_time_goes_to_one_patient(meet: Callable[[], None]) -> None:
    desk = make_desk()
    jobs = two_for_one_chair(desk)
    meet()
    [loser] = refusals(race(*jobs))
    assert isinstance(loser, Conflict)
    assert "taken from 08:00" in loser.message, "refused by the decision, under the lock"
    assert (overlaps(), peaks(desk.clinic, MONDAY)) == (0, (1, 2, 1))


@pytest.mark.usefixtures("no_day_lock")
def test_without_the_lock_the_constraint_alone_keeps_the_chair(meet: Callable[[], None]) -> None:
    jobs = two_for_one_chair(make_desk())
    meet()
    [loser] = refusals(race(*jobs))
    # Without the lock the two inserts may also wait for each other until PostgreSQL ends one.
    assert loser.message == "That chair has just been taken." or isinstance(loser, Busy)
    assert overlaps() == 0


@pytest.mark.usefixtures("no_day_lock")
def test_without_lock_and_constraint_two_patients_share_a_chair(meet: Callable[[], None]) -> None:
    """The control: if this fails, the tests above prove nothing."""
    jobs = two_for_one_chair(make_desk())
    meet()
    with without_constraint("scheduling_booking", "booking_chair_free"):
        assert refusals(race(*jobs)) == []
        assert overlaps() == 1


# The nurses


def two_for_one_nurse(desk: Desk) -> Jobs:
    ClinicDay.objects.create(clinic=desk.clinic, date=MONDAY, updated_at=NOW)
    return [partial(desk.book, desk.visit(mrn), chair=n) for n, mrn in enumerate("AB")]


@pytest.mark.usefixtures("line")
def test_one_nurse_starts_one_infusion_at_a_time(meet: Callable[[], None]) -> None:
    desk = make_desk(nurses=1)
    jobs = two_for_one_nurse(desk)
    meet()
    assert len(refusals(race(*jobs))) == 1
    assert peaks(desk.clinic, MONDAY)[0] == 1


@pytest.mark.usefixtures("no_day_lock")
def test_without_the_lock_one_nurse_starts_two(meet: Callable[[], None]) -> None:
    """The control. No constraint can see nurses: only the lock stands between."""
    desk = make_desk(nurses=1)
    jobs = two_for_one_nurse(desk)
    meet()
    assert refusals(race(*jobs)) == []
    assert peaks(desk.clinic, MONDAY)[0] == 2


def test_three_nurses_start_three_infusions_however_many_ask() -> None:
    desk = make_desk(chairs=8, nurses=3)
    jobs = [partial(desk.book, desk.visit(f"P{n}"), chair=n) for n in range(8)]
    results = race(*jobs)
    assert len(refusals(results)) == 5
    assert not any(isinstance(result, Busy) for result in results)
    assert peaks(desk.clinic, MONDAY)[0] == 3


# A move against a booking


def a_move_and_a_booking(desk: Desk) -> Jobs:
    """Both want the one nurse's hands at nine."""
    moving = desk.book(desk.visit("A"), shown="13:00")
    move = partial(
        bookings.move, booking_id=moving.pk, chair_id=desk.chairs[1], start=at(MONDAY),
        version=1, actor=desk.actor, now=NOW,
    )  # fmt: skip
    return [move, partial(desk.book, desk.visit("B"), chair=2)]


@pytest.mark.usefixtures("line")
def test_a_move_and_a_booking_share_one_nurse(meet: Callable[[], None]) -> None:
    desk = make_desk(nurses=1)
    jobs = a_move_and_a_booking(desk)
    meet()
    assert len(refusals(race(*jobs))) == 1
    assert peaks(desk.clinic, MONDAY)[0] == 1
    assert adds_up(desk)


@pytest.mark.usefixtures("no_day_lock")
def test_without_the_lock_a_move_and_a_booking_overload_the_nurse(
    meet: Callable[[], None],
) -> None:
    """The control."""
    desk = make_desk(nurses=1)
    jobs = a_move_and_a_booking(desk)
    meet()
    assert refusals(race(*jobs)) == []
    assert peaks(desk.clinic, MONDAY)[0] == 2


def test_of_two_moves_of_one_booking_the_second_is_told(meet: Callable[[], None]) -> None:
    desk = make_desk()
    booking = desk.book(desk.visit())
    move = partial(bookings.move, booking_id=booking.pk, version=1, actor=desk.actor, now=NOW)
    meet()
    results = race(
        partial(move, chair_id=desk.chairs[1], start=at(MONDAY, "09:00")),
        partial(move, chair_id=desk.chairs[2], start=at(MONDAY + timedelta(days=1))),
    )
    [loser] = refusals(results)
    assert "Somebody changed this booking" in loser.message
    booking.refresh_from_db()
    assert booking.version == 2
    assert adds_up(desk)


# A cancellation against a booking


def a_cancellation_and_a_booking(desk: Desk) -> Jobs:
    leaving = desk.book(desk.visit("A"), shown="09:00", chair=1)
    cancel = partial(
        bookings.cancel, booking_id=leaving.pk, reason="Ill", actor=desk.actor, now=NOW
    )
    return [cancel, partial(desk.book, desk.visit("B"))]


@pytest.mark.usefixtures("line")
def test_a_cancellation_and_a_booking_both_count(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk()
    jobs = a_cancellation_and_a_booking(desk)
    monkeypatch.setattr(days, "summarise", meeting(summarise))
    assert refusals(race(*jobs)) == []
    assert adds_up(desk)


@pytest.mark.usefixtures("no_day_lock")
def test_without_the_lock_the_summary_loses_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both add the day up before either has committed."""
    desk = make_desk()
    jobs = a_cancellation_and_a_booking(desk)
    monkeypatch.setattr(days, "summarise", meeting(summarise))
    assert refusals(race(*jobs)) == []
    assert not adds_up(desk)


# One patient


def test_one_course_starts_once() -> None:
    desk = make_desk()
    patient = desk.patient()
    results = race(*[partial(desk.course, patient)] * 4)
    assert len(refusals(results)) == 3
    assert Visit.objects.filter(patient=patient).count() == 6


def test_one_dose_is_booked_once() -> None:
    desk = make_desk()
    visit = desk.visit()
    results = race(*(partial(desk.book, visit, chair=n, shown=f"1{n}:00") for n in range(3)))
    assert len(refusals(results)) == 2
    assert Booking.objects.filter(visit=visit).count() == 1
    assert adds_up(desk)


# Everything at once

CLERKS, TRIES = 16, 20


def a_clerks_morning(desk: Desk, visits: list[Visit], seed: int) -> Counter[str]:
    """Book, move, hold and cancel two patients' visits at random; return what became of it."""
    random, outcomes = Random(seed), Counter[str]()
    for _ in range(TRIES):
        visit = random.choice(visits)
        current = Booking.objects.filter(visit=visit, status__in=Booking.ACTIVE).first()
        day = MONDAY + timedelta(days=random.randrange(2))
        start = at(day, f"{random.randrange(8, 13):02}:{random.choice((0, 15, 30, 45)):02}")
        place: dict[str, Any] = {"chair_id": random.choice(desk.chairs), "start": start}
        common: dict[str, Any] = {"actor": desk.actor, "now": NOW}
        job: Callable[[], object]
        if current is None and random.random() < 0.2:
            job = partial(bookings.hold_day, visit_id=visit.pk, day=day, **common)
        elif current is None:
            job = partial(bookings.book, visit_id=visit.pk, **place, **common)
        elif random.random() < 0.5:
            move = partial(bookings.move, booking_id=current.pk, version=current.version)
            job = partial(move, **place, **common)
        else:
            job = partial(bookings.cancel, booking_id=current.pk, reason="Storm", **common)
        try:
            job()
            outcomes["done"] += 1
        except Refusal as refusal:
            outcomes[refusal.code] += 1
    return outcomes


def test_a_storm_of_clerks_leaves_a_day_that_adds_up() -> None:
    desk = make_desk(chairs=4, nurses=2)
    # Two clerks for every pair of patients: they fight over times and over each other's bookings.
    pairs = [[desk.visit(f"{n}A"), desk.visit(f"{n}B")] for n in range(CLERKS // 2)]
    before = deadlocks()
    mornings = [
        partial(a_clerks_morning, desk, pairs[clerk // 2], clerk) for clerk in range(CLERKS)
    ]
    results = race(*mornings)
    total = sum((result for result in results if isinstance(result, Counter)), Counter[str]())
    assert total.total() == CLERKS * TRIES, results
    assert deadlocks() - before == 0
    assert total["done"] > CLERKS
    assert overlaps() == 0
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        starting, points, seated = peaks(desk.clinic, day)
        assert starting <= 2
        assert points <= 2 * desk.clinic.points_per_nurse
        assert seated <= 4
    assert adds_up(desk)
