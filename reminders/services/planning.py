"""Writing down what must be told, in the transaction of the event that causes it.

A crash between the event and its reminder is then impossible: both are there or neither is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from core.db import joins
from reminders.models import Reminder

WAITING = (Reminder.State.PENDING, Reminder.State.CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One thing to tell one recipient. Exactly one of role and recipient patient is given.

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

    @property
    def dedupe_key(self) -> str:
        """`kind:subject:occurrence:channel[:role]`: the same fact told the same way is one row."""
        parts = [self.kind, str(self.subject_id), self.occurrence, self.channel]
        return ":".join([*parts, self.recipient_role] if self.recipient_role else parts)

    def row(self, now: datetime) -> Reminder:
        """Return the waiting row, unsaved."""
        return Reminder(
            clinic_id=self.clinic_id, kind=self.kind, subject_id=self.subject_id,
            patient_id=self.patient_id, recipient_role=self.recipient_role,
            recipient_patient_id=self.recipient_patient_id, channel=self.channel,
            dedupe_key=self.dedupe_key, due_at=self.due_at, void_after=self.void_after,
            next_attempt_at=self.due_at, created_at=now,
        )  # fmt: skip


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
    Reminder.objects.bulk_create([each.row(now) for each in planned], ignore_conflicts=True)
    by_key = {each.dedupe_key: each for each in planned}
    for row in Reminder.objects.filter(dedupe_key__in=by_key, state=Reminder.State.VOID):
        again = by_key[row.dedupe_key]
        Reminder.objects.filter(pk=row.pk).update(
            state=Reminder.State.PENDING, due_at=again.due_at, void_after=again.void_after,
            next_attempt_at=again.due_at, attempts=0, settled_at=None, last_problem="",
            seen_at=None, seen_by=None,
        )  # fmt: skip


@joins
def void(*, subject_id: UUID, kinds: Collection[str] | None = None, now: datetime) -> int:
    """Withdraw what is no longer true of one subject; see void_all."""
    return void_all(subject_ids=[subject_id], kinds=kinds, now=now)


@joins
def void_all(
    *, subject_ids: Collection[UUID], kinds: Collection[str] | None = None, now: datetime
) -> int:
    """Withdraw every waiting reminder of these subjects, in one statement; return how many.

    What a person has not yet acknowledged on the screen is taken down too: a list of things to
    do must hold only what is still to be done. `kinds` None means all kinds. A message that is
    being sent at this very moment may still go out; its sender then finds the row void.
    """
    rows = Reminder.objects.filter(subject_id__in=subject_ids)
    if kinds is not None:
        rows = rows.filter(kind__in=kinds)
    on_screen = Q(state=Reminder.State.SENT, channel=Reminder.Channel.BOARD, seen_at__isnull=True)
    return rows.filter(Q(state__in=WAITING) | on_screen).update(
        state=Reminder.State.VOID,
        lease_token=None,
        leased_until=None,
        settled_at=Coalesce(F("settled_at"), now),
        last_problem="",
    )
