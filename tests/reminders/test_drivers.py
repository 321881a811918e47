"""What drives the sweep, what stops it, and how one notices that nobody does."""

import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from clinics.models import Clinic
from core import health
from core.models import AuditEntry
from reminders.health import LONGEST_SILENCE
from reminders.health import sweep as problem
from reminders.management.commands import run_reminders
from reminders.models import Heartbeat, Reminder
from reminders.selectors import database_now
from reminders.services import sweeping
from reminders.sweep import sweep
from reminders.tasks import sweep_reminders
from tests.people import make_clinic
from tests.reminders.builders import DAY, HOUR, NOW, make_reachable_clinic, plan
from tests.reminders.post_offices import PostOffice

pytestmark = pytest.mark.django_db
S = Reminder.State


def due_now(clinic: Clinic) -> Reminder:
    now = database_now()
    return plan(clinic, due_at=now - HOUR, void_after=now + DAY)


def test_beats_tick_is_a_task_that_exists_and_sweeps() -> None:
    row = due_now(make_clinic())
    entry = settings.CELERY_BEAT_SCHEDULE["sweep-reminders"]["task"]
    current_app.loader.import_default_modules()
    task = current_app.tasks[str(entry)]
    assert task.name == sweep_reminders.name
    assert (task.acks_late, task.ignore_result, task.expires) == (False, True, 10)
    task.apply()
    row.refresh_from_db()
    assert row.state == S.SENT
    assert Heartbeat.objects.get().driver == "celery"


def test_the_loop_sweeps_once_when_asked() -> None:
    row = due_now(make_clinic())
    said = StringIO()
    call_command("run_reminders", "--once", stdout=said)
    row.refresh_from_db()
    assert row.state == S.SENT
    assert said.getvalue() == "{'sent': 1}\n"


def test_the_loop_survives_its_database_and_logs_no_words_of_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import threading  # noqa: PLC0415

    def fall_over(**_: object) -> None:
        raise OperationalError("Key (mrn)=(MRN-1) is in the way")

    monkeypatch.setattr(run_reminders, "sweep", fall_over)
    monkeypatch.setattr(run_reminders, "close_old_connections", lambda: None)
    with caplog.at_level(logging.ERROR):
        run_reminders._sweep_and_survive(threading.Event())
    assert "sweep failed: OperationalError" in caplog.text
    assert "MRN-1" not in caplog.text


def test_nobody_has_swept_yet_is_not_ready() -> None:
    assert problem() == "no reminder sweep yet"
    assert "sweep" in health.check_names()
    assert health.problems()["sweep"] == "no reminder sweep yet"


@pytest.mark.parametrize(
    ("ago", "line"),
    [
        (timedelta(0), None),
        (LONGEST_SILENCE - timedelta(seconds=20), None),
        (LONGEST_SILENCE + timedelta(seconds=1), "no reminder sweep in the last 3 minutes"),
    ],
)
def test_silence_of_all_drivers_is_noticed_after_three_minutes(
    ago: timedelta, line: str | None
) -> None:
    Heartbeat.objects.create(driver="celery", beat_at=database_now() - 10 * LONGEST_SILENCE)
    Heartbeat.objects.create(driver="loop", beat_at=database_now() - ago)
    assert problem() == line


def test_a_held_clinic_sends_nothing_until_it_is_released(office: PostOffice) -> None:
    clinic, patient = make_reachable_clinic()
    in_time = plan(clinic, patient=patient, void_after=NOW + DAY)
    too_late = plan(clinic, patient=patient, void_after=NOW + HOUR)
    other = plan(make_clinic("south"))
    call_command("hold_reminders", "--clinic", "north", stdout=StringIO())
    assert sweep(driver="test", clock=lambda: NOW) == {"sent": 1}
    other.refresh_from_db()
    assert other.state == S.SENT
    assert office.mails == []
    call_command("release_reminders", "--all", stdout=StringIO())
    later = NOW + 2 * HOUR
    assert sweep(driver="test", clock=lambda: later) == {"sent": 1, "expired": 1}
    in_time.refresh_from_db()
    too_late.refresh_from_db()
    assert (in_time.state, too_late.state) == (S.SENT, S.EXPIRED)
    actions = AuditEntry.objects.filter(clinic_id=clinic.pk, action__startswith="reminders.")
    assert list(actions.order_by("id").values_list("action", flat=True)) == [
        "reminders.held",
        "reminders.released",
    ]


def test_holding_says_for_whom_and_refuses_a_clinic_that_is_not_there() -> None:
    make_clinic("north")
    make_clinic("south")
    said = StringIO()
    call_command("hold_reminders", "--all", stdout=said)
    assert said.getvalue() == "north: reminders are held\nsouth: reminders are held\n"
    assert Clinic.objects.filter(reminders_held=True).count() == 2
    with pytest.raises(CommandError, match="no such clinic"):
        call_command("release_reminders", "--clinic", "east")
    with pytest.raises(CommandError):
        call_command("release_reminders")


@pytest.mark.parametrize("due", [0, 3])
def test_a_sweep_over_many_waiting_rows_reads_only_what_is_due(due: int) -> None:
    clinic = make_clinic()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO reminders_reminder (id, clinic_id, kind, subject_id, recipient_role,
                   channel, dedupe_key, due_at, void_after, state, attempts, next_attempt_at,
                   provider_id, last_problem, created_at)
               SELECT gen_random_uuid(), %(clinic)s, 'test.plain', gen_random_uuid(), 'nurse',
                   'board', n::text, %(now)s + n * interval '1 minute',
                   %(now)s + interval '1 year', 'pending', 0, %(now)s + n * interval '1 minute',
                   '', '', %(now)s
               FROM generate_series(1, 20000) AS n""",
            {"clinic": clinic.pk, "now": NOW},
        )
        cursor.execute("ANALYZE reminders_reminder")
        values: dict[str, Any] = {
            "now": NOW + due * HOUR / 60,
            "until": NOW + HOUR,
            "channel": "board",
            "limit": 20,
            "token": clinic.pk,
        }
        cursor.execute("EXPLAIN (ANALYZE, FORMAT TEXT) " + sweeping._CLAIM, values)
        plan_lines = [line for (line,) in cursor.fetchall()]
    [scan] = [line for line in plan_lines if "reminder_waiting" in line]
    assert scan.strip().startswith(("->  Index Scan using reminder_waiting", "->  Bitmap"))
    assert f"rows={due}" in scan.split("actual", 1)[1].replace(".00", "")
