"""Sixteen clients book at once: the service against the same rows written raw through psycopg."""

import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from typing import Any

import psycopg
from django.db import connection

from benchmarks.measure import Measured, row
from benchmarks.scene import FIRST_DAY, NOW, Scene, make_scene, make_visits
from core.errors import Refusal
from scheduling.models import ClinicDay
from scheduling.services.bookings import book

CLIENTS, EACH, CHAIRS, DAYS = 16, 25, 40, 10

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
    """Book 400 visits from 16 clients, on one hot day and spread over ten days."""
    rows = []
    for case, days in (("16 clients, one day", 1), ("16 clients, ten days", DAYS)):
        floor = _clients(_raw, days)
        times = _clients(_service, days)
        done = len(times)
        rows.append(row("booking", case, done, times, floor, note=f"{done} booked, p95 beside p95 "
                        f"{sorted(floor)[int(0.95 * len(floor))]:.1f} ms raw"))  # fmt: skip
    return rows


def _jobs(scene: Scene, days: int) -> list[Job]:
    places = [
        (chair, datetime.combine(FIRST_DAY + timedelta(days=day), wall_time(hour), UTC))
        for hour in (6, 13)  # a first dose with all its phases fits in seven hours
        for day in range(days)
        for chair in scene.chairs
    ]
    count = min(CLIENTS * EACH, len(places))
    visits = make_visits(scene.clinic, count)
    return [(visit, chair.pk, start) for visit, (chair, start) in zip(visits, places, strict=False)]


def _clients(work: Callable[[Scene, Job], None], days: int) -> list[float]:
    """Run all jobs from CLIENTS threads, each with its own connection; return the ms of each."""
    scene = make_scene(f"bench-{uuid.uuid4().hex[:8]}", chairs=CHAIRS, nurses=40)
    scene.clinic.starts_per_nurse = 4
    scene.clinic.save(update_fields=["starts_per_nurse"])
    jobs = _jobs(scene, days)
    shares: list[Sequence[Job]] = [jobs[n::CLIENTS] for n in range(CLIENTS)]
    _day_rows(scene, days)

    def client(share: Sequence[Job]) -> list[float]:
        times = []
        try:
            for job in share:
                begun = time.perf_counter()
                work(scene, job)
                times.append((time.perf_counter() - begun) * 1000)
        finally:
            connection.close()
        return times

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [ms for times in pool.map(client, shares) for ms in times]


def _day_rows(scene: Scene, days: int) -> None:
    """Make the days' rows beforehand for both sides, so that only booking is measured."""
    ClinicDay.objects.bulk_create(
        ClinicDay(clinic=scene.clinic, date=FIRST_DAY + timedelta(days=day), updated_at=NOW)
        for day in range(days)
    )


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
