"""The day's row: when the clinic opens, who is on duty, and the lock that everything waits for."""

from collections.abc import Callable
from datetime import date, time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from clinics.models import Closure, Role, Shift
from core import locks
from scheduling.days import openings, recompute_summaries
from scheduling.models import ClinicDay
from scheduling.services.days import lock_days
from tests.people import make_clinic, make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def lock(desk: Desk, *dates: date) -> dict[date, ClinicDay]:
    with transaction.atomic():
        locks.begin()
        return lock_days(desk.clinic, dates, now=NOW)


def test_days_are_made_once_and_locked_in_date_order(desk: Desk) -> None:
    later, sooner = MONDAY + timedelta(days=3), MONDAY
    seen: list[tuple[str, Any]] = []

    def note(run: Callable[..., Any], sql: str, values: Any, *rest: Any) -> Any:
        seen.append((sql, values))  # the log knows no text of what is prepared in a pipeline
        return run(sql, values, *rest)

    with connection.execute_wrapper(note):
        rows = lock(desk, later, sooner, later)
    assert list(rows) == [sooner, later]
    [(made, values)] = [each for each in seen if each[0].startswith("INSERT")]
    assert "ON CONFLICT DO NOTHING" in made
    assert values.index(sooner) < values.index(later)
    [locked] = [sql for sql, _ in seen if "FOR NO KEY UPDATE" in sql]
    assert "ORDER BY date" in locked
    lock(desk, sooner)
    assert ClinicDay.objects.count() == 2


def test_a_day_is_locked_before_any_course() -> None:
    order = locks.LOCK_ORDER
    assert order.index("scheduling.ClinicDay") < order.index("scheduling.Course")


def test_hours_and_closures_of_the_moment_count(desk: Desk) -> None:
    day = lock(desk, MONDAY)[MONDAY]
    assert (day.opens_at, day.closes_at) == (at(MONDAY, "08:00"), at(MONDAY, "18:00"))
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Move")
    assert lock(desk, MONDAY)[MONDAY].opens_at is None
    saturday = MONDAY + timedelta(days=5)
    assert lock(desk, saturday)[saturday].opens_at is None


def test_named_nurses_with_breaks_and_a_head_count_add_up() -> None:
    clinic = make_clinic()
    nurse = make_user(clinic, Role.NURSE)
    Shift.objects.create(
        clinic=clinic, date=MONDAY, nurse=nurse, starts=time(8), ends=time(12),
        break_starts=time(10, 5), break_ends=time(10, 20),
    )  # fmt: skip
    Shift.objects.create(clinic=clinic, date=MONDAY, nurses=2, starts=time(11, 50), ends=time(13))
    count = openings(clinic, [MONDAY])[MONDAY].nurses
    assert count[32:52] == (1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2)
    assert sum(count) == 14 + 8


@pytest.mark.parametrize(
    ("day", "zone", "slots", "opens"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 92, 28),
        (date(2026, 10, 25), "Europe/Berlin", 100, 36),
    ],
)
def test_a_clock_change_day_is_booked_by_the_wall_clock(
    day: date, zone: str, slots: int, opens: int
) -> None:
    desk = make_desk(time_zone=zone)
    desk.clinic.opening_hours.create(weekday=6, opens=time(8), closes=time(18))
    Shift.objects.filter(date=day).delete()
    Shift.objects.create(clinic=desk.clinic, date=day, starts=time(8), ends=time(18), nurses=2)
    booking = desk.book(desk.visit(first=day), day, "08:00")
    row = ClinicDay.objects.get(date=day)
    assert (len(row.nurses), len(row.starts)) == (slots, slots)
    assert row.starts[opens + 4] == 1
    assert booking.period.lower == at(day, "08:00")
    assert recompute_summaries(desk.clinic, day, day) == []


def test_check_days_finds_a_day_that_does_not_add_up(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    lock(desk, MONDAY + timedelta(days=1))  # a day made and never booked is no difference
    out = StringIO()
    call_command("check_days", "--clinic", "north", "--from", "2026-03-01", stdout=out)
    assert "Every day is what its bookings add up to." in out.getvalue()
    ClinicDay.objects.filter(date=MONDAY).update(chair_masks={}, held_minutes=7)
    err = StringIO()
    with pytest.raises(CommandError, match="1 days"):
        call_command("check_days", "--from", "2026-03-01", stderr=err)
    assert "north 2026-03-09: held_minutes, chair_masks differ" in err.getvalue()
    assert booking.chair_id
