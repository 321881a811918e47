"""Which dose would be due when, from a first infusion and the doses given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from clinical.calendar import (
    MONTHS_IN_YEAR,
    GivenDose,
    PlannedDose,
    Regimen,
    Roll,
    add_months,
    adult_regimen,
    check_date,
    dose_mg,
    earliest_allowed,
    gap_ends,
    payer_findings,
    project,
    roll_to_clinic_day,
)
from clinical.findings import Finding
from clinical.protocol import IntervalMode, Protocol, load
from core.errors import Invalid


class Weekday(StrEnum):
    """The days of the week, in the order Python counts them."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class RegimenFor(StrEnum):
    """Whose milligrams a calendar carries."""

    ADULT = "adult"
    PAEDIATRIC = "paediatric"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarQuestion:
    """`given` holds (dose number, day); `years` are counted from the last dose given.

    With `open_on` each due date is rolled to a day the clinic is open. `payer_minimum_days` is a
    payer's own interval; None asks no payer.
    """

    edition: str
    first_infusion: date
    given: tuple[tuple[int, date], ...] = ()
    interval_mode: IntervalMode | None = None
    years: int = 2
    propose: date | None = None
    regimen: RegimenFor = RegimenFor.ADULT
    open_on: tuple[Weekday, ...] = ()
    roll: Roll = Roll.FORWARD
    payer_minimum_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAnswer:
    """`findings` speak about giving the next dose on `proposed`; None when no day was proposed.

    `clinic_days` holds by dose number the day a due date rolls to; empty unless it was asked.
    """

    protocol: Protocol
    interval_mode: IntervalMode
    regimen: Regimen
    given: tuple[GivenDose, ...]
    planned: tuple[PlannedDose, ...]
    next_dose: PlannedDose
    earliest_allowed: date | None
    prolonged_gap_from: date | None
    proposed: date | None
    findings: tuple[Finding, ...] | None
    clinic_days: Mapping[int, date] = field(default_factory=dict)


def _regimen(protocol: Protocol, asked: CalendarQuestion) -> Regimen:
    if asked.regimen is RegimenFor.ADULT:
        return adult_regimen(protocol)
    rules = protocol.dosing.paediatric
    if not rules.allowed:
        words = "This edition has no regimen for children."
        raise Invalid("The request is not valid.", {"regimen": [words]})
    return Regimen(initial_mg=rules.initial_mg, maintenance_mg=rules.maintenance_mg)


def _given(
    protocol: Protocol, doses: tuple[tuple[int, date], ...], regimen: Regimen
) -> tuple[GivenDose, ...]:
    return tuple(
        GivenDose(number=number, given_on=on, dose_mg=dose_mg(protocol, number, regimen))
        for number, on in sorted(doses)
    )


def _planned(
    protocol: Protocol, asked: CalendarQuestion, given: tuple[GivenDose, ...], regimen: Regimen
) -> tuple[PlannedDose, ...]:
    begins = given[-1].given_on if given else asked.first_infusion
    try:
        doses = project(
            protocol,
            first_infusion=asked.first_infusion,
            given=given,
            until=add_months(begins, MONTHS_IN_YEAR * asked.years),
            interval_mode=asked.interval_mode,
            regimen=regimen,
        )
    except ValueError as problem:
        words = f"{problem}.".capitalize()
        raise Invalid("The doses given contradict each other.", {"given": [words]}) from None
    return tuple(doses)


def _clinic_days(asked: CalendarQuestion, planned: tuple[PlannedDose, ...]) -> Mapping[int, date]:
    if not asked.open_on:
        return {}
    open_on = {list(Weekday).index(day) for day in asked.open_on}
    return {
        dose.number: roll_to_clinic_day(
            dose.due,
            is_open=lambda day: day.weekday() in open_on,
            direction=asked.roll,
            not_before=dose.earliest,
        )
        for dose in planned
    }


def _about(
    protocol: Protocol, asked: CalendarQuestion, given: tuple[GivenDose, ...], dose: PlannedDose
) -> tuple[Finding, ...] | None:
    """Return what speaks about giving `dose` on the day proposed, None when none was."""
    if asked.propose is None:
        return None
    found = check_date(
        protocol, dose_number=dose.number, on=asked.propose, given=given, due=dose.due
    )
    if asked.payer_minimum_days is not None and dose.number > protocol.dosing.initial_infusions:
        found += payer_findings(
            protocol,
            on=asked.propose,
            last_given=given[-1].given_on if given else None,
            minimum=timedelta(days=asked.payer_minimum_days),
        )
    return tuple(found)


def answer(asked: CalendarQuestion) -> CalendarAnswer:
    """Return the calendar of a course. Raises Invalid when the doses contradict each other, and for
    a child's regimen in an edition without one.

    The first dose not yet given is always among the planned ones: `years` is at least 1.
    """
    protocol = load("ocrelizumab", asked.edition)
    regimen = _regimen(protocol, asked)
    given = _given(protocol, asked.given, regimen)
    planned = _planned(protocol, asked, given, regimen)
    number = planned[0].number
    return CalendarAnswer(
        protocol=protocol,
        interval_mode=asked.interval_mode or protocol.calendar.interval_mode,
        regimen=regimen,
        given=given,
        planned=planned,
        next_dose=planned[0],
        earliest_allowed=earliest_allowed(protocol, dose_number=number, given=given),
        prolonged_gap_from=gap_ends(protocol, given[-1].given_on) if given else None,
        proposed=asked.propose,
        findings=_about(protocol, asked, given, planned[0]),
        clinic_days=_clinic_days(asked, planned),
    )
