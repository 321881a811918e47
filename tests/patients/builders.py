"""Inputs and listeners for the import tests, made by hand and small enough to read."""

import json
from pathlib import Path
from typing import Any

from clinics.models import Clinic
from clinics.permissions import PATIENTS_IMPORT
from core.actor import Actor, system_actor
from patients.fhir.records import Refused
from patients.fhir.source import open_source
from patients.importing import import_everything
from patients.services.tally import Tally
from tests.people import MONDAY_NINE

REAL = Path(__file__).resolve().parents[1] / "data" / "fhir-bulk-100"


class Heard:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.refusals: list[Refused] = []
        self.progress: list[int] = []

    def refused(self, refusal: Refused) -> None:
        self.refusals.append(refusal)

    def progressed(self, tally: Tally) -> None:
        self.progress.append(tally.lines_read)

    def lines(self) -> list[str]:
        """Return each refusal as the command prints it."""
        return [f"{one.place}: {one.resource}: {one.reason}" for one in self.refusals]


def importer(clinic: Clinic) -> Actor:
    """Return the actor the command imports as."""
    return system_actor(clinic.pk, PATIENTS_IMPORT)


def import_from(path: Path, clinic: Clinic, heard: Heard | None = None) -> Tally:
    """Import `path` into `clinic`, batch by batch, as the command does."""
    return import_everything(
        source=open_source(path),
        actor=importer(clinic),
        now=MONDAY_NINE,
        listener=heard or Heard(),
    )


def patient(mrn: str = "M1", **changes: Any) -> dict[str, Any]:
    """Return a FHIR Patient as JSON, with the id and the record number `mrn`."""
    return {
        "resourceType": "Patient",
        "id": mrn,
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": mrn}],
        "name": [{"use": "official", "family": "Ångström", "given": ["Ída", "Zoë"]}],
        "gender": "female",
        "birthDate": "1988-03-04",
    } | changes


def allergy(source_id: str = "A1", mrn: str = "M1", **changes: Any) -> dict[str, Any]:
    """Return an active FHIR AllergyIntolerance as JSON."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": source_id,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "criticality": "high",
        "code": {
            "coding": [{"system": "http://snomed.info/sct", "code": "111088007"}],
            "text": "Latex",
        },
        "patient": {"reference": f"Patient/{mrn}"},
        "recordedDate": "2020-01-02",
    } | changes


def vaccination(source_id: str = "V1", mrn: str = "M1", **changes: Any) -> dict[str, Any]:
    """Return a FHIR Immunization as JSON: MMR, which is live."""
    return {
        "resourceType": "Immunization",
        "id": source_id,
        "status": "completed",
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "03"}],
                        "text": "MMR"},
        "patient": {"reference": f"Patient/{mrn}"},
        "occurrenceDateTime": "2019-05-06T10:11:12+02:00",
    } | changes  # fmt: skip


def observation(source_id: str = "O1", mrn: str = "M1", **changes: Any) -> dict[str, Any]:
    """Return a FHIR Observation as JSON: IgG 7.5 g/L, of 7.0 to 16.0."""
    return {
        "resourceType": "Observation",
        "id": source_id,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2465-3"}]},
        "subject": {"reference": f"Patient/{mrn}"},
        "effectiveDateTime": "2026-01-05T08:30:00+01:00",
        "valueQuantity": {"value": 7.5, "unit": "g/L"},
        "referenceRange": [{"low": {"value": 7.0}, "high": {"value": 16.0}}],
    } | changes


def condition(source_id: str = "C1", mrn: str = "M1", **changes: Any) -> dict[str, Any]:
    """Return a FHIR Condition as JSON: a pregnancy that lasts."""
    return {
        "resourceType": "Condition",
        "id": source_id,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "77386006"}]},
        "subject": {"reference": f"Patient/{mrn}"},
        "onsetDateTime": "2026-01-15",
    } | changes


def ndjson(folder: Path, *resources: dict[str, Any] | str, name: str = "in.ndjson") -> Path:
    """Write resources (or raw lines) as an NDJSON file and return its path."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def bundle(folder: Path, *resources: dict[str, Any], name: str = "in.json") -> Path:
    """Write resources as a Bundle, each under a urn:uuid fullUrl, and return its path."""
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
    path = folder / name
    path.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, indent=1),
        encoding="utf-8",
    )
    return path
