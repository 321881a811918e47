"""A booking is made while its day is being closed: it is refused, or it is listed; never lost.

Real threads on real connections. The control is the same race without the day's lock.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from clinics.models import Closure
from core.errors import Refusal, RuleBroken, Stale
from scheduling import placement
from scheduling.disruption.ahead import look_ahead
from scheduling.disruption.what import Closing
from scheduling.models import Booking, ClinicDay
from scheduling.services import days, rebooking
from scheduling.services.disruptions import record_disruption
from scheduling.services.rebooking import rebook
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk
from tests.scheduling.racing import APART, deadlocks, lift_locks, race

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
CLOSED = Closing(day=MONDAY, reason="Flood")


@pytest.fixture
def desk() -> Desk:
    desk = make_desk()
    ClinicDay.objects.create(clinic=desk.clinic, date=MONDAY, updated_at=NOW)
    return desk


def booked_or_refused(results: list[object]) -> bool:
    """Whether nobody is lost: the booking that was made is listed as one that cannot stay."""
    refused = isinstance(results[0], Refusal)
    listed = look_ahead(Closure.objects.get().clinic, [MONDAY]).affected
    made = list(Booking.objects.filter(status__in=Booking.ACTIVE).values_list("pk", flat=True))
    return made == listed and refused == (not made)


@pytest.mark.parametrize("turn", range(5))
def test_closing_a_day_while_it_is_booked_loses_nobody(desk: Desk, turn: int) -> None:
    visit = desk.visit(f"M{turn}")
    before = deadlocks()
    results = race(
        partial(desk.book, visit),
        partial(record_disruption, what=CLOSED, actor=desk.actor, now=NOW),
    )
    assert not isinstance(results[1], Refusal), results[1]
    assert booked_or_refused(results)
    assert deadlocks() == before


def close_with_nobody(desk: Desk) -> object:
    """Close the day as it was looked over: with nobody on it."""
    return rebook(what=CLOSED, dates=[], decisions=[], reason="Flood", actor=desk.actor, now=NOW)


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read what they decide from before either goes on, unless a lock keeps one away."""
    barrier = Barrier(2)

    def met(function: Callable[..., Any]) -> Callable[..., Any]:
        def answer_then_wait(*args: Any, **kwargs: Any) -> Any:
            answer = function(*args, **kwargs)
            with suppress(BrokenBarrierError):
                barrier.wait(timeout=APART)
            return answer

        return answer_then_wait

    monkeypatch.setattr(placement, "day_as_locked", met(placement.day_as_locked))
    monkeypatch.setattr(rebooking, "look_ahead", met(look_ahead))


@pytest.mark.usefixtures("meet")
def test_a_preview_without_them_is_stale_or_the_booking_is_refused(desk: Desk) -> None:
    visit = desk.visit()
    made, closed = race(partial(desk.book, visit), partial(close_with_nobody, desk))
    assert isinstance(made, RuleBroken) != isinstance(closed, Stale)
    assert Closure.objects.exists() == isinstance(made, RuleBroken)


@pytest.mark.usefixtures("meet")
def test_without_the_lock_somebody_is_lost_on_a_closed_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both decide from what they read before the other wrote. A patient sits on a
    closed day, and whoever closed it was told that nobody does."""
    visit = desk.visit()
    lift_locks(monkeypatch, days)
    made, closed = race(partial(desk.book, visit), partial(close_with_nobody, desk))
    assert isinstance(made, Booking)
    assert not isinstance(closed, Refusal)
    assert look_ahead(desk.clinic, [MONDAY], among=[MONDAY]).affected == [made.pk]
