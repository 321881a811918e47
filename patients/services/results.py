"""Laboratory results entered by hand."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from clinics.permissions import FACTS_RECORD
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Invalid
from patients.fhir.codes import analytes
from patients.models import TestResult
from patients.services.records import take_patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A result as the laboratory reported it: a number with its unit, or a finding in a word."""

    analyte: str
    collected_at: datetime
    value: Decimal | None = None
    finding: str = ""
    unit: str = ""
    reference_low: Decimal | None = None
    reference_high: Decimal | None = None


@command
def enter_result(
    *, patient_id: UUID, measured: Measured, actor: Actor, now: datetime
) -> TestResult:
    """Record a result. Raises Invalid when it is not complete or still to come."""
    patient = take_patient(patient_id, FACTS_RECORD, actor=actor)
    known = {one.key: one for one in analytes()}.get(measured.analyte)
    if known is None:
        raise Invalid("No such test.", {"analyte": ["Choose one of the list."]})
    _check(measured, now)
    result = TestResult.objects.create(
        patient=patient,
        source_id=str(uuid4()),
        loinc=known.loinc[0],
        label=known.label,
        value=measured.value,
        finding=measured.finding,
        unit=measured.unit,
        reference_low=measured.reference_low,
        reference_high=measured.reference_high,
        collected_at=measured.collected_at,
    )
    audit.record("result.entered", result, actor=actor, now=now, patient_id=patient.pk)
    return result


def _check(measured: Measured, now: datetime) -> None:
    problems: dict[str, list[str]] = {}
    if (measured.value is None) == (not measured.finding):
        problems["value"] = ["A number, or positive, negative or indeterminate: one of the two."]
    if measured.value is not None and not measured.unit:
        problems["unit"] = ["A number needs its unit."]
    if measured.collected_at > now:
        problems["collected_at"] = ["This moment is still to come."]
    low, high = measured.reference_low, measured.reference_high
    if low is not None and high is not None and low > high:
        problems["reference_low"] = ["Above the upper limit."]
    if problems:
        raise Invalid("The result is not complete.", problems)
