"""Planning: one row per thing to tell, withdrawn when it is no longer true."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from reminders.models import Reminder
from reminders.services import planning
from tests.people import make_clinic, make_user
from tests.reminders.builders import DAY, HOUR, NOW, make_reachable_clinic, plan

pytestmark = pytest.mark.django_db
S = Reminder.State


def state_of(row: Reminder) -> str:
    row.refresh_from_db()
    return row.state


def test_the_same_thing_told_the_same_way_is_one_row() -> None:
    clinic = make_clinic()
    subject = uuid4()
    plan(clinic, subject_id=subject, due_at=NOW)
    plan(clinic, subject_id=subject, due_at=NOW + HOUR)
    [row] = Reminder.objects.all()
    assert row.dedupe_key == f"test.plain:{subject}:once:board:nurse"
    assert row.due_at == row.next_attempt_at == NOW


def test_another_occurrence_or_role_is_another_row() -> None:
    clinic = make_clinic()
    subject = uuid4()
    plan(clinic, subject_id=subject)
    plan(clinic, subject_id=subject, occurrence="later")
    with transaction.atomic():
        planning.put(
            kind="test.plain", subject_id=subject, occurrence="once", clinic_id=clinic.pk,
            patient_id=None, recipient_role="scheduler", channel="board", due_at=NOW,
            void_after=NOW + DAY, now=NOW,
        )  # fmt: skip
    assert Reminder.objects.filter(subject_id=subject).count() == 3


@pytest.mark.django_db(transaction=True)
def test_planning_stands_never_alone() -> None:
    with pytest.raises(RuntimeError, match="inside a command"):
        planning.put_all([], now=NOW)
    with pytest.raises(RuntimeError, match="inside a command"):
        planning.void(subject_id=uuid4(), now=NOW)


@pytest.mark.parametrize("count", [1, 60])
def test_any_number_is_planned_in_two_statements(count: int) -> None:
    clinic = make_clinic()
    rows = [
        planning.Planned(
            kind="test.plain", subject_id=uuid4(), occurrence="once", clinic_id=clinic.pk,
            patient_id=None, recipient_role="nurse", channel="board", due_at=NOW,
            void_after=NOW + DAY,
        )
        for _ in range(count)
    ]  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        planning.put_all(rows, now=NOW)
    assert len(queries) == 2
    assert Reminder.objects.count() == count


def test_what_is_withdrawn_is_waiting_claimed_or_unseen_on_the_screen() -> None:
    clinic, patient = make_reachable_clinic()
    subject = uuid4()
    told_at = NOW - HOUR
    cases = {
        "waiting": ({}, S.VOID),
        "claimed": (
            {"state": S.CLAIMED, "lease_token": uuid4(), "leased_until": NOW + HOUR}, S.VOID,
        ),
        "shown": ({"state": S.SENT, "settled_at": told_at}, S.VOID),
        "seen": (
            {"state": S.SENT, "settled_at": told_at, "seen_at": NOW,
             "seen_by": make_user(clinic)}, S.SENT,
        ),
        "failed": ({"state": S.FAILED, "settled_at": told_at}, S.FAILED),
    }  # fmt: skip
    rows = {}
    for occurrence, (changes, _) in cases.items():
        rows[occurrence] = plan(clinic, subject_id=subject, occurrence=occurrence)
        Reminder.objects.filter(pk=rows[occurrence].pk).update(**changes)
    mailed = plan(clinic, patient=patient, subject_id=subject, occurrence="mailed")
    Reminder.objects.filter(pk=mailed.pk).update(state=S.SENT, settled_at=told_at)
    stranger = plan(clinic)

    with CaptureQueriesContext(connection) as queries:
        assert planning.void(subject_id=subject, now=NOW) == 3
    assert len(queries) == 1

    assert {name: state_of(row) for name, row in rows.items()} == {
        name: state for name, (_, state) in cases.items()
    }
    assert (state_of(mailed), state_of(stranger)) == (S.SENT, S.PENDING)
    rows["shown"].refresh_from_db()
    assert rows["shown"].settled_at == told_at  # the proof of when it was shown stays
    assert rows["claimed"].lease_token is None


def test_only_the_named_kinds_are_withdrawn() -> None:
    clinic = make_clinic()
    subject = uuid4()
    gone = plan(clinic, subject_id=subject, kind="test.gone")
    kept = plan(clinic, subject_id=subject, kind="test.kept")
    assert planning.void(subject_id=subject, kinds=["test.gone"], now=NOW) == 1
    assert (state_of(gone), state_of(kept)) == (S.VOID, S.PENDING)


def test_what_is_true_again_is_planned_again() -> None:
    """A visit moved away and back: without this its reminder would stay withdrawn for ever."""
    clinic = make_clinic()
    subject = uuid4()
    row = plan(clinic, subject_id=subject)
    planning.void(subject_id=subject, now=NOW)
    again = plan(clinic, subject_id=subject, due_at=NOW + HOUR, void_after=NOW + 2 * DAY)
    assert again.pk == row.pk
    assert (again.state, again.attempts, again.settled_at) == (S.PENDING, 0, None)
    assert again.due_at == again.next_attempt_at == NOW + HOUR
    assert again.void_after == NOW + timedelta(days=2)


@pytest.mark.parametrize("state", [S.SENT, S.FAILED, S.EXPIRED])
def test_what_was_settled_is_not_told_again_by_planning_it_again(state: str) -> None:
    clinic = make_clinic()
    subject = uuid4()
    row = plan(clinic, subject_id=subject)
    Reminder.objects.filter(pk=row.pk).update(state=state, settled_at=NOW)
    plan(clinic, subject_id=subject)
    assert state_of(row) == state
