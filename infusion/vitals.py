"""Vital signs: which, in what unit, and what no living patient has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from clinical.model import Protocol
from clinical.observation import vitals_findings
from core.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One vital sign: its words, its unit, and the span a device can show on a patient."""

    label: str
    unit: str
    lowest: Decimal
    highest: Decimal


RANGES = {
    "systolic": Range(
        label="Systolic pressure", unit="mmHg", lowest=Decimal(40), highest=Decimal(300)
    ),
    "diastolic": Range(
        label="Diastolic pressure", unit="mmHg", lowest=Decimal(20), highest=Decimal(200)
    ),
    "heart_rate": Range(label="Heart rate", unit="/min", lowest=Decimal(20), highest=Decimal(300)),
    "respiratory_rate": Range(
        label="Respiratory rate", unit="/min", lowest=Decimal(4), highest=Decimal(80)
    ),
    "spo2": Range(label="Oxygen saturation", unit="%", lowest=Decimal(40), highest=Decimal(100)),
    "temperature_c": Range(label="Temperature", unit="°C", lowest=Decimal(30), highest=Decimal(44)),
}


def out_of_range(protocol: Protocol, values: Mapping[str, Any]) -> list[str]:
    """Return, sign by sign, what of one charted set the protocol does not expect, in words.

    A warning and no more: it stops nothing, and what was measured is charted all the same.
    """
    taken = {name: Fraction(values[name]) for name in RANGES if name in values}
    found = []
    for item in vitals_findings(protocol, taken):
        name, _, rest = item.words.partition(": ")
        value, _, expected = rest.rstrip(".").partition(", ")
        found.append(f"{RANGES[name].label} {value} {RANGES[name].unit} ({expected})")
    return found


def check_vitals(vitals: Mapping[str, Decimal | int | None]) -> dict[str, str]:
    """Return the signs that were taken, as exact digits.

    Raises Invalid when none was, for a name not in RANGES, and for a value outside its range.
    """
    taken = {name: Decimal(value) for name, value in vitals.items() if value is not None}
    problems: dict[str, list[str]] = {}
    for name, value in taken.items():
        known = RANGES.get(name)
        if known is None:
            problems[name] = ["Not a vital sign we chart."]
        elif not known.lowest <= value <= known.highest:
            problems[name] = [f"{known.lowest} to {known.highest} {known.unit}."]
    systolic, diastolic = taken.get("systolic"), taken.get("diastolic")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        problems["diastolic"] = ["Below the systolic pressure."]
    if not taken:
        problems["systolic"] = ["Enter at least one sign."]
    if problems:
        raise Invalid("Check these vital signs.", problems)
    return {name: str(value) for name, value in taken.items()}
