"""The chair board, a poll of it, and one charted event, beside the raw queries each of them needs.

The floor of the two reads is their own SQL, captured once and sent again through bare psycopg; that
of the event is the least a safe write takes: lock, read the chart, append, step on, audit, commit.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.measure import Measured, row, timed
from benchmarks.scene import Scene, make_scene, make_visits
from clinics.models import Membership, Role, User
from core import clock
from core.actor import Actor, ActorKind, system_actor
from infusion.models import Infusion, InfusionEvent
from infusion.selectors import board
from infusion.services.running import chart_vitals
from scheduling.models import Booking, ClinicDay, Visit

CHAIRS = (12, 40, 60)
REPEATS = 40
RUNNING_FOR = timedelta(minutes=95)
STEPS = ((30, "60"), (60, "90"), (90, "120"))
Kind = InfusionEvent.Kind


def run() -> list[Measured]:
    """Measure rooms of 12, 40 and 60 chairs, a patient running in each."""
    return [measured for chairs in CHAIRS for measured in _at(chairs)]


def _at(chairs: int) -> list[Measured]:
    scene = make_scene(f"board-{uuid.uuid4().hex[:8]}", chairs=chairs, days=1)
    now = clock.now()
    nurse = User.objects.create_user(f"{scene.clinic.slug}@bench.example", full_name="Bench")
    Membership.objects.create(user=nurse, clinic=scene.clinic, role=Role.NURSE)
    infusions = _seat(scene, nurse, now)
    viewer = system_actor(scene.clinic.pk, "board.view")
    client = Client()
    client.force_login(nurse)
    poll = _poll(client, scene.clinic.slug)
    actor = Actor(
        kind=ActorKind.USER, clinic_id=scene.clinic.pk, user_id=nurse.pk,
        permissions=frozenset({"infusions.chart"}),
    )  # fmt: skip

    def show() -> None:
        board(viewer, clock.now())

    def chart() -> None:
        chart_vitals(
            infusion_id=infusions[0].pk, event_id=uuid.uuid4(), occurred_at=clock.now(),
            vitals={"heart_rate": 70}, actor=actor, now=clock.now(),
        )  # fmt: skip

    return [
        row("board", "the whole room", chairs, timed(show, REPEATS), timed(_again(show), REPEATS)),
        row("board", "a poll over HTTP, nothing new", chairs, timed(poll, REPEATS),
            timed(_again(poll), REPEATS)),
        row("board", "one charted event", chairs, timed(chart, REPEATS),
            timed(lambda: _least_write(infusions[0].pk, nurse.pk), REPEATS)),
    ]  # fmt: skip


def _poll(client: Client, slug: str) -> Callable[[], None]:
    """Return a poll that holds everything it would be sent, and so is answered with nothing."""
    page = client.get(reverse("board", args=[slug]))
    held = [(name, value) for name in ("seen", "strip", "layout") for value in _held(page, name)]
    query = "&".join(f"{name}={value}" for name, value in held)
    url = f"{reverse('board_live', args=[slug])}?{query}"

    def ask() -> None:
        answer = client.get(url, headers={"HX-Request": "true"})
        if answer.status_code not in {200, 204}:
            raise RuntimeError(f"unexpected answer: {answer.status_code}")

    return ask


def _held(page: Any, name: str) -> list[str]:
    text = page.content.decode()
    return [part.split('"', 1)[0] for part in text.split(f'name="{name}" value="')[1:]]


def _again(work: Callable[[], None]) -> Callable[[], None]:
    """Return the statements `work` sends, sent again without anything around them."""
    with CaptureQueriesContext(connection) as captured:
        work()
    reads = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]

    def replay() -> None:
        raw: psycopg.Connection[Any] = connection.connection
        with raw.cursor() as cursor:
            for sql in reads:
                cursor.execute(sql.encode())
                cursor.fetchall()

    return replay


def _least_write(infusion_id: uuid.UUID, user_id: uuid.UUID) -> None:
    raw: psycopg.Connection[Any] = connection.connection
    with raw.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT * FROM infusion_infusion WHERE id = %s FOR NO KEY UPDATE", [infusion_id]
        )
        cursor.fetchall()
        cursor.execute("SELECT * FROM infusion_infusionevent WHERE infusion_id = %s", [infusion_id])
        cursor.fetchall()
        cursor.execute(
            "INSERT INTO infusion_infusionevent (id, infusion_id, kind, occurred_at, recorded_at, "
            "recorded_by_id, values, reason) "
            "VALUES (%s, %s, 'vitals', now(), now(), %s, '{}', '')",
            [uuid.uuid4(), infusion_id, user_id],
        )
        cursor.execute(
            "UPDATE infusion_infusion SET version = version + 1 WHERE id = %s", [infusion_id]
        )
        cursor.execute("COMMIT")


def _seat(scene: Scene, nurse: User, now: datetime) -> list[Infusion]:
    """Put a running infusion into every chair, with the chart of an hour and a half."""
    arrived = now - RUNNING_FOR - timedelta(hours=1)
    day = ClinicDay.objects.create(clinic=scene.clinic, date=now.date(), updated_at=now)
    made = make_visits(scene.clinic, len(scene.chairs), due=now.date())
    Visit.objects.filter(pk__in=made).update(status="infusing", given_on=now.date())
    visits = list(Visit.objects.filter(pk__in=made))
    period = DateTimeTZRange(arrived, now + timedelta(hours=3))
    Booking.objects.bulk_create(
        Booking(
            clinic=scene.clinic, visit=visit, patient_id=visit.patient_id, clinic_day=day,
            status=Booking.Status.ARRIVED, chair=chair, period=period, rate_option="initial",
            premedication_minutes=60, infusion_minutes=159, observation_minutes=60,
            turnaround_minutes=15, arrived_at=arrived, created_at=now, updated_at=now,
        )
        for visit, chair in zip(visits, scene.chairs, strict=True)
    )  # fmt: skip
    infusions = Infusion.objects.bulk_create(
        Infusion(
            clinic=scene.clinic, visit=visit, patient_id=visit.patient_id, rate_option="initial",
            dose_mg=300, volume_ml=250, status=Infusion.Status.RUNNING,
            started_at=now - RUNNING_FOR, updated_at=now,
        )
        for visit in visits
    )  # fmt: skip
    InfusionEvent.objects.bulk_create(
        event for infusion in infusions for event in _chart(infusion, nurse, now)
    )
    return infusions


def _chart(infusion: Infusion, nurse: User, now: datetime) -> list[InfusionEvent]:
    started = now - RUNNING_FOR
    facts: list[tuple[float, str, dict[str, Any]]] = [(0, Kind.STARTED, {"rate_ml_h": "30"})]
    for minute, rate in STEPS:
        facts.append((minute, Kind.VITALS, {"systolic": "120", "diastolic": "80"}))
        facts.append((minute, Kind.RATE_CHANGED, {"rate_ml_h": rate}))
    return [
        InfusionEvent(
            id=uuid.uuid4(), infusion=infusion, kind=kind, values=values, recorded_by=nurse,
            occurred_at=started + timedelta(minutes=minute),
            recorded_at=started + timedelta(minutes=minute),
        )
        for minute, kind, values in facts
    ]  # fmt: skip
