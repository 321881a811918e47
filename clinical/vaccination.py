"""Vaccines around treatment: before the start, during it, and until B cells recover (S21, S22)."""

from datetime import date, timedelta

from clinical.facts import Facts, Vaccine
from clinical.findings import Finding
from clinical.model import Protocol


def interval(protocol: Protocol, *, live: bool) -> timedelta:
    """Return how long before the first infusion a vaccination should be complete."""
    rules = protocol.eligibility
    return rules.live_vaccine_before if live else rules.nonlive_vaccine_before


def earliest_start(protocol: Protocol, vaccine: Vaccine) -> date:
    """Return the first day an infusion may follow `vaccine`."""
    return vaccine.on + interval(protocol, live=vaccine.live)


def recent_vaccine_findings(
    protocol: Protocol, facts: Facts, *, on: date, starting: bool
) -> list[Finding]:
    """Return the vaccinations too close before an infusion on `on`: live ones before every
    infusion, others before the first only."""
    findings: list[Finding] = []
    for vaccine in facts.vaccines:
        opens = earliest_start(protocol, vaccine)
        if not vaccine.on <= on < opens or not (vaccine.live or starting):
            continue
        rule_id = "VACCINE-LIVE-RECENT" if vaccine.live else "VACCINE-NONLIVE-RECENT"
        words = (
            f"{vaccine.name} on {vaccine.on.isoformat()}: the infusion is best on or after "
            f"{opens.isoformat()}."
        )
        findings.append(protocol.finding(rule_id, words))
    return findings


def for_vaccination(
    protocol: Protocol,
    vaccine: Vaccine,
    *,
    first_infusion: date | None,
    b_cells_recovered: bool = False,
) -> list[Finding]:
    """Return what stands in the way of giving `vaccine` on its day.

    `first_infusion` is the first of the course, given or planned, None when there is none. From
    that day until B cells recover a live vaccine is refused and any other may work less well.
    """
    if first_infusion is None or b_cells_recovered:
        return []
    during, late = "VACCINE-NONLIVE-DURING", "VACCINE-NONLIVE-LATE"
    if vaccine.live:
        during, late = "VACCINE-LIVE-DURING", "VACCINE-LIVE-LATE"
    if vaccine.on >= first_infusion:
        words = (
            f"{vaccine.name} on {vaccine.on.isoformat()}: treatment began on "
            f"{first_infusion.isoformat()} and B cells have not recovered."
        )
        return [protocol.finding(during, words)]
    opens = earliest_start(protocol, vaccine)
    if opens <= first_infusion:
        return []
    words = (
        f"{vaccine.name} on {vaccine.on.isoformat()}: the first infusion, planned for "
        f"{first_infusion.isoformat()}, is best on or after {opens.isoformat()}."
    )
    return [protocol.finding(late, words)]
