"""Allergies as told at the desk or the chair: added, ended, or stated to be absent."""

from datetime import datetime
from uuid import UUID, uuid4

from clinics.permissions import FACTS_RECORD
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, NotFound, RuleBroken
from patients.facts_checked import today_of, words
from patients.models import Allergy, Patient
from patients.services.allergies import settle_allergy_status
from patients.services.records import save_patient, take_patient

STATEMENTS = {
    Patient.AllergyStatus.NONE_KNOWN,
    Patient.AllergyStatus.NOT_RECORDED,
    Patient.AllergyStatus.UNAVAILABLE,
}


@command
def add_allergy(
    *, patient_id: UUID, substance: str, criticality: str, actor: Actor, now: datetime
) -> Allergy:
    """Record an active allergy; the patient's allergy state becomes "known"."""
    patient = take_patient(patient_id, FACTS_RECORD, actor=actor)
    allergy = Allergy.objects.create(
        patient=patient,
        source_id=str(uuid4()),
        substance=words(substance, "substance", 200),
        criticality=criticality,
        clinical_status="active",
        recorded_on=today_of(actor, now),
    )
    audit.record("allergy.added", allergy, actor=actor, now=now, patient_id=patient.pk)
    settle_allergy_status([patient.pk], actor=actor, now=now)
    return allergy


@command
def end_allergy(*, allergy_id: UUID, actor: Actor, now: datetime) -> Allergy:
    """Note that an allergy is resolved. Raises Conflict when it is not active any more."""
    allergy = Allergy.objects.filter(pk=allergy_id, patient__clinic_id=actor.clinic_id).first()
    if allergy is None:
        raise NotFound
    take_patient(allergy.patient_id, FACTS_RECORD, actor=actor)
    allergy.refresh_from_db()
    if allergy.clinical_status != "active":
        raise Conflict("This allergy was ended before.")
    allergy.clinical_status = "resolved"
    allergy.save(update_fields=["clinical_status"])
    audit.record("allergy.ended", allergy, actor=actor, now=now, patient_id=allergy.patient_id)
    settle_allergy_status([allergy.patient_id], actor=actor, now=now)
    return allergy


@command
def state_allergies(
    *, patient_id: UUID, version: int, status: str, actor: Actor, now: datetime
) -> Patient:
    """Record that there are none known, that nobody asked, or that nobody can say.

    "Known" is never stated: it follows from an allergy. Raises RuleBroken while one is active.
    """
    patient = take_patient(patient_id, FACTS_RECORD, actor=actor, version=version)
    if status not in STATEMENTS:
        raise Invalid("Not a statement about allergies.", {"status": ["Choose one of the list."]})
    if patient.allergies.filter(clinical_status="active").exists():
        raise RuleBroken("An active allergy is recorded. End it first, if it is over.")
    patient.allergy_status = status
    save_patient(patient, ["allergy_status"], actor=actor, now=now)
    return patient
