"""Why a dose is late: written down with the person who says so."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Forbidden, Invalid
from scheduling.models import DelayReason, Visit
from scheduling.services.desk import take_dose

LONGEST_NOTE = 200


@command
def record_delay(
    *, visit_id: UUID, code: str, note: str = "", actor: Actor, now: datetime
) -> DelayReason:
    """Write why a visit that waits to be booked is late; earlier reasons stay on record.

    Raises Invalid for an unknown reason or `other` without a note, Conflict when the visit does
    not wait any more, Forbidden for anything but a person.
    """
    actor.require(BOOKINGS_CHANGE)
    if actor.user_id is None:
        raise Forbidden("Only a person can give a reason.")
    note = note.strip()
    problems: dict[str, list[str]] = {}
    if code not in DelayReason.Code.values:
        problems["code"] = ["Choose a reason."]
    if len(note) > LONGEST_NOTE or (code == DelayReason.Code.OTHER and not note):
        problems["note"] = [f"Say which, in up to {LONGEST_NOTE} characters."]
    if problems:
        raise Invalid("Please correct the marked fields.", problems)
    _, visit = take_dose(visit_id, dates=None, actor=actor, now=now)
    if visit.status != Visit.Status.PLANNED:
        raise Conflict("This dose is not waiting to be booked.")
    reason = DelayReason.objects.create(
        visit=visit, code=code, note=note, recorded_at=now, recorded_by_id=actor.user_id
    )
    audit.record(
        "visit.delay_recorded", visit, actor=actor, now=now, patient_id=visit.patient_id, code=code
    )
    return reason
