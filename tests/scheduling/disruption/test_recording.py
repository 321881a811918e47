"""What happened is written down under the day's lock; nobody's booking moves by itself."""

from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinics.models import (
    Absence,
    ChairOutage,
    Clinic,
    Closure,
    HeadCount,
    Role,
    Shift,
)
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from scheduling.days import openings, recompute_summaries
from scheduling.disruption.what import ChairOut, Closing, Disruption, NursesAway
from scheduling.models import Booking, ClinicDay
from scheduling.services.disruptions import (
    back_on_duty,
    chair_back,
    record_disruption,
    reopen_day,
)
from scheduling.stored_days import nurse_on_duty
from tests.people import make_actor, make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db
CLOSED = Closing(day=MONDAY, reason="Burst pipe")


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def record(desk: Desk, what: Disruption, **changes: Any) -> object:
    return record_disruption(**{"what": what, "actor": desk.actor, "now": NOW, **changes})


def out(desk: Desk, first: str = "10:00", last: str = "12:00", day: date = MONDAY) -> ChairOut:
    return ChairOut(
        chair_id=desk.chairs[0], starts=at(day, first), ends=at(day, last), reason="Motor"
    )


def nurses(desk: Desk, day: date = MONDAY) -> list[int]:
    return list(ClinicDay.objects.get(clinic=desk.clinic, date=day).nurses)


def test_a_closed_day_keeps_its_bookings_and_takes_no_more(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    other = desk.visit("MRN-2")
    record(desk, CLOSED)
    day = ClinicDay.objects.get(clinic=desk.clinic, date=MONDAY)
    assert day.opens_at is None
    booking.refresh_from_db()
    assert (booking.status, booking.version) == (Booking.Status.CONFIRMED, 1)
    with pytest.raises(RuleBroken, match="Burst pipe"):
        desk.book(other, shown="12:00", chair=1)
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []


def test_reopened_it_is_as_it_was(desk: Desk) -> None:
    record(desk, CLOSED)
    reopen_day(closure_id=Closure.objects.get().pk, actor=desk.actor, now=NOW)
    assert ClinicDay.objects.get(clinic=desk.clinic, date=MONDAY).opens_at == at(MONDAY)
    desk.book(desk.visit())
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))[:2] == [
        "clinic.day_closed", "clinic.day_reopened",
    ]  # fmt: skip


def test_nothing_of_the_reason_is_in_the_ledger(desk: Desk) -> None:
    record(desk, CLOSED)
    assert "pipe" not in str(AuditEntry.objects.get().details)


def test_a_chair_out_of_use_takes_nobody_then_and_is_back_afterwards(desk: Desk) -> None:
    record(desk, out(desk))
    with pytest.raises(Conflict):
        desk.book(desk.visit(), shown="08:00")
    desk.book(desk.visit("MRN-2"), shown="12:00")
    outage = ChairOutage.objects.get()
    chair_back(outage_id=outage.pk, actor=desk.actor, now=NOW)
    assert not ChairOutage.objects.exists(), "it had not begun"


def test_an_outage_that_has_begun_ends_now_and_stays_on_record(desk: Desk) -> None:
    record(desk, out(desk))
    outage, noon = ChairOutage.objects.get(), at(MONDAY, "11:00")
    chair_back(outage_id=outage.pk, actor=desk.actor, now=noon)
    outage.refresh_from_db()
    assert (outage.period.lower, outage.period.upper) == (at(MONDAY, "10:00"), noon)
    with pytest.raises(Conflict, match="already"):
        chair_back(outage_id=outage.pk, actor=desk.actor, now=noon)


def test_an_outage_over_several_days_touches_each_of_them(desk: Desk) -> None:
    what = ChairOut(
        chair_id=desk.chairs[0], starts=at(MONDAY, "15:00"),
        ends=at(MONDAY + timedelta(days=2), "00:00"), reason="Motor",
    )  # fmt: skip
    assert what.days(desk.clinic.time_zone) == [MONDAY, MONDAY + timedelta(days=1)]


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)], ids=["23 h", "25 h"])
def test_a_day_of_23_or_25_hours_is_one_day(desk: Desk, change: date) -> None:
    after = change + timedelta(days=1)
    what = ChairOut(
        chair_id=desk.chairs[0], starts=at(change, "00:00"), ends=at(after, "00:00"), reason="Motor"
    )
    assert what.days(desk.clinic.time_zone) == [change]
    record(desk, NursesAway(day=after, nurses=1, reason="Ill") if after < date(2026, 4, 1)
           else Closing(day=change, reason="Move"))  # fmt: skip
    assert recompute_summaries(desk.clinic, change, after) == []


def named(desk: Desk, **changes: Any) -> UUID:
    """Put one more nurse on duty by name, with a break at noon."""
    nurse = make_user(desk.clinic, Role.NURSE)
    fields: dict[str, Any] = {
        "starts": time(8), "ends": time(16), "break_starts": time(12), "break_ends": time(12, 30),
    }  # fmt: skip
    Shift.objects.create(clinic=desk.clinic, date=MONDAY, nurse=nurse, **(fields | changes))
    return nurse.pk


