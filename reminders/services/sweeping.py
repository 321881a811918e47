"""Lending due reminders to a sender, and writing down what became of them.

Claim, send with no transaction open, settle. A sender that dies loses its lease and the reminder
is lent again, so a message may go out twice with one Message-ID but is never lost. `now` is the
database's clock (reminders.selectors.database_now): the hosts of two senders may disagree.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import F, QuerySet

from core.db import command
from reminders.models import Heartbeat, Reminder
from reminders.outcomes import Outcome

LEASE = timedelta(seconds=60)

# The common table expression is materialised so that LIMIT counts once; as a plain IN (...) the
# planner may run the inner query again and lock more rows than it was asked for. A lent row's
# next attempt is the end of its lease: one index over one column answers both questions.
_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id FROM reminders_reminder
        WHERE state IN ('pending', 'claimed') AND next_attempt_at <= %(now)s
            AND channel = %(channel)s
            AND clinic_id NOT IN (SELECT id FROM clinics_clinic WHERE reminders_held)
        ORDER BY next_attempt_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE reminders_reminder AS r
    SET state = 'claimed', lease_token = %(token)s, leased_until = %(until)s,
        next_attempt_at = %(until)s, attempts = attempts + 1
    FROM due WHERE r.id = due.id
    RETURNING r.id"""


@command
def claim(*, channel: str, limit: int, now: datetime) -> list[Reminder]:
    """Lend up to `limit` due reminders of one channel for LEASE; nobody else gets the same ones.

    Clinics whose reminders are held lend none. One token names the whole batch.
    """
    values: dict[str, Any] = {
        "now": now, "until": now + LEASE, "channel": channel, "limit": limit, "token": uuid4(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        ids = [row_id for (row_id,) in cursor.fetchall()]
    if not ids:
        return []
    lent = Reminder.objects.select_related(
        "clinic", "patient", "recipient_patient", "recipient_user"
    )
    return list(lent.filter(pk__in=ids).order_by("due_at", "pk"))


@command
def settle(*, reminder_id: UUID, lease_token: UUID | None, outcome: Outcome, now: datetime) -> bool:
    """Write down what became of a lent reminder; False when the lease had passed to another."""
    waits = outcome.again_at is not None
    changed = _lent([reminder_id], lease_token).update(
        state=outcome.state,
        last_problem=outcome.problem,
        provider_id=outcome.provider_id,
        next_attempt_at=outcome.again_at if waits else F("next_attempt_at"),
        settled_at=None if waits else now,
        attempts=F("attempts") - (0 if outcome.counted else 1),
        lease_token=None,
        leased_until=None,
    )
    return changed == 1


@command
def give_back(*, reminder_ids: Sequence[UUID], lease_token: UUID | None, now: datetime) -> int:
    """Return reminders nobody has tried to send: they are due at once, and no attempt counts."""
    return _lent(reminder_ids, lease_token).update(
        state=Reminder.State.PENDING,
        next_attempt_at=now,
        attempts=F("attempts") - 1,
        lease_token=None,
        leased_until=None,
    )


@command
def beat(*, driver: str, now: datetime) -> None:
    """Write down that `driver` has just finished a sweep."""
    Heartbeat.objects.update_or_create(driver=driver, defaults={"beat_at": now})


def _lent(ids: Sequence[UUID], token: UUID | None) -> QuerySet[Reminder]:
    return Reminder.objects.filter(pk__in=ids, lease_token=token, state=Reminder.State.CLAIMED)
