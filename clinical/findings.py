"""What a rule says about a patient, a bag or a date: it never raises and never decides who acts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How far a finding stands in the way, mildest first."""

    CLEAR = "clear"
    CAUTION = "caution"
    HOLD = "hold"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Position in the order clear, caution, hold, block."""
        return list(Severity).index(self)


class Grade(StrEnum):
    """How strong the evidence for a value is (docs/clinical/rules.md)."""

    ARTICLE = "-"
    LABEL = "A"
    SECONDARY = "B"
    PRACTICE = "C"
    POLICY = "P"
    MEMORY = "M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a protocol: what it is called, how severe it is, who may go past it."""

    id: str
    title: str
    severity: Severity
    source: tuple[str, ...]
    grade: Grade
    needs_sign_off: bool
    clears_when: str
    override_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule said about one set of facts.

    `override_by` names the roles that may go past it with a reason; empty means nobody may, and
    only a change of the facts (`clears_when`) removes it.
    """

    id: str
    severity: Severity
    words: str
    source: tuple[str, ...]
    grade: Grade
    needs_sign_off: bool
    clears_when: str
    override_by: tuple[str, ...]


def finding(rule: Rule, words: str) -> Finding:
    """Return what `rule` says, in `words` that carry the facts (dates, rates, names)."""
    return Finding(
        id=rule.id,
        severity=rule.severity,
        words=words,
        source=rule.source,
        grade=rule.grade,
        needs_sign_off=rule.needs_sign_off,
        clears_when=rule.clears_when,
        override_by=rule.override_by,
    )


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the most severe of `findings`, clear when there are none."""
    return max(
        (item.severity for item in findings),
        key=lambda severity: severity.rank,
        default=Severity.CLEAR,
    )


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return `findings` with the most severe first, then by id."""
    return sorted(findings, key=lambda item: (-item.severity.rank, item.id))