def test_a_named_nurse_is_missed_in_her_own_shift_only(desk: Desk) -> None:
    nurse = named(desk)
    record(desk, NursesAway(day=MONDAY, nurse_id=nurse, reason="Ill"))
    assert nurses(desk)[32:72] == [4] * 40, "the other four stay, her break counted once"
    assert nurse_on_duty(desk.clinic, nurse, [MONDAY]) == {MONDAY: 0}


def test_a_nurse_may_be_away_for_part_of_the_day(desk: Desk) -> None:
    nurse = named(desk)
    record(desk, NursesAway(day=MONDAY, nurse_id=nurse, starts=time(10, 5), ends=time(11),
                            reason="Ill"))  # fmt: skip
    assert nurses(desk)[32:64] == [5] * 8 + [4] * 4 + [5] * 4 + [4] * 2 + [5] * 14
    back_on_duty(absence_id=Absence.objects.get().pk, actor=desk.actor, now=NOW)
    assert nurses(desk)[40:44] == [5] * 4


def test_a_head_count_is_less_by_so_many_on_that_half_day_only() -> None:
    desk = make_desk(nurse_rule=Clinic.NurseRule.HEAD_COUNT)
    Shift.objects.all().delete()
    for half, count in (("morning", 3), ("afternoon", 1)):
        HeadCount.objects.create(clinic=desk.clinic, weekday=0, half=half, nurses=count)
    record(desk, NursesAway(day=MONDAY, nurses=2, ends=time(12), reason="Ill"))
    assert nurses(desk)[32:72] == [1] * 16 + [1] * 24
    next_week = MONDAY + timedelta(weeks=1)
    assert openings(desk.clinic, [next_week])[next_week].nurses[32] == 3


def test_never_fewer_than_nobody() -> None:
    desk = make_desk(nurses=2)
    record(desk, NursesAway(day=MONDAY, nurses=2, reason="Ill"))
    Absence.objects.create(
        clinic=desk.clinic, date=MONDAY, starts=time(8), ends=time(18), nurses=9, reason="Ill"
    )
    assert set(openings(desk.clinic, [MONDAY])[MONDAY].nurses) == {0}


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (Closing(day=date(2026, 3, 1), reason="Yesterday"), "day"),
        (Closing(day=date(2029, 3, 1), reason="Far"), "day"),
        (Closing(day=MONDAY, reason=" "), "reason"),
        (Closing(day=MONDAY, reason="x" * 121), "reason"),
        (NursesAway(day=MONDAY, starts=time(12), ends=time(11), reason="Ill"), "ends"),
        (NursesAway(day=MONDAY, nurses=5, reason="Ill"), "nurses"),
        (NursesAway(day=MONDAY, nurses=0, reason="Ill"), "nurses"),
        (NursesAway(day=MONDAY + timedelta(days=200), reason="Ill"), "nurses"),
    ],
)
def test_what_makes_no_sense_is_refused(desk: Desk, what: Disruption, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        record(desk, what)
    assert field in refused.value.fields
    assert not ClinicDay.objects.exists()


def test_a_span_of_a_chair_runs_forward_and_is_not_over(desk: Desk) -> None:
    long = ChairOut(
        chair_id=desk.chairs[0], starts=at(MONDAY), ends=at(MONDAY + timedelta(days=70)), reason="x"
    )
    for what in (out(desk, "12:00", "12:00"), out(desk, day=date(2026, 2, 27)), long):
        with pytest.raises(Invalid):
            record(desk, what)


def test_a_nurse_who_is_not_on_duty_is_not_missed(desk: Desk) -> None:
    nurse = named(desk, ends=time(12), break_starts=None, break_ends=None)
    with pytest.raises(Invalid, match="misses"):
        record(desk, NursesAway(day=MONDAY, nurse_id=nurse, starts=time(13), ends=time(14),
                                reason="Ill"))  # fmt: skip


def test_the_same_thing_twice_is_a_conflict(desk: Desk) -> None:
    for what in (CLOSED, out(desk)):
        record(desk, what)
        with pytest.raises(Conflict, match="already"):
            record(desk, what)


@pytest.mark.parametrize("role", [Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST, Role.AUDITOR])
def test_others_write_nothing_down(desk: Desk, role: str) -> None:
    actor = make_actor(desk.clinic, role)
    for what in (CLOSED, out(desk), NursesAway(day=MONDAY, reason="Ill")):
        with pytest.raises(Forbidden):
            record(desk, what, actor=actor)


def test_a_manager_may(desk: Desk) -> None:
    record(desk, CLOSED, actor=make_actor(desk.clinic, Role.MANAGER))
    assert Closure.objects.count() == 1


def test_another_clinics_are_not_there(desk: Desk) -> None:
    south = make_desk("south")
    record(desk, CLOSED)
    record(desk, out(desk))
    record(desk, NursesAway(day=MONDAY + timedelta(days=1), reason="Ill"))
    who: Any = {"actor": south.actor, "now": NOW}
    with pytest.raises(NotFound):
        reopen_day(closure_id=Closure.objects.get().pk, **who)
    with pytest.raises(NotFound):
        chair_back(outage_id=ChairOutage.objects.get().pk, **who)
    with pytest.raises(NotFound):
        back_on_duty(absence_id=Absence.objects.get().pk, **who)
    with pytest.raises(NotFound):
        record(south, out(desk))
    assert (Closure.objects.count(), ChairOutage.objects.count(), Absence.objects.count()) == (
        1, 1, 1,
    )  # fmt: skip
