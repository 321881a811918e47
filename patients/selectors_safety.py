"""What rules ask about one patient, as a page shows it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.actor import Actor
from patients.allergy_state import ACTIVE
from patients.fhir.codes import analyte_of
from patients.models import Allergy, Condition, Patient, SignOff, TestResult, Vaccination
from patients.selectors import open_record


@dataclass(frozen=True, slots=True)
class Safety:
    """One patient's allergies, conditions, results, vaccinations and sign-offs, newest first."""

    patient: Patient
    allergies: list[Allergy]
    conditions: list[Condition]
    latest_results: list[TestResult]
    earlier_results: list[TestResult]
    vaccinations: list[Vaccination]
    sign_offs: list[SignOff]

    @property
    def open_conditions(self) -> list[Condition]:
        """Those that have not ended."""
        return [one for one in self.conditions if one.until_date is None]


def safety_of(*, patient_id: UUID, actor: Actor, now: datetime) -> Safety:
    """Return what stands in the patient's safety record, and record that it was read.

    Raises NotFound for another clinic's patient. The number of statements is always the same.
    """
    patient = open_record(actor=actor, patient_id=patient_id, now=now, page="safety")
    latest, earlier = _by_analyte(list(patient.test_results.order_by("-collected_at", "id")))
    return Safety(
        patient=patient,
        allergies=sorted(patient.allergies.all(), key=_active_first),
        conditions=list(patient.conditions.order_by("-from_date", "id")),
        latest_results=latest,
        earlier_results=earlier,
        vaccinations=list(patient.vaccinations.order_by("-occurred_on", "name")),
        sign_offs=list(patient.sign_offs.select_related("signed_by").order_by("-signed_at")),
    )


def _active_first(allergy: Allergy) -> tuple[bool, str, date]:
    return (
        allergy.clinical_status != ACTIVE,
        allergy.substance.lower(),
        allergy.recorded_on or date.min,
    )


def _by_analyte(newest_first: list[TestResult]) -> tuple[list[TestResult], list[TestResult]]:
    """Part the newest result of each analyte, whatever the method, from the earlier ones."""
    seen: set[str] = set()
    latest: list[TestResult] = []
    earlier: list[TestResult] = []
    for result in newest_first:
        analyte = analyte_of(result.loinc)
        key = analyte.key if analyte else result.loinc
        (earlier if key in seen else latest).append(result)
        seen.add(key)
    return latest, earlier
