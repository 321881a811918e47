"""Senders at once: nothing goes out twice. Each guard has a control that shows it is needed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from reminders import sweep as sweep_module
from reminders.models import Reminder
from reminders.services import planning, sweeping
from reminders.services.sweeping import claim
from reminders.sweep import sweep
from tests.people import make_clinic
from tests.reminders.builders import MINUTE, NOW, make_reachable_clinic, plan
from tests.reminders.post_offices import PostOffice

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
S = Reminder.State


def in_threads(count: int, work: Callable[[], object]) -> list[object]:
    def and_hang_up() -> object:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [job.result() for job in [pool.submit(and_hang_up) for _ in range(count)]]


def letters_waiting(count: int) -> None:
    clinic, patient = make_reachable_clinic()
    for _ in range(count):
        plan(clinic, patient=patient)


def test_four_sweeps_at_once_send_each_letter_once(office: PostOffice) -> None:
    letters_waiting(90)
    in_threads(4, lambda: sweep(driver="test", clock=lambda: NOW))
    assert (len(office.ids), len(set(office.ids))) == (90, 90)
    assert set(Reminder.objects.values_list("state", flat=True)) == {S.SENT}


def test_control_without_a_lease_letters_go_out_twice(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters_waiting(5)
    both_have_read = threading.Barrier(2)

    def read_without_lending(*, channel: str, limit: int, now: datetime) -> list[Reminder]:
        due = Reminder.objects.select_related("clinic", "patient", "recipient_patient").filter(
            state=S.PENDING, channel=channel, next_attempt_at__lte=now
        )
        rows = list(due[:limit])
        both_have_read.wait(10)
        return rows

    monkeypatch.setattr(sweep_module, "claim", read_without_lending)
    in_threads(2, lambda: sweep(driver="test", clock=lambda: NOW))
    assert (len(office.ids), len(set(office.ids))) == (10, 5)


def claimed_while_another_claims() -> tuple[set[UUID], set[UUID]]:
    """What two senders get when the second asks before the first has committed."""
    second: list[Reminder] = []

    def ask() -> None:
        second.extend(claim(channel="board", limit=9, now=NOW))
        connection.close()

    asking = threading.Thread(target=ask)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                sweeping._CLAIM,
                {"now": NOW, "until": NOW + MINUTE, "channel": "board", "limit": 9,
                 "token": uuid4()},
            )  # fmt: skip
            first = {row_id for (row_id,) in cursor.fetchall()}
        asking.start()
        asking.join(1.0)
    asking.join(10)
    return first, {row.pk for row in second}


def test_what_one_sender_is_claiming_the_next_one_skips() -> None:
    clinic = make_clinic()
    for _ in range(3):
        plan(clinic)
    first, second = claimed_while_another_claims()
    assert (len(first), second) == (3, set())


def test_control_without_skip_locked_both_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = make_clinic()
    for _ in range(3):
        plan(clinic)
    unguarded = sweeping._CLAIM.replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(sweeping, "_CLAIM", unguarded)
    first, second = claimed_while_another_claims()
    assert first == second
    assert len(first) == 3


def test_the_same_thing_planned_at_once_by_many_is_one_row() -> None:
    clinic = make_clinic()
    subject = uuid4()
    start = threading.Barrier(6)

    def put() -> None:
        with transaction.atomic():
            start.wait(10)
            planning.put(
                kind="test.plain", subject_id=subject, occurrence="once", clinic_id=clinic.pk,
                patient_id=None, recipient_role="nurse", channel="board", due_at=NOW,
                void_after=NOW + MINUTE, now=NOW,
            )  # fmt: skip

    in_threads(6, put)
    assert Reminder.objects.filter(subject_id=subject).count() == 1


def test_a_withdrawal_never_waits_for_a_letter_on_its_way(office: PostOffice) -> None:
    """Nothing slow happens inside a transaction: a move of the visit goes through meanwhile."""
    letters_waiting(1)
    [row] = Reminder.objects.all()
    office.may_answer.clear()

    def send() -> None:
        sweep(driver="test", clock=lambda: NOW)
        connection.close()

    sending = threading.Thread(target=send)
    sending.start()
    assert office.received.wait(10)
    with transaction.atomic():
        assert planning.void(subject_id=row.subject_id, now=NOW) == 1
    office.may_answer.set()
    sending.join(10)
    row.refresh_from_db()
    assert row.state == S.VOID
