"""Finding a slot and proposing a series of four doses in forty chairs booked two years ahead,
while the table of bookings grows to a million.

The rows come from SQL: the clinic's own two years of confirmed visits first (some 54 thousand;
at ten thousand they fill the first months only), then what is long over. The floor is the same
days' rows read raw and decoded; beside it stands the search that SQL alone could do, over ranges,
for chairs only. Each series proposed is of another course, so that nothing is met twice.
Goals: 50 ms for a search, flat to a million; 50 ms at the 95th percentile for a series.
"""

import os
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from itertools import cycle
from typing import Any

import orjson
import psycopg
from django.db import connection, transaction

from benchmarks.measure import Measured, cpu_ms, row, timed
from benchmarks.scene import FIRST_DAY, NOW, Scene, make_scene, make_visits
from core import locks
from scheduling import calendars
from scheduling.models import ClinicDay, Course, Visit
from scheduling.series import propose_series
from scheduling.series_plan import OVERDUE_REACH
from scheduling.services.days import lock_days, rewrite_summary
from scheduling.services.rows import new_visits
from scheduling.slots import LONGEST_SPAN, Asked, find_slots
from scheduling.treatment import protocol_of, regimen_for

CHAIRS, DAYS, SEARCHED, REPEATS = 40, 730, 183, 60
SERIES, COURSES, APART = 4, 60, 5  # doses of a series; courses, whose first doses lie days apart
GOAL = "goal 50 ms"
ROWS = """
    WITH places AS (
        SELECT day.id AS day_id, chair.id AS chair_id,
               day.date + half.starts + (chair.position %% 8) * interval '15 minutes' AS starts,
               row_number() OVER (ORDER BY day.date, half.starts, chair.position) AS n
        FROM scheduling_clinicday day
        JOIN clinics_chair chair ON chair.clinic_id = day.clinic_id
        CROSS JOIN (VALUES (interval '6 hours'), (interval '13 hours')) AS half (starts)
        WHERE day.clinic_id = %(clinic)s AND hashint4((chair.position * 7919
              + (day.date - date '2020-01-01') * 104729 + extract(hour FROM half.starts)::int))
              %% 100 NOT BETWEEN -6 AND 6),
    visits AS (
        SELECT id, patient_id, row_number() OVER (ORDER BY id) AS n FROM scheduling_visit
        WHERE clinic_id = %(clinic)s AND id <> %(sought)s)
    INSERT INTO scheduling_booking (id, clinic_id, visit_id, patient_id, clinic_day_id, status,
        chair_id, period, rate_option, premedication_minutes, infusion_minutes,
        observation_minutes, turnaround_minutes, watched_closely, isolation, end_reason, version,
        created_at, updated_at)
    SELECT gen_random_uuid(), %(clinic)s, visits.id, visits.patient_id, day_id, 'confirmed',
        chair_id, tstzrange(starts AT TIME ZONE 'UTC',
                            starts AT TIME ZONE 'UTC' + interval '294 minutes'),
        'initial', 60, 159, 60, 15, false, false, '', 1, now(), now()
    FROM places JOIN visits USING (n)
"""
# What has been over for long restates no visit's day: a million triggers would only take time.
HISTORY = """
    ALTER TABLE scheduling_booking DISABLE TRIGGER booking_visit_day;

    INSERT INTO scheduling_booking (id, clinic_id, visit_id, patient_id, clinic_day_id, status,
        chair_id, period, rate_option, premedication_minutes, infusion_minutes,
        observation_minutes, turnaround_minutes, watched_closely, isolation, ended_at, end_reason,
        version, created_at, updated_at)
    SELECT gen_random_uuid(), clinic_id, visit_id, patient_id, clinic_day_id, 'completed', chair_id,
        period, rate_option, premedication_minutes, infusion_minutes, observation_minutes,
        turnaround_minutes, false, false, now(), '', 1, now(), now()
    FROM scheduling_booking, generate_series(1, %(times)s) WHERE clinic_id = %(clinic)s
      AND status = 'confirmed' LIMIT %(count)s;

    ALTER TABLE scheduling_booking ENABLE TRIGGER booking_visit_day
"""
FLOOR = """
    SELECT date, starts, points, chair_masks::text, held_minutes FROM scheduling_clinicday
    WHERE clinic_id = %s AND date BETWEEN %s AND %s
"""
SQL_ONLY = """
    SELECT day.date, chair.id, gap FROM scheduling_clinicday day
    JOIN clinics_chair chair ON chair.clinic_id = day.clinic_id
    CROSS JOIN LATERAL (
        SELECT unnest(
            tstzmultirange(tstzrange(
                (day.date + interval '6 hours') AT TIME ZONE 'UTC',
                (day.date + interval '20 hours') AT TIME ZONE 'UTC'))
            - coalesce(range_agg(booking.period), '{}')) AS gap
        FROM scheduling_booking booking
        WHERE booking.clinic_day_id = day.id AND booking.chair_id = chair.id
          AND booking.status IN ('proposed', 'confirmed', 'arrived')) free
    WHERE day.clinic_id = %s AND day.date BETWEEN %s AND %s
      AND upper(gap) - lower(gap) >= interval '294 minutes'
"""


