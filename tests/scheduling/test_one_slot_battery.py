"""Fifty clients for one slot, round after round; and hands for N of fifty.

A few rounds run with every other race; BATTERY=full (`make battery`) runs twenty, and five minutes
of storm. PostgreSQL itself is asked about the outcome, and each race has its control.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from time import monotonic

import pytest

from core.errors import Busy, Conflict, Refusal, RuleBroken
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.services import bookings, days
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk
from tests.scheduling.racing import deadlocks, lift_locks, overlaps, peaks, race, without_constraint
from tests.scheduling.test_booking_race import a_clerks_morning, adds_up

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

FULL = os.environ.get("BATTERY") == "full"
CLIENTS = 50
ROUNDS = 20 if FULL else 2
STORM_SECONDS = 300 if FULL else 5
HANDS = 3


def everybody(desk: Desk, visits: list[Visit], *, chairs: int) -> Counter[str]:
    """Let every client book at eight o'clock at once; return what became of them."""
    jobs: list[Callable[[], object]] = [
        partial(desk.book, visit, chair=number % chairs) for number, visit in enumerate(visits)
    ]
    results = race(*jobs)
    return Counter(type(result).__name__ for result in results)


def free_all(desk: Desk) -> None:
    for booking in Booking.objects.filter(status__in=Booking.ACTIVE):
        bookings.cancel(booking_id=booking.pk, reason="Next round", actor=desk.actor, now=NOW)


def test_one_slot_has_one_winner_however_many_ask() -> None:
    desk = make_desk(chairs=1, nurses=4)
    visits = [desk.visit(f"P{number}") for number in range(CLIENTS)]
    before = deadlocks()
    for _ in range(ROUNDS):
        outcome = everybody(desk, visits, chairs=1)
        assert outcome["Booking"] == 1, outcome
        assert outcome[Conflict.__name__] + outcome[Busy.__name__] == CLIENTS - 1, outcome
        assert overlaps() == 0
        free_all(desk)
    assert deadlocks() == before
    assert adds_up(desk)


def test_without_lock_and_constraint_one_slot_has_many_winners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control."""
    lift_locks(monkeypatch, days)
    desk = make_desk(chairs=1, nurses=CLIENTS, points_per_nurse=50)
    visits = [desk.visit(f"P{number}") for number in range(CLIENTS)]
    ClinicDay.objects.create(clinic=desk.clinic, date=MONDAY, updated_at=NOW)
    with without_constraint("scheduling_booking", "booking_chair_free"):
        assert everybody(desk, visits, chairs=1)["Booking"] > 1
        assert overlaps() > 0


def test_hands_for_n_start_n_however_many_ask() -> None:
    desk = make_desk(chairs=CLIENTS, nurses=HANDS, points_per_nurse=50)
    visits = [desk.visit(f"P{number}") for number in range(CLIENTS)]
    before = deadlocks()
    for _ in range(ROUNDS):
        outcome = everybody(desk, visits, chairs=CLIENTS)
        refused = outcome[RuleBroken.__name__] + outcome[Busy.__name__]
        assert (outcome["Booking"], refused) == (HANDS, CLIENTS - HANDS), outcome
        starting, _, seated = peaks(desk.clinic, MONDAY)
        assert (starting, seated) == (HANDS, HANDS)
        free_all(desk)
    assert deadlocks() == before
    assert adds_up(desk)


def test_without_the_lock_more_are_started_than_there_are_hands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lift_locks(monkeypatch, days)
    desk = make_desk(chairs=CLIENTS, nurses=HANDS, points_per_nurse=50)
    visits = [desk.visit(f"P{number}") for number in range(CLIENTS)]
    for _ in range(5):
        everybody(desk, visits, chairs=CLIENTS)
        starting, _, _ = peaks(desk.clinic, MONDAY)
        if starting > HANDS:
            return
        free_all(desk)
    pytest.fail("five rounds without the lock and nobody was started too many")


Pairs = list[list[Visit]]


def storm_desk() -> tuple[Desk, Pairs]:
    """Four chairs, two nurses, and two clerks for every pair of patients."""
    desk = make_desk(chairs=4, nurses=2)
    return desk, [[desk.visit(f"{number}A"), desk.visit(f"{number}B")] for number in range(8)]


def everybody_at_once(desk: Desk, pairs: Pairs, seeds: Iterator[int]) -> Counter[str]:
    """Let sixteen clerks work a morning; return what became of all they did."""
    mornings = [
        partial(a_clerks_morning, desk, pairs[clerk // 2], next(seeds)) for clerk in range(16)
    ]
    results = race(*mornings)
    assert not [result for result in results if isinstance(result, Refusal)], results
    return sum((result for result in results if isinstance(result, Counter)), Counter())


def is_overloaded(desk: Desk) -> bool:
    """Whether PostgreSQL finds a minute with too many starts, points or patients."""
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        starting, points, seated = peaks(desk.clinic, day)
        if starting > 2 or points > 2 * desk.clinic.points_per_nurse or seated > 4:
            return True
    return False


def test_a_long_storm_leaves_days_that_add_up(
    record_property: Callable[[str, object], None],
) -> None:
    desk, pairs = storm_desk()
    before, until, seeds = deadlocks(), monotonic() + STORM_SECONDS, count()
    total: Counter[str] = Counter()
    while monotonic() < until:
        total += everybody_at_once(desk, pairs, seeds)
        assert overlaps() == 0
        assert not is_overloaded(desk)
    for outcome, times in total.items():
        record_property(outcome, times)
    assert deadlocks() == before
    assert total["done"] > 0
    assert adds_up(desk)


def test_without_the_lock_a_storm_leaves_days_that_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: somebody is overloaded, or a summary says what is not so."""
    lift_locks(monkeypatch, days)
    desk, pairs = storm_desk()
    seeds = count()
    for _ in range(10):
        everybody_at_once(desk, pairs, seeds)
        if is_overloaded(desk) or not adds_up(desk):
            return
    pytest.fail("ten mornings without the lock and everything added up")
