"""What premedication says about the start: what is missing, from when, until when. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinical.model import Protocol
from clinical.premedication import PremedicationGiven, PremedicationKind

REQUIRED = (PremedicationKind.STEROID, PremedicationKind.ANTIHISTAMINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Which mandatory medicines are still missing, and the span in which a start is on time."""

    missing: tuple[PremedicationKind, ...]
    start_from: datetime | None
    start_until: datetime | None

    @property
    def complete(self) -> bool:
        """Both mandatory medicines are charted."""
        return not self.missing


def purpose_of(protocol: Protocol, drug: str) -> PremedicationKind | None:
    """Return what the protocol gives `drug` for; None for a drug it does not name."""
    rules, name = protocol.premedication, drug.strip().lower()
    known = {
        PremedicationKind.STEROID: {row.drug for row in rules.steroid_equivalents},
        PremedicationKind.ANTIHISTAMINE: set(rules.antihistamines),
        PremedicationKind.ANTIPYRETIC: set(rules.antipyretics),
    }
    return next((kind for kind, names in known.items() if name in names), None)


def windows(protocol: Protocol) -> dict[PremedicationKind, tuple[timedelta, timedelta]]:
    """Return by kind how soon and how late after the medicine the infusion may start."""
    rules = protocol.premedication
    return {
        PremedicationKind.STEROID: (rules.steroid_latest, rules.steroid_earliest),
        PremedicationKind.ANTIHISTAMINE: (
            rules.antihistamine_latest,
            rules.antihistamine_earliest,
        ),
    }


def readiness(protocol: Protocol, given: Iterable[PremedicationGiven]) -> Readiness:
    """Return what the medicines given in this attendance mean for the start.

    Of several of one kind the last counts. The span is that of the rules PREMED-LATE and
    PREMED-EARLY; it is empty when the two medicines were given too far apart.
    """
    last = {item.kind: item.given_at for item in sorted(given, key=lambda item: item.given_at)}
    spans = [
        (last[kind] + soonest, last[kind] + latest)
        for kind, (soonest, latest) in windows(protocol).items()
        if kind in last
    ]
    return Readiness(
        missing=tuple(kind for kind in REQUIRED if kind not in last),
        start_from=max((opens for opens, _ in spans), default=None),
        start_until=min((closes for _, closes in spans), default=None),
    )
