"""Two schedulers and one free place: one offer, one answer. Each race has a control."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from core.errors import Conflict, Refusal
from scheduling import placement
from scheduling.days import recompute_summaries
from scheduling.models import Booking, Offer, WaitlistEntry
from scheduling.services import days, offers
from scheduling.services import desk as desk_module
from scheduling.services.holds import expire_holds
from scheduling.services.offers import accept_offer, decline_offer, offer_place
from scheduling.services.waiting import Wished, join_waitlist
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk
from tests.scheduling.racing import deadlocks, lift_locks, meeting, race, without_constraint

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
OFFERED = Booking.Status.OFFERED


def waiting(desk: Desk, mrn: str) -> WaitlistEntry:
    visit = desk.visit(mrn)
    at_once = Wished(notice_hours=0)
    return join_waitlist(visit_id=visit.pk, wished=at_once, actor=desk.actor, now=NOW)


def offering(desk: Desk, entry: WaitlistEntry, chair: int = 0) -> Callable[[], object]:
    return partial(
        offer_place, entry_id=entry.pk, chair_id=desk.chairs[chair], start=at(MONDAY, "09:00"),
        actor=desk.actor, now=NOW,
    )  # fmt: skip


def refusals(found: list[object]) -> list[Refusal]:
    return [one for one in found if isinstance(one, Refusal)]


def held_twice() -> int:
    """How many pairs of offers hold one chair at one time, as SQL alone sees it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM scheduling_booking a JOIN scheduling_booking b "
            "ON a.id < b.id AND a.chair_id = b.chair_id AND a.period && b.period "
            "WHERE a.status = 'offered' AND b.status = 'offered'"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, two rivals both read the day before either decides, unless locked out."""
    return lambda: monkeypatch.setattr(placement, "day_as_locked", meeting(placement.day_as_locked))


@pytest.fixture
def no_day_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    lift_locks(monkeypatch, days)


def two_offers(desk: Desk, chairs: tuple[int, int] = (0, 0)) -> list[Callable[[], object]]:
    people = [waiting(desk, mrn) for mrn in ("A", "B")]
    decline_offer(offer_id=offering(desk, waiting(desk, "C"))().pk, actor=desk.actor, now=NOW)  # type: ignore[attr-defined]
    return [offering(desk, one, chair) for one, chair in zip(people, chairs, strict=True)]


def test_one_place_is_offered_to_one_of_two(meet: Callable[[], None]) -> None:
    desk, before = make_desk(), deadlocks()
    jobs = two_offers(desk)
    meet()
    [loser] = refusals(race(*jobs))
    assert isinstance(loser, Conflict)
    assert Booking.objects.filter(status=OFFERED).count() == 1
    assert Offer.objects.filter(state="offered").count() == 1
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []
    assert deadlocks() == before


@pytest.mark.usefixtures("no_day_lock")
def test_without_lock_and_constraint_one_place_is_offered_twice(meet: Callable[[], None]) -> None:
    """The control: if this fails, the test above proves nothing."""
    jobs = two_offers(make_desk())
    meet()
    with without_constraint("scheduling_booking", "booking_chair_free"):
        found = race(*jobs)
        twice = held_twice()
        Offer.objects.all().delete()  # bookings that offers name could not be cleared away
    assert (refusals(found), twice) == ([], 1)


def test_one_nurse_is_offered_once(meet: Callable[[], None]) -> None:
    desk = make_desk(nurses=1)
    jobs = two_offers(desk, (0, 1))
    meet()
    assert len(refusals(race(*jobs))) == 1
    assert Booking.objects.filter(status=OFFERED).count() == 1


@pytest.mark.usefixtures("no_day_lock")
def test_without_the_lock_one_nurse_is_offered_twice(meet: Callable[[], None]) -> None:
    """The control. No constraint can see nurses: only the lock stands between."""
    jobs = two_offers(make_desk(nurses=1), (0, 1))
    meet()
    assert refusals(race(*jobs)) == []
    assert Booking.objects.filter(status=OFFERED).count() == 2


def test_one_answer_counts() -> None:
    desk, before = make_desk(), deadlocks()
    offer = offering(desk, waiting(desk, "A"))()
    answers: list[Any] = [
        partial(one, offer_id=offer.pk, actor=desk.actor, now=NOW)  # type: ignore[attr-defined]
        for one in (accept_offer, accept_offer, decline_offer)
    ]
    found = race(*answers)
    assert len(refusals(found)) == 2
    state = Offer.objects.get().state
    booked = Booking.objects.filter(status="confirmed").count()
    assert (state, booked) in {("accepted", 1), ("declined", 0)}
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []
    assert deadlocks() == before


def test_an_answer_at_the_last_moment_and_the_round_never_both_win() -> None:
    desk = make_desk()
    offer: Any = offering(desk, waiting(desk, "A"))()
    accepting = partial(accept_offer, offer_id=offer.pk, actor=desk.actor, now=NOW)
    sweeping = partial(expire_holds, clinic_id=desk.clinic.pk, now=offer.expires_at)
    race(accepting, sweeping)
    offer.refresh_from_db()
    booked = Booking.objects.filter(status="confirmed").exists()
    assert booked is (offer.state == "accepted")
    assert Booking.objects.filter(status=OFFERED).count() == 0


def test_without_the_lock_on_the_hold_a_place_is_answered_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control for the answers: everything read before anything is decided, nobody waits."""
    desk = make_desk()
    offer: Any = offering(desk, waiting(desk, "A"))()
    lift_locks(monkeypatch, desk_module, days)
    monkeypatch.setattr(offers, "lock_row", meeting(lambda rows: rows.get()))
    answers = [
        partial(decline_offer, offer_id=offer.pk, actor=desk.actor, now=NOW) for _ in range(2)
    ]
    assert refusals(race(*answers)) == []
