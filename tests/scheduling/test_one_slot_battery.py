"""Fifty clients for one slot, round after round; and hands for N of fifty.

A few rounds run with every other race; BATTERY=full (`make battery`) runs twenty, and five minutes
of storm. PostgreSQL itself is asked about the outcome, and each race has its control.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from time import monotonic

import pytest

from core.errors import Busy, Conflict, Refusal, RuleBroken
from scheduling.models import Booking, Visit
from scheduling.services import bookings, days
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk
from tests.scheduling.racing import deadlocks, lift_locks, overlaps, peaks, race
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


def test_a_long_storm_leaves_days_that_add_up() -> None:
    desk = make_desk(chairs=4, nurses=2)
    pairs = [[desk.visit(f"{number}A"), desk.visit(f"{number}B")] for number in range(8)]
    before, until, seeds = deadlocks(), monotonic() + STORM_SECONDS, count()
    total: Counter[str] = Counter()
    while monotonic() < until:
        mornings = [
            partial(a_clerks_morning, desk, pairs[clerk // 2], next(seeds)) for clerk in range(16)
        ]
        results = race(*mornings)
        assert not [result for result in results if isinstance(result, Refusal)], results
        total += sum((result for result in results if isinstance(result, Counter)), Counter())
        assert overlaps() == 0
    assert deadlocks() == before
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        starting, points, seated = peaks(desk.clinic, day)
        assert (starting <= 2, points <= 2 * desk.clinic.points_per_nurse, seated <= 4) == (
            True, True, True,
        ), total  # fmt: skip
    assert total["done"] > 0
    assert adds_up(desk)
