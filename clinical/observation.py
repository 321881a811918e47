"""Watching the patient: what vital signs say, and the time after the real end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from clinical.findings import Finding
from clinical.model import ExpectedRange, Protocol
from clinical.vitals import missing_after_end


def observe_until(protocol: Protocol, actual_end: datetime) -> datetime:
    """Return when observation may end, in UTC: elapsed time from the actual end, never the planned
    one. Source: at least an hour (article S6, EU-PL, HCP)."""
    return actual_end.astimezone(UTC) + protocol.observation.after_end


def reaction_window_until(protocol: Protocol, actual_end: datetime) -> datetime:
    """Return until when a reaction still counts as one to this infusion, in UTC (HCP, EU-PL)."""
    return actual_end.astimezone(UTC) + protocol.reaction.window_after_end


def delayed_reaction_findings(
    protocol: Protocol, *, actual_end: datetime, onset: datetime
) -> list[Finding]:
    """Return REACTION-DELAYED for signs that began after the end and inside the window."""
    end, began = actual_end.astimezone(UTC), onset.astimezone(UTC)
    until = reaction_window_until(protocol, actual_end)
    if not end < began <= until:
        return []
    words = (
        f"Signs began {began - end} after the end; until {until.isoformat()} they count as a "
        "reaction to this infusion. The prescriber reviews before the next dose."
    )
    return [protocol.finding("REACTION-DELAYED", words)]


def vitals_findings(protocol: Protocol, taken: Mapping[str, Fraction]) -> list[Finding]:
    """Return VITALS-OUT-OF-RANGE for each sign of one set outside the protocol's expected range.

    `taken` by the signs' names, in the units they are charted in. A sign without a range says
    nothing; nothing here stops or changes an infusion.
    """
    return [
        protocol.finding("VITALS-OUT-OF-RANGE", f"{row.sign}: {_number(value)}, {_expected(row)}.")
        for row in protocol.observation.vitals_expected
        if (value := taken.get(row.sign)) is not None and _outside(row, value)
    ]


def _outside(row: ExpectedRange, value: Fraction) -> bool:
    return (row.low is not None and value < row.low) or (row.high is not None and value > row.high)


def _expected(row: ExpectedRange) -> str:
    if row.low is not None and row.high is not None:
        return f"expected {_number(row.low)} to {_number(row.high)}"
    if row.low is not None:
        return f"expected {_number(row.low)} or more"
    assert row.high is not None  # a value cannot be outside a range without limits
    return f"expected {_number(row.high)} or less"


def _number(value: Fraction) -> str:
    return f"{float(value):g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """When the patient may go, and what stands in the way now."""

    opens_at: datetime | None
    findings: tuple[Finding, ...]

    @property
    def allowed(self) -> bool:
        """Whether nothing but cautions stands in the way."""
        return all(item.severity.rank <= 1 for item in self.findings)


def check_discharge(
    protocol: Protocol,
    *,
    actual_end: datetime | None,
    at: datetime,
    vitals: Sequence[datetime] = (),
    symptoms_open: bool = False,
) -> Discharge:
    """Return whether the patient may leave at `at`, and what a shorter stay needs.

    A shorter stay needs the prescriber's sign-off named in OBSERVATION-SHORT.
    """
    if actual_end is None:
        words = "The end of the infusion is not charted; observation starts from it."
        return Discharge(opens_at=None, findings=(protocol.finding("OBSERVATION-NO-END", words),))
    end, until = actual_end.astimezone(UTC), observe_until(protocol, actual_end)
    findings: list[Finding] = []
    if at.astimezone(UTC) < until:
        words = f"Observation runs until {until.isoformat()}, from the actual end."
        findings.append(protocol.finding("OBSERVATION-SHORT", words))
    if symptoms_open:
        words = "Symptoms are not charted as resolved."
        findings.append(protocol.finding("OBSERVATION-SYMPTOMS", words))
    due = missing_after_end(protocol, end, [taken.astimezone(UTC) for taken in vitals])
    if due is not None:
        words = f"Vital signs due at {due.at.isoformat()} are not charted."
        findings.append(protocol.finding("OBSERVATION-VITALS", words))
    return Discharge(opens_at=until, findings=tuple(findings))
