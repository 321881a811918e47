"""Which dose would be due when, from a first infusion and the doses given."""

from dataclasses import dataclass
from datetime import date

from clinical.calendar import (
    MONTHS_IN_YEAR,
    GivenDose,
    PlannedDose,
    add_months,
    check_date,
    dose_mg,
    earliest_allowed,
    gap_ends,
    project,
)
from clinical.findings import Finding
from clinical.protocol import IntervalMode, Protocol, load
from core.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarQuestion:
    """`given` holds (dose number, day); `years` are counted from the last dose given."""

    edition: str
    first_infusion: date
    given: tuple[tuple[int, date], ...] = ()
    interval_mode: IntervalMode | None = None
    years: int = 2
    propose: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAnswer:
    """`findings` speak about giving the next dose on `proposed`; None when no day was proposed."""

    protocol: Protocol
    interval_mode: IntervalMode
    given: tuple[GivenDose, ...]
    planned: tuple[PlannedDose, ...]
    next_dose: PlannedDose
    earliest_allowed: date | None
    prolonged_gap_from: date | None
    proposed: date | None
    findings: tuple[Finding, ...] | None


def _given(protocol: Protocol, doses: tuple[tuple[int, date], ...]) -> tuple[GivenDose, ...]:
    return tuple(
        GivenDose(number=number, given_on=on, dose_mg=dose_mg(protocol, number))
        for number, on in sorted(doses)
    )


def _planned(
    protocol: Protocol, asked: CalendarQuestion, given: tuple[GivenDose, ...]
) -> tuple[PlannedDose, ...]:
    begins = given[-1].given_on if given else asked.first_infusion
    try:
        doses = project(
            protocol,
            first_infusion=asked.first_infusion,
            given=given,
            until=add_months(begins, MONTHS_IN_YEAR * asked.years),
            interval_mode=asked.interval_mode,
        )
    except ValueError as problem:
        words = f"{problem}.".capitalize()
        raise Invalid("The doses given contradict each other.", {"given": [words]}) from None
    return tuple(doses)


def answer(asked: CalendarQuestion) -> CalendarAnswer:
    """Return the calendar of an adult course. Raises Invalid when the doses contradict each other.

    The first dose not yet given is always among the planned ones: `years` is at least 1.
    """
    protocol = load("ocrelizumab", asked.edition)
    given = _given(protocol, asked.given)
    planned = _planned(protocol, asked, given)
    number, findings = planned[0].number, None
    if asked.propose is not None:
        findings = tuple(
            check_date(
                protocol, dose_number=number, on=asked.propose, given=given, due=planned[0].due
            )
        )
    return CalendarAnswer(
        protocol=protocol,
        interval_mode=asked.interval_mode or protocol.calendar.interval_mode,
        given=given,
        planned=planned,
        next_dose=planned[0],
        earliest_allowed=earliest_allowed(protocol, dose_number=number, given=given),
        prolonged_gap_from=gap_ends(protocol, given[-1].given_on) if given else None,
        proposed=asked.propose,
        findings=findings,
    )
