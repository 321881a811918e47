"""GET /api/v1/visits, pages of 200, against the same rows through raw psycopg and orjson."""

import uuid
from datetime import timedelta
from typing import Any

import orjson
import psycopg
from django.db import connection
from django.test import Client

from benchmarks.measure import Measured, row, timed
from benchmarks.scene import FIRST_DAY, make_scene, make_visits
from clinics.permissions import API_CLIENTS_MANAGE
from clinics.services.api_clients import create_api_client
from core import clock
from core.actor import system_actor

PAGE, REPEATS = 200, 60
RAW = """
    SELECT v.id, v.version, v.status, v.dose_number, v.dose_mg, v.due_on, v.earliest_on,
        v.latest_on, v.given_on, v.updated_at, v.course_id, p.id, p.mrn, p.family_name,
        p.given_names, p.birth_date, b.id, b.status, lower(b.period), upper(b.period), c.id, c.label
    FROM scheduling_visit v JOIN patients_patient p ON p.id = v.patient_id
    LEFT JOIN scheduling_booking b ON b.visit_id = v.id
        AND b.status IN ('day_held', 'proposed', 'confirmed', 'arrived', 'completed')
    LEFT JOIN clinics_chair c ON c.id = b.chair_id
    WHERE v.clinic_id = %s AND v.day >= %s ORDER BY v.day, v.id LIMIT 201
"""


def run() -> list[Measured]:
    """Measure the first page at ten thousand and a hundred thousand visits in the clinic."""
    return [_at(size) for size in (10_000, 100_000)]


def _at(size: int) -> Measured:
    scene = make_scene(f"visits-{uuid.uuid4().hex[:8]}", chairs=4, days=1)
    for part in range(10):
        due = FIRST_DAY + timedelta(days=30 * part)
        make_visits(scene.clinic, size // 10, due=due, prefix=f"{part}-")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE scheduling_visit, patients_patient, scheduling_booking")
    client = _client(scene.clinic.pk)
    url = f"/api/v1/visits?from={FIRST_DAY}&limit={PAGE}"
    times = timed(lambda: _page(client, url), REPEATS)
    floor = timed(lambda: _floor(scene.clinic.pk), REPEATS)
    return row("visits", "a page of 200 over HTTP", size, times, floor)


def _client(clinic_id: uuid.UUID) -> Client:
    issued = create_api_client(
        name=f"bench {uuid.uuid4().hex[:6]}", scopes=["visits:read"], days=1,
        actor=system_actor(clinic_id, API_CLIENTS_MANAGE), now=clock.now(),
    )  # fmt: skip
    return Client(headers={"authorization": f"Bearer {issued.secret}"})


def _page(client: Client, url: str) -> None:
    answer = client.get(url)
    if answer.status_code != 200 or len(orjson.loads(answer.content)["items"]) != PAGE:
        raise RuntimeError(f"unexpected answer: {answer.status_code}")


def _floor(clinic_id: uuid.UUID) -> bytes:
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with raw.cursor() as cursor:
        cursor.execute(RAW, [clinic_id, FIRST_DAY])
        names = [column.name for column in cursor.description or ()]
        return orjson.dumps(
            [dict(zip(names, values, strict=True)) for values in cursor.fetchmany(PAGE)]
        )
