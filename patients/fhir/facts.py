"""FHIR R4 AllergyIntolerance, Immunization and Condition to records.

Each reader raises NotTaken or NotOurs.
"""

from datetime import date

from patients.fhir import codes
from patients.fhir.fields import (
    Json,
    checked,
    child,
    code_of,
    codings,
    day,
    day_or_none,
    display_of,
    patient_link,
    source_id,
    text,
)
from patients.fhir.records import (
    AllergyRecord,
    ConditionRecord,
    NotOurs,
    NotTaken,
    Place,
    VaccinationRecord,
)

VACCINATION_STATUS = {"completed": "given", "not-done": "not_done", "entered-in-error": "not_done"}
OVER = frozenset({"inactive", "remission", "resolved"})
PML = "progressive_multifocal_leukoencephalopathy"


def read_allergy(resource: Json, place: Place) -> AllergyRecord:
    """Return one allergy. A refuted or mistaken one keeps that as its clinical status."""
    concept = child(resource, "code")
    found = list(codings(concept))
    if codes.ONLY_PARTLY_NONE.intersection(found):
        raise NotOurs("says only that one kind of allergy is absent")
    substance = display_of(concept, "code", 200)
    if substance is None and not found:
        raise NotTaken("code: missing")
    system, code = next(iter(_telling(found)), ("", ""))
    return AllergyRecord(
        place=place,
        patient=patient_link(resource, "patient"),
        source_id=source_id(resource),
        substance=substance or checked(code, "code.coding.code", 200),
        code_system=checked(system, "code.coding.system", 120),
        code=checked(code, "code.coding.code", 40),
        criticality=text(resource, "criticality", limit=20) or "",
        clinical_status=_allergy_status(resource),
        recorded_on=day_or_none(resource, "recordedDate"),
    )


def _telling(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put the codings that decide the allergy state first: only one of them is kept."""
    decisive = codes.NO_KNOWN_ALLERGIES | codes.ALLERGIES_UNAVAILABLE
    return sorted(found, key=lambda coding: coding not in decisive)


def _allergy_status(resource: Json) -> str:
    verification = code_of(child(resource, "verificationStatus"))
    if verification in {"refuted", "entered-in-error"}:
        return verification
    # No clinical status is read as active: the safe reading of an allergy nobody closed.
    return checked(code_of(child(resource, "clinicalStatus")) or "active", "clinicalStatus", 20)


def read_vaccination(resource: Json, place: Place) -> VaccinationRecord:
    """Return one vaccine, live or not by its CVX code. A mistaken entry was not given."""
    status = VACCINATION_STATUS.get(str(resource.get("status")))
    if status is None:
        raise NotTaken("status: not one of completed, not-done, entered-in-error")
    occurred_on = day(resource, "occurrenceDateTime")
    if occurred_on is None:
        raise NotTaken("occurrenceDateTime: missing")
    concept = child(resource, "vaccineCode")
    cvx = next((code for system, code in codings(concept) if system == codes.CVX), "").zfill(2)
    cvx = "" if cvx == "00" else checked(cvx, "vaccineCode.coding.code", 10)
    name = display_of(concept, "vaccineCode", 200) or (f"CVX {cvx}" if cvx else None)
    if name is None:
        raise NotTaken("vaccineCode: missing")
    return VaccinationRecord(
        place=place,
        patient=patient_link(resource, "patient"),
        source_id=source_id(resource),
        cvx=cvx,
        name=name,
        is_live=codes.is_live(cvx),
        status=status,
        occurred_on=occurred_on,
    )


def read_condition(resource: Json, place: Place) -> ConditionRecord:
    """Return one state a rule asks about. Raises NotOurs for any other diagnosis."""
    kind = codes.condition_kind(codings(child(resource, "code")))
    if kind is None:
        raise NotOurs("not a diagnosis that a rule reads")
    verification = code_of(child(resource, "verificationStatus"))
    if verification in {"refuted", "entered-in-error"}:
        raise NotTaken(
            "verificationStatus: withdrawn by its source; if it was imported before, end it by hand"
        )
    if kind == PML:
        kind = "confirmed_pml" if verification == "confirmed" else "suspected_pml"
    from_date, until_date = _span(resource)
    return ConditionRecord(
        place=place,
        patient=patient_link(resource, "subject"),
        source_id=source_id(resource),
        kind=kind,
        from_date=from_date,
        until_date=until_date,
    )


def _span(resource: Json) -> tuple[date, date | None]:
    onset = child(resource, "onsetPeriod")
    from_date = (
        day(resource, "onsetDateTime") or day(onset, "start") or day(resource, "recordedDate")
    )
    if from_date is None:
        raise NotTaken("onsetDateTime: missing, and no recordedDate to stand for it")
    until_date = (
        day(resource, "abatementDateTime")
        or day(child(resource, "abatementPeriod"), "end")
        or day(onset, "end")
    )
    if until_date is None and code_of(child(resource, "clinicalStatus")) in OVER:
        raise NotTaken("abatementDateTime: missing for a condition that is over")
    if until_date is not None and until_date < from_date:
        raise NotTaken("abatementDateTime: before onsetDateTime")
    return from_date, until_date
