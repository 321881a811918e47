"""Reading reminders. Nothing here writes."""

from uuid import UUID

from reminders.models import Reminder


def last_told(subject_id: UUID) -> dict[str, str]:
    """Return, per kind, the occurrence of a subject that was told last."""
    sent = Reminder.objects.filter(subject_id=subject_id, state=Reminder.State.SENT)
    rows = sent.order_by("settled_at").values_list("kind", "dedupe_key")
    return {kind: key.split(":")[2] for kind, key in rows}
