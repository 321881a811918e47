"""One sweep with nothing due while many reminders wait: it must not notice how many."""

import uuid

from django.db import connection

from benchmarks.measure import Measured, row, timed
from benchmarks.scene import make_scene
from core import clock
from reminders.services.sweeping import claim

FLOOR = (
    "SELECT id FROM reminders_reminder WHERE state IN ('pending', 'claimed') "
    "AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT 50 FOR UPDATE SKIP LOCKED"
)
INSERT = """
    INSERT INTO reminders_reminder (id, clinic_id, kind, subject_id, recipient_role, channel,
        dedupe_key, due_at, void_after, state, attempts, next_attempt_at, provider_id,
        last_problem, created_at)
    SELECT gen_random_uuid(), %s, 'visit.book', gen_random_uuid(), 'scheduler', 'board',
        'bench:' || n, now() + interval '1 day' + n * interval '1 second',
        now() + interval '2 years', 'pending', 0,
        now() + interval '1 day' + n * interval '1 second', '', '', now()
    FROM generate_series(%s, %s) AS n
"""


def run() -> list[Measured]:
    """Sweep at ten thousand, a hundred thousand and a million waiting rows."""
    scene = make_scene(f"sweep-{uuid.uuid4().hex[:6]}", chairs=1)
    rows, there = [], 0
    for size in (10_000, 100_000, 1_000_000):
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [scene.clinic.pk, there + 1, size])
            cursor.execute("ANALYZE reminders_reminder")
        there = size
        times = timed(_sweep, 200)
        rows.append(row("sweep", "nothing due", size, times, timed(_floor, 200)))
    return rows


def _sweep() -> None:
    claimed = claim(channel="board", limit=50, now=clock.now())
    if claimed:
        raise RuntimeError("something was due")


def _floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(FLOOR)
        cursor.fetchall()
        cursor.execute("COMMIT")
