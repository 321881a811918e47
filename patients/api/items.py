"""Patients as an API client sees them: plain dicts, written by orjson as they stand."""

from datetime import date, datetime
from typing import Annotated, TypedDict
from uuid import UUID

from patients.models import Patient
from patients.selectors_api import PatientRow


class PatientShort(TypedDict):
    """Who, by enough identifiers to match the person with another system's record."""

    id: UUID
    mrn: Annotated[str, "Medical record number, once per clinic."]
    family_name: str
    given_names: str
    birth_date: date


class PatientItem(PatientShort):
    """A person known to the clinic."""

    version: int
    title: str
    sex: Annotated[str, Patient.Sex]
    deceased_on: date | None
    updated_at: datetime


class PatientPage(TypedDict):
    """Patients in the order of their names."""

    items: list[PatientItem]
    next: Annotated[str | None, "Absolute address of the next page; null on the last."]


class PatientDetail(PatientItem):
    """A person with what is needed to reach them."""

    language: str
    telephone: str
    email: str
    channel: Annotated[str, Patient.Channel]
    may_be_messaged: Annotated[bool, "The person agreed to messages and has not withdrawn it."]
    allergy_status: Annotated[str, Patient.AllergyStatus]


def patient_item(row: PatientRow) -> PatientItem:
    """Build a patient's item in a list."""
    return {
        "id": row.id,
        "mrn": row.mrn,
        "family_name": row.family_name,
        "given_names": row.given_names,
        "birth_date": row.birth_date,
        "version": row.version,
        "title": row.title,
        "sex": row.sex,
        "deceased_on": row.deceased_on,
        "updated_at": row.updated_at,
    }


def patient_detail(patient: Patient) -> PatientDetail:
    """Build the whole of a patient."""
    agreed = patient.consented_at is not None and patient.consent_withdrawn_at is None
    return {
        "id": patient.pk,
        "mrn": patient.mrn,
        "family_name": patient.family_name,
        "given_names": patient.given_names,
        "birth_date": patient.birth_date,
        "version": patient.version,
        "title": patient.title,
        "sex": patient.sex,
        "deceased_on": patient.deceased_on,
        "updated_at": patient.updated_at,
        "language": patient.language,
        "telephone": patient.telephone,
        "email": patient.email,
        "channel": patient.channel,
        "may_be_messaged": agreed and patient.channel != Patient.Channel.NONE,
        "allergy_status": patient.allergy_status,
    }
