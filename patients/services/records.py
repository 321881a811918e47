"""A patient's own record: who they are, how they are reached, whether they agreed to be."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from clinics.models import Clinic
from clinics.permissions import PATIENTS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command, joins, refusing
from core.errors import Conflict, Invalid
from core.locks import lock_row
from core.zones import local_date
from patients.models import Patient

CHANGED_MEANWHILE = "Somebody changed this record meanwhile. Look at it again, then save."


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a form says about a person. Weight is in kilograms."""

    mrn: str
    family_name: str
    given_names: str
    title: str
    birth_date: date
    sex: str
    deceased_on: date | None
    language: str
    telephone: str
    email: str
    channel: str
    weight_kg: Decimal | None


@command
def create_patient(*, details: Details, actor: Actor, now: datetime) -> Patient:
    """Add a person to the actor's clinic.

    Raises Forbidden, Invalid for details that cannot be, Conflict when the record number is taken.
    """
    actor.require(PATIENTS_CHANGE)
    patient = Patient(clinic_id=actor.clinic_id, updated_at=now)
    _apply(details, patient, now)
    with refusing(patient_mrn_once=_number_taken()):
        patient.save(force_insert=True)
    audit.record("patient.created", patient, actor=actor, now=now, patient_id=patient.pk)
    return patient


@command
def change_patient(
    *, patient_id: UUID, version: int, details: Details, actor: Actor, now: datetime
) -> Patient:
    """Save what differs. Raises NotFound, Forbidden, Invalid, and Conflict for a stale version."""
    patient = take_patient(patient_id, PATIENTS_CHANGE, actor=actor, version=version)
    changed = _apply(details, patient, now)
    if changed:
        with refusing(patient_mrn_once=_number_taken()):
            save_patient(patient, changed, actor=actor, now=now)
    return patient


@command
def give_consent(*, patient_id: UUID, version: int, actor: Actor, now: datetime) -> Patient:
    """Note that the patient agreed to messages, today, to this member of staff."""
    patient = take_patient(patient_id, PATIENTS_CHANGE, actor=actor, version=version)
    if patient.consented_at is not None and patient.consent_withdrawn_at is None:
        raise Conflict("Consent is already recorded.")
    patient.consented_at, patient.consented_by_id = now, actor.user_id
    patient.consent_withdrawn_at = None
    names = ["consented_at", "consented_by", "consent_withdrawn_at"]
    save_patient(patient, names, actor=actor, now=now, action="consent.given")
    return patient


@command
def withdraw_consent(*, patient_id: UUID, version: int, actor: Actor, now: datetime) -> Patient:
    """Note that the patient wants no messages any more. Who agreed, and when, stays on record."""
    patient = take_patient(patient_id, PATIENTS_CHANGE, actor=actor, version=version)
    if patient.consented_at is None or patient.consent_withdrawn_at is not None:
        raise Conflict("There is no consent to withdraw.")
    patient.consent_withdrawn_at = now
    save_patient(
        patient, ["consent_withdrawn_at"], actor=actor, now=now, action="consent.withdrawn"
    )
    return patient


@joins
def take_patient(
    patient_id: UUID, permission: str, *, actor: Actor, version: int | None = None
) -> Patient:
    """Lock one of the clinic's patients for a change.

    Raises NotFound for another clinic's, Forbidden, and Conflict when `version` is not theirs.
    """
    patient = lock_row(Patient.objects.filter(clinic_id=actor.clinic_id, pk=patient_id))
    actor.require(permission)
    if version is not None and patient.version != version:
        raise Conflict(CHANGED_MEANWHILE)
    return patient


@joins
def save_patient(
    patient: Patient,
    names: list[str],
    *,
    actor: Actor,
    now: datetime,
    action: str = "patient.updated",
) -> None:
    """Save fields of a locked patient with its next version, and record which they were."""
    patient.version += 1
    patient.updated_at = now
    patient.save(update_fields=[*names, "version", "updated_at"])
    audit.record(action, patient, actor=actor, now=now, patient_id=patient.pk, fields=names)


def _apply(details: Details, patient: Patient, now: datetime) -> list[str]:
    clinic = Clinic.objects.get(pk=patient.clinic_id)
    _check(details, local_date(now, clinic.time_zone))
    names = [one.name for one in fields(details)]
    changed = [name for name in names if getattr(patient, name) != getattr(details, name)]
    for name in changed:
        setattr(patient, name, getattr(details, name))
    if patient.deceased_undated and patient.deceased_on is not None:
        patient.deceased_undated = False
        changed.append("deceased_undated")
    return changed


def _check(details: Details, today: date) -> None:
    problems: dict[str, list[str]] = {}
    if not details.mrn.strip():
        problems["mrn"] = ["A record number is needed."]
    if not details.family_name.strip() and not details.given_names.strip():
        problems["family_name"] = ["A name is needed."]
    if details.birth_date > today:
        problems["birth_date"] = ["This day is still to come."]
    if details.deceased_on is not None and not details.birth_date <= details.deceased_on <= today:
        problems["deceased_on"] = ["Not between the day of birth and today."]
    if details.channel == Patient.Channel.EMAIL and not details.email:
        problems["email"] = ["Messages by e-mail need an address."]
    if details.weight_kg is not None and not 0 < details.weight_kg < 500:
        problems["weight_kg"] = ["Between 0 and 500 kg."]
    if problems:
        raise Invalid("Some details cannot be.", problems)


def _number_taken() -> Conflict:
    return Conflict("Another patient of this clinic has this record number.")
