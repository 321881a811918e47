"""Day held, time proposed, confirmed: each step when it is due, and a confirmed time stays put."""

from datetime import timedelta

import pytest

from clinics.models import Role, User
from core.actor import Actor
from core.errors import Forbidden, RuleBroken
from core.models import AuditEntry
from scheduling import tasks
from scheduling.days import recompute_summaries
from scheduling.models import Booking, Override
from scheduling.services.bookings import confirm, hold_day
from scheduling.services.promised import propose_times
from tests.people import make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk(chairs=2)


def hold(desk: Desk, mrn: str) -> Booking:
    visit = desk.visit(mrn=mrn)
    return hold_day(visit_id=visit.pk, day=MONDAY, actor=desk.actor, now=NOW)


def propose(desk: Desk) -> int:
    return propose_times(clinic_id=desk.clinic.pk, day=MONDAY, now=NOW)


def test_every_day_held_becomes_a_time_and_the_confirmed_stay(desk: Desk) -> None:
    fixed = desk.book(desk.visit(mrn="FIXED"), shown="10:00")
    stood = (fixed.chair_id, fixed.period, fixed.version)
    held = [hold(desk, mrn) for mrn in ("A", "B")]
    assert propose(desk) == 2
    for booking in held:
        booking.refresh_from_db()
        assert booking.status == "proposed"
        assert booking.hold_expires_at is None
        assert booking.period.lower >= at(MONDAY)
    fixed.refresh_from_db()
    assert (fixed.chair_id, fixed.period, fixed.version) == stood
    assert fixed.status == "confirmed"
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []
    assert AuditEntry.objects.filter(action="booking.proposed").count() == 2
    assert propose(desk) == 0


def test_who_finds_no_room_keeps_the_day(desk: Desk) -> None:
    held = [hold(desk, mrn) for mrn in ("A", "B")]
    desk.clinic.chairs.filter(pk=desk.chairs[1]).update(is_active=False)
    desk.clinic.shifts.filter(date=MONDAY).update(ends="14:00")
    assert propose(desk) == 1
    statuses = {Booking.objects.get(pk=booking.pk).status for booking in held}
    assert statuses == {"day_held", "proposed"}


def test_the_round_tells_times_when_the_clinics_days_have_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = hold(desk, "A")
    desk.clinic.confirm_days_before = 3
    desk.clinic.save()
    for days, status in ((4, "day_held"), (3, "proposed")):
        tasks.round_of(desk.clinic.pk, now=at(MONDAY - timedelta(days=days), "12:00"))
        booking.refresh_from_db()
        assert booking.status == status
    confirm(booking_id=booking.pk, actor=desk.actor, now=NOW)
    promised = Booking.objects.get().period
    tasks.round_of(desk.clinic.pk, now=at(MONDAY - timedelta(days=1), "12:00"))
    assert Booking.objects.get().period == promised
    del monkeypatch


def test_only_who_may_override_books_before_the_minimum_interval(desk: Desk) -> None:
    """The scheduler may not; a prescriber who also schedules may, with a reason that stays."""
    third = desk.visit(mrn="A", number=3)
    early = MONDAY + timedelta(weeks=8)
    with pytest.raises(RuleBroken, match="Earliest date"):
        desk.book(third, early)
    with pytest.raises(Forbidden):
        desk.book(third, early, override_reason="Relapse")
    user: User = make_user(desk.clinic, Role.PRESCRIBER)
    both = Actor(
        kind=desk.actor.kind, clinic_id=desk.clinic.pk, user_id=user.pk,
        permissions=desk.actor.permissions | {"rules.override"},
    )  # fmt: skip
    booking = desk.book(third, early, actor=both, override_reason="Relapse")
    assert booking.status == "confirmed"
    override = Override.objects.get()
    assert (override.rule_id, override.reason, override.overridden_by) == (
        "INTERVAL-MINIMUM", "Relapse", user,
    )  # fmt: skip
