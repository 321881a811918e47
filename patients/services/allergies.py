"""Keeping the answer to "any allergies?" in line with what is recorded."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from core import audit
from core.actor import Actor
from core.db import joins
from core.locks import lock_rows
from patients.allergy_state import status_from
from patients.models import Allergy, Patient


@joins
def settle_allergy_status(patient_ids: Collection[UUID], *, actor: Actor, now: datetime) -> None:
    """Bring the allergy state of these people in line with their recorded allergies."""
    if not patient_ids:
        return
    recorded: dict[UUID, list[Allergy]] = defaultdict(list)
    for allergy in Allergy.objects.filter(patient_id__in=patient_ids):
        recorded[allergy.patient_id].append(allergy)
    changed = []
    for patient in lock_rows(Patient.objects.filter(pk__in=patient_ids)):
        status = status_from(recorded[patient.pk])
        if patient.allergy_status != status:
            patient.allergy_status = status
            patient.version += 1
            patient.updated_at = now
            changed.append(patient)
    if changed:
        Patient.objects.bulk_update(changed, ["allergy_status", "version", "updated_at"])
        details = {patient.pk: {"fields": ["allergy_status"]} for patient in changed}
        audit.record_many("patient.updated", details, subject_type=Patient, actor=actor, now=now)
