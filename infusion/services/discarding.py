"""What was charted, refused, and given up: it is in no record, but that it was is written down."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import INFUSIONS_CHART
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict
from core.models import AuditEntry
from infusion.models import InfusionEvent
from infusion.services.charting import lock_visit

ACTION = "infusion.entry_discarded"


@command
def discard_entry(
    *,
    event_id: UUID,
    visit_id: UUID,
    act: str,
    tapped_at: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write that a refused entry was discarded, once however often it is told.

    `reason` is one of the words the page offers, never free text. Raises Forbidden without the
    permission, NotFound for another clinic's visit, Conflict when the entry is in the record.
    """
    actor.require(INFUSIONS_CHART)
    visit = lock_visit(visit_id, actor)
    if InfusionEvent.objects.filter(pk=event_id).exists():
        raise Conflict("This entry is in the record. Correct it there.")
    told = AuditEntry.objects.filter(
        action=ACTION, subject_id=visit.pk, details__event=str(event_id)
    )
    if told.exists():
        return
    audit.record(
        ACTION, visit, actor=actor, now=now, patient_id=visit.patient_id,
        event=str(event_id), act=act, tapped_at=tapped_at.isoformat(), reason=reason,
    )  # fmt: skip
