"""Reading reminders. Nothing here writes."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from reminders.models import Heartbeat, Reminder


def last_told(subject_id: UUID) -> dict[str, str]:
    """Return, per kind, the occurrence of a subject that was told last."""
    sent = Reminder.objects.filter(subject_id=subject_id, state=Reminder.State.SENT)
    rows = sent.order_by("settled_at").values_list("kind", "dedupe_key")
    return {kind: key.split(":")[2] for kind, key in rows}


def database_now() -> datetime:
    """Return the database's clock, in UTC: the one clock that all senders share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def swept_since(moment: datetime) -> bool:
    """Return whether any driver has finished a sweep since `moment`."""
    return Heartbeat.objects.filter(beat_at__gte=moment).exists()
