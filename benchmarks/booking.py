"""Twelve clerks book at once: the service against the same rows written raw through psycopg.

First each clerk is a process with one connection, more of them than any server would run on two
processors; then the twelve wait in one line before as many workers and threads as the web server
has. All book without a pause, which nobody does. Beside the times stand the processor's
milliseconds of one booking, in Python and in PostgreSQL: those do not change when the machine is
busy elsewhere.
"""

import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from functools import partial
from random import Random
from typing import Any

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.clerks import Spent, at_once, served
from benchmarks.measure import Measured, percentile, row
from benchmarks.scene import FIRST_DAY, NOW, Scene, make_scene, make_visits
from config import gunicorn
from core.errors import Refusal
from scheduling.models import ClinicDay
from scheduling.services.bookings import book

CLERKS, EACH, CHAIRS = 12, 20, 40
WARM = 2  # bookings of each clerk elsewhere, before the clock runs
ROUNDS = 5  # each in a clinic of its own: of 240 times alone, the twelfth from above is chance

Job = tuple[uuid.UUID, uuid.UUID, datetime]
RAW = """
    SELECT id, nurses, starts, points, chair_masks FROM scheduling_clinicday
    WHERE clinic_id = %(clinic)s AND date = %(day)s FOR NO KEY UPDATE;

    SELECT id, status FROM scheduling_course
    WHERE id = (SELECT course_id FROM scheduling_visit WHERE id = %(visit)s) FOR NO KEY UPDATE;

    SELECT id, status FROM scheduling_visit WHERE id = %(visit)s FOR NO KEY UPDATE;

    SELECT id, chair_id, period FROM scheduling_booking WHERE clinic_day_id =
    (SELECT id FROM scheduling_clinicday WHERE clinic_id = %(clinic)s AND date = %(day)s);

    INSERT INTO scheduling_booking (id, clinic_id, visit_id, patient_id, clinic_day_id, status,
        chair_id, period, rate_option, premedication_minutes, infusion_minutes,
        observation_minutes, turnaround_minutes, watched_closely, isolation, end_reason, version,
        created_at, updated_at)
    SELECT gen_random_uuid(), %(clinic)s, v.id, v.patient_id, d.id, 'confirmed', %(chair)s,
        tstzrange(%(start)s, %(end)s), 'initial', 60, 159, 60, 15, false, false, '', 1, now(), now()
    FROM scheduling_visit v, scheduling_clinicday d
    WHERE v.id = %(visit)s AND d.clinic_id = %(clinic)s AND d.date = %(day)s;

    UPDATE scheduling_visit SET status = 'booked', version = version + 1 WHERE id = %(visit)s;

    UPDATE scheduling_clinicday SET version = version + 1, updated_at = now()
    WHERE clinic_id = %(clinic)s AND date = %(day)s;

    INSERT INTO core_auditentry (occurred_at, clinic_id, actor_kind, action, subject_type,
        subject_id, details, request_id)
    VALUES (now(), %(clinic)s, 'system', 'bench', 'bench', %(visit)s, '{}', '')
"""


def run() -> list[Measured]:
    """Book up to 240 visits from twelve processes, five times over: on one hot day, on three days,
    on ten. The percentiles are of all rounds together; the note has the p95 of each."""
    rows, each = [], statements()  # which also warms up what the processes inherit
    for case, days in (("one day", 1), ("three days", 3), ("ten days", 10)):
        floor, service = _spent(_raw, days), _spent(_service, days)
        times = _times(service)
        note = (
            f"{each} statements each; {_costs(service)}; raw {_costs(floor)}; "
            f"load {os.getloadavg()[0]:.1f}"
        )
        rows.append(row("booking", f"{CLERKS} writers, {case}", len(times), times, _times(floor),
                        note=note))  # fmt: skip
    return rows + [_as_served(days) for days in (1, 3, 10)]


