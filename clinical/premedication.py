"""What is given before every infusion, when, and what is wrong with what was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from clinical.findings import Finding
from clinical.model import Protocol


class PremedicationKind(StrEnum):
    """What a medicine is given for."""

    STEROID = "steroid"
    ANTIHISTAMINE = "antihistamine"
    ANTIPYRETIC = "antipyretic"


_MISSING = {
    PremedicationKind.STEROID: "PREMED-STEROID-MISSING",
    PremedicationKind.ANTIHISTAMINE: "PREMED-ANTIHISTAMINE-MISSING",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationDue:
    """One medicine and its window, in UTC. `about` is the moment the label names, when it does."""

    kind: PremedicationKind
    drugs: tuple[str, ...]
    dose_mg: Fraction | None
    route: str
    required: bool
    opens_at: datetime
    closes_at: datetime
    about: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationGiven:
    """One medicine that was given. `dose_mg` None means no dose is on record."""

    kind: PremedicationKind
    drug: str
    given_at: datetime
    dose_mg: Fraction | None = None


def steroid_dose_mg(
    protocol: Protocol, *, age_years: int | None = None, weight_kg: Fraction | None = None
) -> Fraction:
    """Return the methylprednisolone dose in mg: the adult dose, or for a child below the weight
    limit a dose by weight (L26)."""
    rules = protocol.premedication
    child = age_years is not None and age_years < protocol.dosing.adult_age_years
    if child and weight_kg is not None and weight_kg < rules.child_below_kg:
        return weight_kg * rules.child_steroid_mg_per_kg
    return rules.steroid_mg


def _windows(protocol: Protocol) -> dict[PremedicationKind, tuple[timedelta, timedelta]]:
    """Return, by kind, how long before the start the window opens and closes."""
    rules = protocol.premedication
    return {
        PremedicationKind.STEROID: (rules.steroid_earliest, rules.steroid_latest),
        PremedicationKind.ANTIHISTAMINE: (
            rules.antihistamine_earliest,
            rules.antihistamine_latest,
        ),
        PremedicationKind.ANTIPYRETIC: (rules.antipyretic_earliest, rules.antipyretic_latest),
    }


def premedication_due(
    protocol: Protocol,
    *,
    infusion_start: datetime,
    age_years: int | None = None,
    weight_kg: Fraction | None = None,
) -> tuple[PremedicationDue, ...]:
    """Return what is due before an infusion that starts at `infusion_start`, earliest first.

    Source: article S5 (both required); EU-PL, L26 (dose and times); the antipyretic is optional.
    """
    rules, start = protocol.premedication, infusion_start.astimezone(UTC)
    windows = _windows(protocol)
    drugs = {
        PremedicationKind.ANTIHISTAMINE: rules.antihistamines,
        PremedicationKind.ANTIPYRETIC: rules.antipyretics,
        PremedicationKind.STEROID: (rules.steroid,),
    }
    steroid = steroid_dose_mg(protocol, age_years=age_years, weight_kg=weight_kg)
    return tuple(
        PremedicationDue(
            kind=kind,
            drugs=names,
            dose_mg=steroid if kind is PremedicationKind.STEROID else None,
            route=rules.steroid_route if kind is PremedicationKind.STEROID else "",
            required=kind in _MISSING,
            opens_at=start - windows[kind][0],
            closes_at=start - windows[kind][1],
            about=start - rules.steroid_before if kind is PremedicationKind.STEROID else None,
        )
        for kind, names in drugs.items()
    )


def _off_by(window: tuple[timedelta, timedelta], before: timedelta) -> timedelta:
    """Return how far `before` lies outside a window (longest, shortest time before): negative when
    too late, positive when too early, zero inside."""
    earliest, latest = window
    return before - min(max(before, latest), earliest)


def _timing(protocol: Protocol, kind: PremedicationKind, befores: list[timedelta]) -> list[Finding]:
    """Judge the one of several doses that lies nearest to its window."""
    window, minute = _windows(protocol)[kind], timedelta(minutes=1)
    before = min(befores, key=lambda each: abs(_off_by(window, each)))
    off = _off_by(window, before)
    earliest, latest = (span // minute for span in window)
    if off == timedelta(0):
        return []
    # Rounded away from the window, so that what is outside never reads as inside.
    rule_id, shown = (
        ("PREMED-EARLY", -(-before // minute))
        if off > timedelta(0)
        else ("PREMED-LATE", before // minute)
    )
    words = (
        f"The {kind} was given {shown} min before the start; its window is {earliest} to "
        f"{latest} min before."
    )
    return [protocol.finding(rule_id, words)]


def _steroid_dose(
    protocol: Protocol, given: PremedicationGiven, needed_mg: Fraction
) -> list[Finding]:
    """Compare one glucocorticoid with the dose that equals `needed_mg` of methylprednisolone."""
    rules = protocol.premedication
    equal = {item.drug: item.dose_mg for item in rules.steroid_equivalents}
    if given.drug not in equal:
        words = f"No dose of {given.drug} is on file as equal to {rules.steroid}."
        return [protocol.finding("PREMED-STEROID-UNKNOWN", words)]
    enough = equal[given.drug] * needed_mg / rules.steroid_mg
    if given.dose_mg is None or given.dose_mg >= enough:
        return []
    words = f"{float(given.dose_mg):g} mg of {given.drug}; {float(enough):g} mg is the dose."
    return [protocol.finding("PREMED-STEROID-DOSE", words)]


def check_premedication(
    protocol: Protocol,
    *,
    infusion_start: datetime,
    given: Sequence[PremedicationGiven],
    age_years: int | None = None,
    weight_kg: Fraction | None = None,
) -> list[Finding]:
    """Return what is wrong with the premedication for a start at `infusion_start`.

    A required medicine that was not given before the start blocks it; one outside its window, or a
    glucocorticoid below its dose, is a caution. Source: article S5; SMPC-B ("must be").
    """
    start = infusion_start.astimezone(UTC)
    findings: list[Finding] = []
    for kind in PremedicationKind:
        items = [
            item for item in given if item.kind is kind and item.given_at.astimezone(UTC) <= start
        ]
        if items:
            befores = [start - item.given_at.astimezone(UTC) for item in items]
            findings += _timing(protocol, kind, befores)
        elif kind in _MISSING:
            words = f"No {kind} is charted before the start."
            findings.append(protocol.finding(_MISSING[kind], words))
        if kind is PremedicationKind.STEROID and items:
            needed = steroid_dose_mg(protocol, age_years=age_years, weight_kg=weight_kg)
            judged = [_steroid_dose(protocol, item, needed) for item in items]
            findings += [] if [] in judged else judged[0]
    return findings


def antihypertensive_findings(
    protocol: Protocol, *, last_taken: datetime | None, infusion_start: datetime
) -> list[Finding]:
    """Return PREMED-ANTIHYPERTENSIVE for one taken within the time the leaflet names (EU-PL)."""
    if last_taken is None:
        return []
    before = infusion_start.astimezone(UTC) - last_taken.astimezone(UTC)
    limit = protocol.premedication.antihypertensive_withhold
    if before >= limit:
        return []
    words = (
        f"Taken less than {limit // timedelta(hours=1)} h before the start: blood pressure may "
        "fall during the infusion."
    )
    return [protocol.finding("PREMED-ANTIHYPERTENSIVE", words)]