def run() -> list[Measured]:
    """Search at ten thousand, a hundred thousand and a million bookings."""
    rows = []
    for size in (10_000, 100_000, 1_000_000):
        scene = make_scene(f"slots-{uuid.uuid4().hex[:8]}", chairs=CHAIRS, days=DAYS, nurses=20)
        scene.clinic.opens_on_holidays = True
        scene.clinic.save(update_fields=["opens_on_holidays"])
        [visit] = make_visits(scene.clinic, 1)
        _fill(scene, visit, size)
        rows += _measure(scene, visit, size)
        rows.append(_measure_series(scene, size))
    return rows


def _fill(scene: Scene, visit: uuid.UUID, size: int) -> None:
    dates = [FIRST_DAY + timedelta(days=n) for n in range(DAYS)]
    ClinicDay.objects.bulk_create(
        ClinicDay(clinic=scene.clinic, date=day, updated_at=NOW) for day in dates
    )
    own = min(size, CHAIRS * 2 * DAYS)
    make_visits(scene.clinic, own, prefix="s")
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"clinic": scene.clinic.pk, "sought": visit})
        cursor.execute("SELECT count(*) FROM scheduling_booking")
        there = int(cursor.fetchone()[0])
        if there < size:
            more: dict[str, Any] = {
                "times": size * 5 // (own * 4) + 1,  # not every place is taken
                "count": size - there,
                "clinic": scene.clinic.pk,
            }
            for statement in HISTORY.split(";"):
                cursor.execute(statement, more)
        cursor.execute("ANALYZE scheduling_booking, scheduling_clinicday, scheduling_visit")
    with transaction.atomic():
        locks.begin()
        for day in lock_days(scene.clinic, dates, now=NOW).values():
            rewrite_summary(day, scene.clinic, now=NOW)


def _measure(scene: Scene, visit: uuid.UUID, size: int) -> list[Measured]:
    spans = {
        "six months, 40 chairs": (SEARCHED, False),
        "six months, nothing fits": (SEARCHED, True),
        "400 days, nothing fits": (LONGEST_SPAN, True),
    }
    found = []
    for case, (days, isolation) in spans.items():
        last = FIRST_DAY + timedelta(days=days - 1)
        floor = partial(_raw, FLOOR, (scene.clinic.pk, FIRST_DAY, last), _decode)
        asked = Asked(first=FIRST_DAY, last=last, isolation=isolation)
        search = partial(_search, scene, visit, asked)
        times, raw = timed(search, REPEATS), timed(floor, REPEATS)
        note = (
            f"{GOAL}; CPU {cpu_ms(search, 20):.1f} ms, raw {cpu_ms(floor, 20):.1f} ms; "
            f"load {os.getloadavg()[0]:.1f}"
        )
        found.append(row("slots", case, size, times, raw, note=note))
    last = FIRST_DAY + timedelta(days=SEARCHED - 1)
    ranges = partial(_raw, SQL_ONLY, (scene.clinic.pk, FIRST_DAY, last), len)
    found.append(row("slots", "chairs only, SQL over ranges", size, timed(ranges, 20)))
    return found


def _measure_series(scene: Scene, size: int) -> Measured:
    """Propose four doses at once for one course after the other."""
    courses = [_course(scene, FIRST_DAY + timedelta(days=n * APART)) for n in range(COURSES)]
    # The next course each time, for the proposal and its floor alike; one more round warms up.
    asked, floors = cycle(courses), cycle(courses)

    def propose() -> None:
        _propose(scene, next(asked)[0])

    def floor() -> None:
        last = next(floors)[1] + OVERDUE_REACH
        _raw(FLOOR, (scene.clinic.pk, NOW.date(), last), _decode)

    times, raw = timed(propose, COURSES), timed(floor, COURSES)
    note = (
        f"{GOAL} at p95; CPU {cpu_ms(propose, 20):.1f} ms, raw {cpu_ms(floor, 20):.1f} ms; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    return row("slots", f"series of {SERIES}, {COURSES} courses", size, times, raw, note=note)


def _course(scene: Scene, first: date) -> tuple[uuid.UUID, date]:
    """Write a course of four doses; return it and the last day of its last window."""
    [visit] = make_visits(scene.clinic, 1, due=first, prefix=f"series{first:%y%m%d}-")
    course = Course.objects.select_related("clinic", "patient").get(visits=visit)
    protocol = protocol_of(course)
    doses = calendars.plan(
        protocol,
        calendars.stretch_of(course, None, protocol),
        [],
        until=calendars.horizon(first),
        regimen=regimen_for(protocol, course.patient, on=first),
    )[:SERIES]
    with transaction.atomic():
        Visit.objects.filter(pk=visit).delete()
        new_visits(course, doses, NOW)
    return course.pk, doses[-1].latest


def _propose(scene: Scene, course: uuid.UUID) -> None:
    series = propose_series(scene.actor, course, now=NOW)
    if len(series.lines) != SERIES or any(line.start is None for line in series.lines):
        raise RuntimeError(f"the bench expected a time for every dose: {series}")


def _search(scene: Scene, visit: uuid.UUID, asked: Asked) -> None:
    answer = find_slots(scene.actor, visit, asked, now=NOW)
    if bool(answer.slots) == asked.isolation or bool(answer.missed) != asked.isolation:
        raise RuntimeError(f"the bench expected another answer: {answer.why}")


def _raw(statement: str, values: tuple[Any, ...], read: Callable[[list[Any]], object]) -> None:
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with raw.cursor() as cursor:
        cursor.execute(statement, values)
        read(cursor.fetchall())


def _decode(rows: list[Any]) -> None:
    for each in rows:
        orjson.loads(each[3])
