"""Writing down what must be told, in the transaction of the event that causes it.

A crash between the event and its reminder is then impossible: both are there or neither is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from core.db import joins
from core.prepared import array, prepared
from reminders.models import Reminder


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One thing to tell one recipient: a role, the recipient patient or one member of staff.

    `occurrence` tells apart the times the same kind is told about the same subject (a due date,
    a period's start). `patient_id` is whom it is about; `recipient_patient_id` whom it is told to.
    """

    kind: str
    subject_id: UUID
    occurrence: str
    clinic_id: UUID
    patient_id: UUID | None
    channel: str
    due_at: datetime
    void_after: datetime
    recipient_role: str = ""
    recipient_patient_id: UUID | None = None
    recipient_user_id: UUID | None = None

    @property
    def dedupe_key(self) -> str:
        """`kind:subject:occurrence:channel[:role or person]`: the same fact told the same way is
        one row."""
        parts = [self.kind, str(self.subject_id), self.occurrence, self.channel]
        whom = self.recipient_role or str(self.recipient_user_id or "")
        return ":".join([*parts, whom] if whom else parts)

    def values(self, now: datetime) -> tuple[UUID | str | datetime | None, ...]:
        """Return the columns of _PLAN for the waiting row."""
        return (
            uuid4(), self.clinic_id, self.kind, self.subject_id, self.patient_id,
            self.recipient_role, self.recipient_patient_id, self.recipient_user_id, self.channel,
            self.dedupe_key, self.due_at, self.void_after, self.due_at, now,
        )  # fmt: skip


_PLAN = """
    INSERT INTO reminders_reminder (id, clinic_id, kind, subject_id, patient_id, recipient_role,
        recipient_patient_id, recipient_user_id, channel, dedupe_key, due_at, void_after,
        next_attempt_at, created_at, state, attempts, provider_id, last_problem)
    VALUES {} ON CONFLICT DO NOTHING
"""
_ONE = f"({'%s, ' * 14}'pending', 0, '', '')"


@joins
def put(
    *,
    kind: str,
    subject_id: UUID,
    occurrence: str,
    clinic_id: UUID,
    patient_id: UUID | None,
    recipient_role: str = "",
    recipient_patient_id: UUID | None = None,
    channel: str,
    due_at: datetime,
    void_after: datetime,
    now: datetime,
) -> None:
    """Plan one reminder; see put_all."""
    planned = Planned(
        kind=kind, subject_id=subject_id, occurrence=occurrence, clinic_id=clinic_id,
        patient_id=patient_id, recipient_role=recipient_role,
        recipient_patient_id=recipient_patient_id, channel=channel, due_at=due_at,
        void_after=void_after,
    )  # fmt: skip
    put_all([planned], now=now)


@joins
def put_all(planned: Sequence[Planned], *, now: datetime) -> None:
    """Plan any number of reminders in two statements. What is planned already stays as it is.

    A row that had become void is alive again when it is planned again: a visit moved away and
    back is due at the same time once more, and its key is the same. Raises RuntimeError outside
    a transaction.
    """
    if not planned:
        return
    with prepared() as cursor:
        cursor.execute(_plan(len(planned)), _values(planned, now))
    by_key = {each.dedupe_key: each for each in planned}
    for row in Reminder.objects.filter(dedupe_key__in=by_key, state=Reminder.State.VOID):
        again = by_key[row.dedupe_key]
        Reminder.objects.filter(pk=row.pk).update(
            state=Reminder.State.PENDING, due_at=again.due_at, void_after=again.void_after,
            next_attempt_at=again.due_at, attempts=0, settled_at=None, last_problem="",
            seen_at=None, seen_by=None,
        )  # fmt: skip


@joins
def put_instead(
    planned: Sequence[Planned], *, of: UUID, kinds: Collection[str], now: datetime
) -> None:
    """Plan reminders that nobody has planned before, in place of those of another subject of these
    `kinds`, which are withdrawn as by void_all: one statement."""
    if not planned:
        void(subject_id=of, kinds=kinds, now=now)
        return
    with prepared() as cursor:
        cursor.execute(
            f"WITH withdrawn AS ({_VOID}) {_plan(len(planned))}",
            [*_withdrawn([of], kinds, now), *_values(planned, now)],
        )


def _plan(count: int) -> str:
    return _PLAN.format(", ".join([_ONE] * count))


def _values(planned: Sequence[Planned], now: datetime) -> list[Any]:
    return [value for each in planned for value in each.values(now)]


@joins
def void(*, subject_id: UUID, kinds: Collection[str] | None = None, now: datetime) -> int:
    """Withdraw what is no longer true of one subject; see void_all."""
    return void_all(subject_ids=[subject_id], kinds=kinds, now=now)


@joins
def void_all(
    *, subject_ids: Collection[UUID], kinds: Collection[str] | None = None, now: datetime
) -> int:
    """Withdraw every waiting reminder of these subjects, in one statement; return how many (within
    `core.together` that is not known yet).

    What a person has not yet acknowledged on the screen is taken down too: a list of things to
    do must hold only what is still to be done. `kinds` None means all kinds. A message that is
    being sent at this very moment may still go out; its sender then finds the row void.
    """
    with prepared() as cursor:
        cursor.execute(_VOID, _withdrawn(subject_ids, kinds, now))
        return int(cursor.rowcount)


def _withdrawn(
    subject_ids: Collection[UUID], kinds: Collection[str] | None, now: datetime
) -> list[Any]:
    named = None if kinds is None else array(kinds)
    return [now, array(subject_ids), named, named]


_VOID = """
    UPDATE reminders_reminder SET state = 'void', lease_token = NULL, leased_until = NULL,
        settled_at = coalesce(settled_at, %s), last_problem = ''
    WHERE subject_id = ANY(%s) AND (%s::text[] IS NULL OR kind = ANY(%s::text[]))
      AND (state IN ('pending', 'claimed')
           OR state = 'sent' AND channel = 'board' AND seen_at IS NULL)
"""
