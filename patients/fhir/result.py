"""FHIR R4 Observation to a test result, for the analytes our rules read."""

from datetime import date, datetime
from decimal import Decimal

from patients.fhir import codes
from patients.fhir.fields import (
    Json,
    child,
    codings,
    decimal,
    moment,
    objects,
    patient_link,
    source_id,
    text,
)
from patients.fhir.records import NotOurs, NotTaken, Place, ResultRecord

FINAL = frozenset({"final", "amended", "corrected"})
NOT_YET = frozenset({"registered", "preliminary", "cancelled", "unknown"})
# SNOMED CT qualifier values, LOINC answers, and the v3 interpretation codes of FHIR.
FINDINGS = {
    **dict.fromkeys(("10828004", "LA6576-8", "POS", "DET", "260373001"), "positive"),
    **dict.fromkeys(("260385009", "LA6577-6", "NEG", "ND", "260415000"), "negative"),
    **dict.fromkeys(("82334004", "419984006", "LA9663-1", "IND", "E"), "indeterminate"),
}
WORDS = {
    **dict.fromkeys(("positive", "reactive", "detected"), "positive"),
    **dict.fromkeys(
        ("negative", "nonreactive", "non-reactive", "not detected", "undetected"), "negative"
    ),
    **dict.fromkeys(("indeterminate", "equivocal", "inconclusive", "borderline"), "indeterminate"),
}


def read_result(resource: Json, place: Place) -> ResultRecord:
    """Return one result. Raises NotOurs for another analyte or one that is not final yet."""
    loinc, label = _analyte(resource)
    status = str(resource.get("status"))
    if status in NOT_YET:
        raise NotOurs("the result is not final")
    if status not in FINAL:
        raise NotTaken(
            "status: withdrawn by its source; if it was imported before, correct it by hand"
        )
    value, unit = _value(resource)
    finding = _finding(resource)
    if value is None and not finding:
        raise NotTaken("value: neither a number nor positive, negative or indeterminate")
    low, high = _range(resource)
    return ResultRecord(
        place=place,
        patient=patient_link(resource, "subject"),
        source_id=source_id(resource),
        loinc=loinc,
        label=label,
        value=value,
        finding=finding,
        unit=unit,
        reference_low=low,
        reference_high=high,
        collected=_collected(resource),
    )


def _analyte(resource: Json) -> tuple[str, str]:
    for system, code in codings(child(resource, "code")):
        analyte = codes.analyte_of(code) if system == codes.LOINC else None
        if analyte is not None:
            return code, analyte.label
    raise NotOurs("not a measurement that a rule reads")


def _value(resource: Json) -> tuple[Decimal | None, str]:
    quantity = child(resource, "valueQuantity")
    if not quantity:
        return None, ""
    if quantity.get("comparator") is not None:
        if _interpreted(resource):
            return None, ""
        raise NotTaken(
            "valueQuantity.comparator: a bound is not a number, and nothing says what it means"
        )
    unit = text(quantity, "unit", limit=20, path="valueQuantity.unit")
    unit = unit or text(quantity, "code", limit=20, path="valueQuantity.code")
    return decimal(quantity, "value", path="valueQuantity.value"), unit or ""


def _finding(resource: Json) -> str:
    for _system, code in codings(child(resource, "valueCodeableConcept")):
        if code in FINDINGS:
            return FINDINGS[code]
    words = text(resource, "valueString", limit=200)
    if words is not None and words.strip().lower() in WORDS:
        return WORDS[words.strip().lower()]
    return _interpreted(resource)


def _interpreted(resource: Json) -> str:
    for concept in objects(resource, "interpretation"):
        for _system, code in codings(concept):
            if code in FINDINGS:
                return FINDINGS[code]
    return ""


def _range(resource: Json) -> tuple[Decimal | None, Decimal | None]:
    for one in objects(resource, "referenceRange"):
        low = decimal(child(one, "low"), "value", path="referenceRange.low.value")
        high = decimal(child(one, "high"), "value", path="referenceRange.high.value")
        if low is not None or high is not None:
            return low, high
    return None, None


def _collected(resource: Json) -> datetime | date:
    found = (
        moment(resource, "effectiveDateTime")
        or moment(resource, "effectiveInstant")
        or moment(child(resource, "effectivePeriod"), "start")
        or moment(resource, "issued")
    )
    if found is None:
        raise NotTaken("effectiveDateTime: missing")
    return found