def _as_served(days: int) -> Measured:
    """Twelve clerks before the web server's own workers and threads, waiting in one line."""
    size = {"workers": gunicorn.workers, "threads": gunicorn.threads}
    floor, times = served(_shares(_raw, days), **size), served(_shares(_service, days), **size)
    note = (
        f"p95 {percentile(times, 0.95):.0f}, raw p95 {percentile(floor, 0.95):.0f}; goal 100 on "
        f"three days; load {os.getloadavg()[0]:.1f}"
    )
    case = f"{CLERKS} writers, {days} d, {gunicorn.workers} x {gunicorn.threads} threads"
    return row("booking", case, len(times), times, floor, note=note)


def _costs(rounds: list[Spent]) -> str:
    each = len(times := _times(rounds))
    there = [spent.server_cpu_ms for spent in rounds if spent.server_cpu_ms is not None]
    server = f" + {sum(there) / each:.1f}" if there else ""
    every = "/".join(f"{percentile(spent.times, 0.95):.0f}" for spent in rounds)
    return (
        f"p95 {percentile(times, 0.95):.0f} ({every}), "
        f"CPU {sum(spent.cpu_ms for spent in rounds) / each:.1f}{server} ms"
    )


def statements() -> int:
    """Return how many statements one booking takes, BEGIN and COMMIT among them."""
    scene = _scene(1)
    [job, *_] = _jobs(scene, 1)
    with CaptureQueriesContext(connection) as seen:
        _service(scene, job)
    return len(seen)


def _scene(days: int) -> Scene:
    """Make a clinic, with the days' rows beforehand, so that only booking is measured."""
    scene = make_scene(f"bench-{uuid.uuid4().hex[:8]}", chairs=CHAIRS, nurses=40)
    scene.clinic.starts_per_nurse = 4
    scene.clinic.save(update_fields=["starts_per_nurse"])
    ClinicDay.objects.bulk_create(
        ClinicDay(clinic=scene.clinic, date=FIRST_DAY + timedelta(days=day), updated_at=NOW)
        for day in range(days)
    )
    return scene


def _jobs(scene: Scene, days: int) -> list[Job]:
    places = [
        (chair, datetime.combine(FIRST_DAY + timedelta(days=day), wall_time(hour), UTC))
        for hour in (6, 13)  # a first dose with all its phases fits in seven hours
        for day in range(days)
        for chair in scene.chairs
    ]
    Random(days).shuffle(places)  # else all clerks would book one day after the other together
    count = min(CLERKS * EACH, len(places))
    visits = make_visits(scene.clinic, count)
    return [(visit, chair.pk, start) for visit, (chair, start) in zip(visits, places, strict=False)]


def _spent(work: Callable[[Scene, Job], None], days: int) -> list[Spent]:
    rounds = []
    for _ in range(ROUNDS):
        shares, warm_up = _shares(work, days), _shares(work, 1)
        rounds.append(at_once(shares, warm_up=[share[:WARM] for share in warm_up]))
    return rounds


def _times(rounds: list[Spent]) -> list[float]:
    return [ms for spent in rounds for ms in spent.times]


def _shares(work: Callable[[Scene, Job], None], days: int) -> list[list[Callable[[], None]]]:
    scene = _scene(days)
    jobs = _jobs(scene, days)
    return [[partial(work, scene, job) for job in jobs[n::CLERKS]] for n in range(CLERKS)]


def _service(scene: Scene, job: Job) -> None:
    visit, chair, start = job
    try:
        book(visit_id=visit, chair_id=chair, start=start, actor=scene.actor, now=NOW)
    except Refusal as refusal:
        raise RuntimeError(f"the bench's own plan was refused: {refusal}") from refusal


def _raw(scene: Scene, job: Job) -> None:
    visit, chair, start = job
    values: dict[str, Any] = {
        "clinic": scene.clinic.pk, "visit": visit, "chair": chair, "day": start.date(),
        "start": start, "end": start + timedelta(minutes=294),
    }  # fmt: skip
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with raw.transaction(), raw.cursor() as cursor:
        for statement in RAW.split(";"):
            cursor.execute(statement, values)
