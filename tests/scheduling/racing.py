"""Two people at once, on two real connections; and what SQL alone says about the outcome."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from threading import Barrier, BrokenBarrierError
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import pytest
from django.db import connection

from clinics.models import Clinic
from core.errors import NotFound, Refusal
from core.rows import ask_rows, rows_by

P = ParamSpec("P")
R = TypeVar("R")
APART = 0.5  # seconds somebody waits for a rival that a lock keeps away


def race(*jobs: Callable[[], object]) -> list[object]:
    """Run the jobs at once; return each one's result or refusal."""

    def run(job: Callable[[], object]) -> object:
        try:
            return job()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def meeting(function: Callable[P, R], parties: int = 2) -> Callable[P, R]:
    """Hold each caller after `function` has answered until its rivals are there too, or APART
    has passed: whoever is kept away by a lock is waited for in vain, once."""
    barrier = Barrier(parties)

    def answer_then_wait(*args: P.args, **kwargs: P.kwargs) -> R:
        answer = function(*args, **kwargs)
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=APART)
        return answer

    return answer_then_wait


def _rows(rows: Any, *, by: str = "pk") -> list[Any]:
    return list(rows.order_by(by))


def _row(rows: Any) -> Any:
    if found := _rows(rows):
        return found[0]
    raise NotFound


def no_turn(_model: object, _names: object) -> None:
    """Stand in for `ask_turns`: nobody waits in line."""


def lift_locks(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Let these modules read the same rows as ever, and nobody wait for them."""
    stand_ins: dict[str, Callable[..., Any]] = {
        "lock_rows": _rows, "lock_row": _row, "lock_by": rows_by, "ask_lock": ask_rows,
        "ask_turns": no_turn,
    }  # fmt: skip
    for module in modules:
        lifted = [name for name in stand_ins if hasattr(module, name)]
        assert lifted, f"{module.__name__} locks nothing"
        for name in lifted:
            monkeypatch.setattr(module, name, stand_ins[name])


@contextmanager
def without_constraint(table: str, name: str) -> Iterator[None]:
    """Take one constraint away for a control, and put it back once the table is empty again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
        )
        [definition] = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        try:
            yield
        finally:
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


ACTIVE = "booking.period IS NOT NULL AND booking.status IN ('proposed', 'confirmed', 'arrived')"

OVERLAPS = f"""
    SELECT count(*) FROM scheduling_booking booking JOIN scheduling_booking other
        ON booking.id < other.id AND booking.period && other.period
       AND (booking.chair_id = other.chair_id OR booking.patient_id = other.patient_id)
     WHERE {ACTIVE} AND other.status IN ('proposed', 'confirmed', 'arrived')"""

# Every minute of the day by itself: how many infusions are being started, how many points are
# being watched, in how many chairs sit patients. Reads bookings and shifts, nothing derived.
PEAKS = f"""
    WITH minutes AS (
        SELECT generate_series(
            (%(day)s::date + time '08:00') AT TIME ZONE %(zone)s,
            (%(day)s::date + time '17:59') AT TIME ZONE %(zone)s, '1 minute') AS at),
    phases AS (
        SELECT booking.*, lower(period) + premedication_minutes * interval '1 minute' AS starts,
               lower(period) + (premedication_minutes + infusion_minutes) * interval '1 minute'
                   AS ends,
               lower(period) + (premedication_minutes + infusion_minutes + observation_minutes)
                   * interval '1 minute' AS leaves
          FROM scheduling_booking booking
         WHERE {ACTIVE} AND booking.clinic_id = %(clinic)s),
    loads AS (
        SELECT at,
               count(*) FILTER (WHERE at >= starts AND at < starts + interval '15 minutes') AS starting,
               coalesce(sum(CASE WHEN at >= starts AND at < ends THEN
                                     CASE rate_option WHEN 'initial' THEN %(first)s ELSE %(usual)s END
                                 WHEN at >= ends AND at < leaves THEN %(watch)s ELSE 0 END), 0)
                   AS points,
               count(*) AS seated
          FROM minutes LEFT JOIN phases ON period @> at GROUP BY at)
    SELECT coalesce(max(starting), 0), coalesce(max(points), 0), coalesce(max(seated), 0)
      FROM loads"""  # noqa: E501


def peaks(clinic: Clinic, day: date) -> tuple[int, int, int]:
    """Return the most starts, points and taken chairs of any minute of the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            PEAKS,
            {
                "day": day, "zone": clinic.time_zone, "clinic": clinic.pk,
                "first": clinic.points_first_dose, "usual": clinic.points_infusion,
                "watch": clinic.points_observation,
            },
        )  # fmt: skip
        starting, points, seated = cursor.fetchone()
        return starting, points, seated


def overlaps() -> int:
    """Return how many pairs of bookings share a chair or a patient at one time."""
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        [count] = cursor.fetchone()
        return int(count)


def deadlocks() -> int:
    """Return how many deadlocks PostgreSQL has broken in this database so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        [count] = cursor.fetchone()
        return int(count)
