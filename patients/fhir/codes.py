"""The code tables beside this package, read once: vaccines, analytes, conditions, allergies."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data"

CVX = "http://hl7.org/fhir/sid/cvx"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10 = ("http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm")
ABSENT_OR_UNKNOWN = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"

# Statements about all allergies at once. Those about one kind of substance say too little to count.
NO_KNOWN_ALLERGIES = frozenset({(SNOMED, "716186003"), (ABSENT_OR_UNKNOWN, "no-known-allergies")})
ALLERGIES_UNAVAILABLE = frozenset({(ABSENT_OR_UNKNOWN, "no-allergy-info")})
ONLY_PARTLY_NONE = frozenset(
    {
        (SNOMED, "409137002"),
        (SNOMED, "428607008"),
        (SNOMED, "429625007"),
        (ABSENT_OR_UNKNOWN, "no-known-medication-allergies"),
        (ABSENT_OR_UNKNOWN, "no-known-environmental-allergies"),
        (ABSENT_OR_UNKNOWN, "no-known-food-allergies"),
    }
)


@dataclass(frozen=True, slots=True)
class Analyte:
    """A measured thing that a rule reads, whatever the method: `key` is ours, `label` is shown."""

    key: str
    label: str
    loinc: tuple[str, ...]


def is_live(cvx: str) -> bool | None:
    """Return whether a CVX code is a live vaccine; None for a code the table does not hold."""
    return _cvx().get(cvx)


def analyte_of(loinc: str) -> Analyte | None:
    """Return the analyte a LOINC code measures, or None when no rule reads it."""
    return _by_loinc().get(loinc)


@cache
def analytes() -> tuple[Analyte, ...]:
    """Return every analyte our rules read, in the order of the table."""
    return tuple(
        Analyte(key, entry["label"], tuple(entry["loinc"]))
        for key, entry in _load("analytes").items()
        if isinstance(entry, dict)
    )


def condition_kind(codings: Iterable[tuple[str, str]]) -> str | None:
    """Return the state that any of (system, code) stands for, or None."""
    for system, code in codings:
        for kind, entry in _conditions().items():
            if system == SNOMED and code in entry["snomed"]:
                return kind
            if system in ICD10 and code.startswith(tuple(entry["icd10"])):
                return kind
    return None


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def _cvx() -> dict[str, bool]:
    table = _load("cvx")
    return dict.fromkeys(table["live"], True) | dict.fromkeys(table["not_live"], False)


@cache
def _by_loinc() -> dict[str, Analyte]:
    return {code: analyte for analyte in analytes() for code in analyte.loinc}


@cache
def _conditions() -> dict[str, dict[str, list[str]]]:
    return {kind: entry for kind, entry in _load("conditions").items() if isinstance(entry, dict)}
