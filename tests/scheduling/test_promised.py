"""Day held, time proposed, confirmed: each step when it is due, and a confirmed time stays put."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinics.models import Role, User
from core.actor import Actor
from core.errors import Conflict, Forbidden, RuleBroken
from core.models import AuditEntry
from patients.models import Patient
from scheduling import tasks
from scheduling.days import recompute_summaries
from scheduling.models import Booking, Override, Visit
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.bookings import confirm, hold_day
from scheduling.services.promised import propose_times
from tests.people import make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk
from tests.scheduling.racing import overlaps

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


def test_nobody_is_proposed_two_chairs_at_once(desk: Desk) -> None:
    """A blood test at eight in one chair, and the day held for a dose and for another visit."""
    dose, patient = hold(desk, "A"), Patient.objects.get(mrn="A")
    wanted = AskedFor(purpose=Visit.Purpose.BLOOD_TEST, minutes=30, first=MONDAY, last=MONDAY)
    common: dict[str, Any] = {"actor": desk.actor, "now": NOW}
    early = ask_for_visit(patient_id=patient.pk, asked=wanted, **common)
    desk.book(early, shown="08:00", chair=1)
    late = ask_for_visit(patient_id=patient.pk, asked=wanted, **common)
    hold_day(visit_id=late.pk, day=MONDAY, **common)
    assert propose(desk) == 2
    dose.refresh_from_db()
    assert dose.period.lower >= at(MONDAY, "08:30")
    assert overlaps() == 0


def test_who_sits_elsewhere_all_day_is_not_promised_the_day(desk: Desk) -> None:
    patient = desk.visit(mrn="A").patient
    wanted = AskedFor(purpose=Visit.Purpose.OBSERVATION, minutes=540, first=MONDAY, last=MONDAY)
    common: dict[str, Any] = {"actor": desk.actor, "now": NOW}
    desk.book(ask_for_visit(patient_id=patient.pk, asked=wanted, **common), shown="08:00", chair=1)
    with pytest.raises(RuleBroken, match="no room left"):
        hold_day(visit_id=Visit.objects.get(dose_number=1).pk, day=MONDAY, **common)


def test_a_day_that_is_refused_keeps_no_other_day_and_no_other_clinic_from_theirs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_desk("south", chairs=2)
    held = [hold(desk, "A"), hold(other, "B")]

    def refuse_once(*, clinic_id: UUID, day: date, now: datetime) -> int:
        if clinic_id == desk.clinic.pk:
            raise Conflict("Not today.")
        return propose_times(clinic_id=clinic_id, day=day, now=now)

    monkeypatch.setattr(tasks, "propose_times", refuse_once)
    monkeypatch.setattr(tasks, "days_to_plan", lambda *_: [MONDAY])
    monkeypatch.setattr("core.clock.now", lambda: NOW)
    rolled: list[UUID] = []
    monkeypatch.setattr(tasks, "roll_one_batch", lambda clinic_id, now: rolled.append(clinic_id))
    with pytest.raises(ExceptionGroup) as problems:
        tasks.roll_calendars()
    assert problems.group_contains(Conflict, match="Not today")
    statuses = [Booking.objects.get(pk=booking.pk).status for booking in held]
    assert statuses == ["day_held", "proposed"]
    assert set(rolled) == {desk.clinic.pk, other.clinic.pk}


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
