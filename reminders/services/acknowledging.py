"""A person has seen a reminder on the screen. Seeing is not doing: the task itself stays due."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import REMINDERS_ACKNOWLEDGE
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict
from core.locks import lock_row
from reminders.models import Reminder


@command
def acknowledge(*, reminder_id: UUID, actor: Actor, now: datetime) -> None:
    """Write down who saw a reminder and when; the first one stays.

    Raises NotFound for another clinic's, Conflict for one that is not on the screen (any more).
    """
    actor.require(REMINDERS_ACKNOWLEDGE)
    row = lock_row(Reminder.objects.filter(pk=reminder_id, clinic_id=actor.clinic_id))
    if row.channel != Reminder.Channel.BOARD or row.state != Reminder.State.SENT:
        raise Conflict("This reminder is no longer on the screen.")
    if row.seen_at is not None:
        return
    row.seen_at, row.seen_by_id = now, actor.user_id
    row.save(update_fields=["seen_at", "seen_by"])
    audit.record("reminder.seen", row, actor=actor, now=now, patient_id=row.patient_id)
