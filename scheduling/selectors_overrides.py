"""Reading the rules that were gone past for one patient."""

from collections.abc import Sequence
from uuid import UUID

from core.actor import Actor
from scheduling.models import Override


def overrides_of(actor: Actor, patient_id: UUID) -> Sequence[Override]:
    """Return a patient's overrides, the newest first, with who and which dose; one query.

    The caller records the read.
    """
    rows = Override.objects.filter(patient_id=patient_id, clinic_id=actor.clinic_id)
    return list(rows.select_related("overridden_by", "visit").order_by("-overridden_at", "pk"))
