"""A real sender in a process of its own, killed in the middle of a message, without Redis."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.models import F

from reminders.models import Heartbeat, Reminder
from reminders.selectors import database_now
from scheduling.reminder_plans import plan_booking
from tests.architecture.tree import ROOT
from tests.people import make_clinic
from tests.reminders.builders import DAY, MINUTE, make_booking, make_reachable, make_visit
from tests.reminders.post_offices import PostOffice, post_office

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
S = Reminder.State
LETTERS = 8


@pytest.fixture
def letters() -> None:
    """Letters of the day before, due now, of patients who are confirmed for tomorrow."""
    clinic = make_clinic(chairs=LETTERS)
    tomorrow = database_now() + DAY
    for n, chair in enumerate(clinic.chairs.all()):
        visit = make_visit(make_reachable(clinic, f"MRN-{n}"), due_on=tomorrow.date())
        with transaction.atomic():
            plan_booking(make_booking(visit, tomorrow, chair=chair), now=database_now())
    Reminder.objects.filter(channel="board").delete()
    Reminder.objects.update(due_at=F("due_at") - DAY, next_attempt_at=database_now() - MINUTE)


@pytest.fixture
def slow_office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@contextmanager
def sender(office: PostOffice, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.reminders.process_settings",
        "SENDER_DATABASE": connection.settings_dict["NAME"],
        "SENDER_SMTP_PORT": str(office.port),
        "REDIS_URL": "redis://127.0.0.1:1/0",  # nobody is there
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_reminders", *arguments], cwd=ROOT, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def let_the_minute_of_the_lease_pass() -> None:
    Reminder.objects.filter(state=S.CLAIMED).update(
        leased_until=database_now() - MINUTE, next_attempt_at=database_now() - MINUTE
    )


@pytest.mark.usefixtures("letters")
def test_killed_in_the_middle_of_a_message_nothing_is_lost(slow_office: PostOffice) -> None:
    kills = 3
    for _ in range(kills):
        slow_office.received.clear()
        slow_office.may_answer.clear()
        with sender(slow_office, "--every", "0.2") as process:
            assert slow_office.received.wait(30)  # the server has it, the sender does not know
            process.send_signal(signal.SIGKILL)
            process.wait()
        slow_office.may_answer.set()
        assert Reminder.objects.filter(state=S.CLAIMED).exists()
        let_the_minute_of_the_lease_pass()
    with sender(slow_office, "--once") as process:
        assert process.wait(30) == 0
    assert set(Reminder.objects.values_list("state", flat=True)) == {S.SENT}
    assert len(set(slow_office.ids)) == LETTERS
    assert len(slow_office.ids) <= LETTERS + kills
    assert set(slow_office.ids) == set(Reminder.objects.values_list("provider_id", flat=True))


@pytest.mark.usefixtures("letters")
def test_asked_to_stop_it_finishes_the_message_and_gives_back_the_rest(
    slow_office: PostOffice,
) -> None:
    slow_office.may_answer.clear()
    with sender(slow_office, "--every", "0.2") as process:
        assert slow_office.received.wait(30)
        process.send_signal(signal.SIGTERM)
        slow_office.may_answer.set()
        assert process.wait(30) == 0
    assert len(slow_office.ids) == 1
    assert Reminder.objects.filter(state=S.SENT).count() == 1
    rest = Reminder.objects.exclude(state=S.SENT)
    assert set(rest.values_list("state", "attempts", "lease_token")) == {(S.PENDING, 0, None)}


@pytest.mark.usefixtures("letters")
def test_without_redis_the_loop_sends_and_beats(slow_office: PostOffice) -> None:
    with sender(slow_office, "--once") as process:
        assert process.wait(30) == 0
    assert len(slow_office.ids) == LETTERS
    assert Heartbeat.objects.get().driver == "loop"
