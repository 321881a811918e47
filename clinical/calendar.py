"""Which dose is due when: from infusion 1, re-anchored on every dose really given.

Infusions 1 and 2 are one split dose, so everything from dose 3 on is counted from infusion 1
until a later dose is on record; from then on, from the last dose given.
"""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import count, pairwise

from clinical.findings import Finding
from clinical.model import CalendarRules, IntervalMode, Protocol

MONTHS_IN_YEAR = 12
DAYS_SEARCHED = 400  # a clinic shut for over a year has no next clinic day


class Roll(StrEnum):
    """Which way a due date moves off a day the clinic is shut."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    """Milligrams per infusion for one patient."""

    initial_mg: int
    maintenance_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDose:
    """A dose that really ran."""

    number: int
    given_on: date
    dose_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDose:
    """A dose not yet given. `projected` means its due date rests on doses not given yet."""

    number: int
    dose_mg: int
    due: date
    earliest: date
    latest: date
    projected: bool


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, MONTHS_IN_YEAR)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def adult_regimen(protocol: Protocol) -> Regimen:
    """Return the adult milligrams of `protocol`."""
    return Regimen(
        initial_mg=protocol.dosing.initial_mg, maintenance_mg=protocol.dosing.maintenance_mg
    )


def dose_mg(protocol: Protocol, number: int, regimen: Regimen | None = None) -> int:
    """Return the milligrams of dose `number`: the split initial doses, then maintenance."""
    regimen = regimen or adult_regimen(protocol)
    initial = number <= protocol.dosing.initial_infusions
    return regimen.initial_mg if initial else regimen.maintenance_mg


def after_intervals(
    protocol: Protocol, anchor: date, intervals: int, interval_mode: IntervalMode | None = None
) -> date:
    """Return the date `intervals` intervals after `anchor`, computed in one step so that a clamped
    month end never shortens the ones that follow."""
    rules = protocol.calendar
    mode = interval_mode or rules.interval_mode
    if mode is IntervalMode.CALENDAR:
        return add_months(anchor, rules.interval_months * intervals)
    weeks = rules.interval_24_weeks if mode is IntervalMode.WEEKS_24 else rules.interval_26_weeks
    return anchor + weeks * intervals


def _checked(given: Sequence[GivenDose]) -> dict[int, GivenDose]:
    """Return the doses by number; ValueError when two share one or their dates go backwards."""
    doses = sorted(given, key=lambda dose: dose.number)
    for before, after in pairwise(doses):
        if before.number == after.number:
            raise ValueError(f"dose {after.number} is on record twice")
        if before.given_on >= after.given_on:
            raise ValueError(f"dose {after.number} is not later than dose {before.number}")
    return {dose.number: dose for dose in doses}


def _anchor(protocol: Protocol, given: dict[int, GivenDose]) -> tuple[int, date] | None:
    """Return the dose intervals are counted from, as (number of the dose one interval before the
    next, date). While only the split dose has run that is infusion 1, standing for both."""
    if not given:
        return None
    last = max(given)
    split = protocol.dosing.initial_infusions
    if last > split:
        return last, given[last].given_on
    return split, given[min(given)].given_on


def _initial(protocol: Protocol, first: date, number: int) -> tuple[date, date, date]:
    rules = protocol.calendar
    if number == 1:
        return first, first, first
    due = first + rules.infusion_2_after * (number - 1)
    return due, due - rules.infusion_2_window, due + rules.infusion_2_window


def _window(rules: CalendarRules, due: date, before: date) -> tuple[date, date, date]:
    minimum = add_months(before, rules.minimum_interval_months)
    return due, max(due - rules.window_before, minimum), due + rules.window_after


def project(
    protocol: Protocol,
    *,
    first_infusion: date,
    given: Sequence[GivenDose] = (),
    until: date,
    interval_mode: IntervalMode | None = None,
    regimen: Regimen | None = None,
) -> list[PlannedDose]:
    """Return the doses not yet given that fall due up to and including `until`.

    `first_infusion` is the plan for dose 1 and is superseded by the date it was really given.
    Source: article S2 and S3; anchor, minimum and re-anchoring from the label (HCP, SMPC-B).
    Raises ValueError when `given` contradicts itself.
    """
    doses = _checked(given)
    split = protocol.dosing.initial_infusions
    base, anchor = _anchor(protocol, doses) or (split, first_infusion)
    planned: list[PlannedDose] = []
    for number in count(max(doses, default=0) + 1):
        if number <= split:
            due, earliest, latest = _initial(protocol, anchor, number)
        else:
            due = after_intervals(protocol, anchor, number - base, interval_mode)
            before = after_intervals(protocol, anchor, number - base - 1, interval_mode)
            due, earliest, latest = _window(protocol.calendar, due, before)
        if due > until:
            break
        planned.append(
            PlannedDose(
                number=number,
                dose_mg=dose_mg(protocol, number, regimen),
                due=due,
                earliest=earliest,
                latest=latest,
                projected=number > 1 if not doses else number > base + 1,
            )
        )
    return planned


def earliest_allowed(
    protocol: Protocol, *, dose_number: int, given: Sequence[GivenDose]
) -> date | None:
    """Return the first date the minimum interval allows dose `dose_number`, None when it does not
    apply: for the two initial infusions, and while no dose is on record.

    Source: at least five months between doses (HCP, DC, SMPC-B); infusions 1 and 2 are one dose.
    """
    if dose_number <= protocol.dosing.initial_infusions:
        return None
    before = {n: dose for n, dose in _checked(given).items() if n < dose_number}
    anchor = _anchor(protocol, before)
    if anchor is None:
        return None
    return add_months(anchor[1], protocol.calendar.minimum_interval_months)


def gap_ends(protocol: Protocol, last_given: date) -> date:
    """Return the date from which the gap since `last_given` counts as prolonged."""
    return add_months(last_given, protocol.calendar.prolonged_gap_months)


def is_prolonged_gap(protocol: Protocol, *, last_given: date, today: date) -> bool:
    """Return whether only a prescriber may say how treatment restarts (ROCHE-MI: no
    recommendation exists; the threshold is policy and needs sign-off)."""
    return today >= gap_ends(protocol, last_given)


def gap_findings(protocol: Protocol, *, last_given: date | None, today: date) -> list[Finding]:
    """Return GAP-PROLONGED, with the prescriber's choices in its words, or nothing."""
    if last_given is None or not is_prolonged_gap(protocol, last_given=last_given, today=today):
        return []
    options = " or ".join(protocol.calendar.restart_options)
    words = (
        f"The last dose was on {last_given.isoformat()}. Nothing is booked by itself after a "
        f"prolonged gap; the prescriber chooses: {options}."
    )
    return [protocol.finding("GAP-PROLONGED", words)]


def payer_findings(
    protocol: Protocol, *, on: date, last_given: date | None, minimum: timedelta | None = None
) -> list[Finding]:
    """Return PAYER-INTERVAL when `on` is sooner after `last_given` than the payer allows.

    `minimum` is the payer's own interval; None takes the protocol's. Off unless called for, or
    unless the protocol turns the gate on for `check_date`.
    """
    if last_given is None:
        return []
    allowed = last_given + (minimum or protocol.calendar.payer_minimum)
    if on >= allowed:
        return []
    words = f"The payer covers the next dose from {allowed.isoformat()}."
    return [protocol.finding("PAYER-INTERVAL", words)]


def _order_findings(
    protocol: Protocol, dose_number: int, on: date, doses: dict[int, GivenDose]
) -> list[Finding]:
    before = [dose for number, dose in doses.items() if number < dose_number]
    if dose_number in doses:
        words = f"Dose {dose_number} was given on {doses[dose_number].given_on.isoformat()}."
    elif before and on <= before[-1].given_on:
        words = (
            f"Dose {before[-1].number} was given on {before[-1].given_on.isoformat()}; "
            f"dose {dose_number} comes after it."
        )
    elif later := [dose for number, dose in doses.items() if number > dose_number]:
        words = f"Dose {later[0].number} was already given, on {later[0].given_on.isoformat()}."
    else:
        return []
    return [protocol.finding("DOSE-ORDER", words)]


def _minimum_findings(
    protocol: Protocol, dose_number: int, on: date, given: Sequence[GivenDose]
) -> list[Finding]:
    allowed = earliest_allowed(protocol, dose_number=dose_number, given=given)
    if allowed is None or on >= allowed:
        return []
    months = protocol.calendar.minimum_interval_months
    words = (
        f"Dose {dose_number} must be at least {months} months after the dose before. "
        f"Earliest date is {allowed.isoformat()}."
    )
    return [protocol.finding("INTERVAL-MINIMUM", words)]


def _late_second_findings(
    protocol: Protocol, dose_number: int, on: date, doses: dict[int, GivenDose]
) -> list[Finding]:
    split = protocol.dosing.initial_infusions
    first, second = doses.get(split - 1), doses.get(split)
    if dose_number != split + 1 or second is None:
        return []
    rules = protocol.calendar
    on_time = rules.infusion_2_after + rules.infusion_2_window
    if first is not None and second.given_on <= first.given_on + on_time:
        return []
    months = protocol.calendar.minimum_interval_months
    settled = add_months(second.given_on, months)
    if on >= settled:
        return []
    words = (
        f"Infusion {split} was late ({second.given_on.isoformat()}): {months} months after it is "
        f"{settled.isoformat()}. The label does not say; the prescriber decides."
    )
    return [protocol.finding("INFUSION-2-LATE", words)]


def _window_findings(protocol: Protocol, dose_number: int, on: date, due: date) -> list[Finding]:
    rules = protocol.calendar
    if dose_number == 1:
        return []
    if dose_number <= protocol.dosing.initial_infusions:
        if abs(on - due) <= rules.infusion_2_window:
            return []
        words = f"Infusion {dose_number} is due on {due.isoformat()}, this is {on.isoformat()}."
        return [protocol.finding("INFUSION-2-WINDOW", words)]
    if on < due - rules.window_before:
        words = f"{(due - on).days} days before the due date {due.isoformat()}."
        return [protocol.finding("WINDOW-EARLY", words)]
    if on > due + rules.window_after:
        words = (
            f"{(on - due).days} days after the due date {due.isoformat()}. Give it as soon as "
            "possible; the dose after it moves with it."
        )
        return [protocol.finding("WINDOW-LATE", words)]
    return []


def check_date(
    protocol: Protocol,
    *,
    dose_number: int,
    on: date,
    given: Sequence[GivenDose],
    due: date,
) -> list[Finding]:
    """Return every finding about giving dose `dose_number` on `on`.

    Raises ValueError when `given` contradicts itself.
    """
    doses = _checked(given)
    before = [dose.given_on for number, dose in doses.items() if number < dose_number]
    last = before[-1] if before else None
    findings = _order_findings(protocol, dose_number, on, doses)
    findings += _minimum_findings(protocol, dose_number, on, given)
    findings += _late_second_findings(protocol, dose_number, on, doses)
    findings += _window_findings(protocol, dose_number, on, due)
    findings += gap_findings(protocol, last_given=last, today=on)
    if protocol.calendar.payer_gate and dose_number > protocol.dosing.initial_infusions:
        findings += payer_findings(protocol, on=on, last_given=last)
    return findings


def roll_to_clinic_day(
    day: date,
    *,
    is_open: Callable[[date], bool],
    direction: Roll | str = Roll.FORWARD,
    not_before: date,
) -> date:
    """Return the clinic day nearest to `day` in `direction`, never before `not_before`.

    Backward turns forward when no clinic day is left before the bound. Raises ValueError when the
    clinic has no open day within a year.
    """
    if Roll(direction) is Roll.BACKWARD:
        for back in range(DAYS_SEARCHED):
            candidate = day - timedelta(days=back)
            if candidate < not_before:
                break
            if is_open(candidate):
                return candidate
    start = max(day, not_before)
    for ahead in range(DAYS_SEARCHED):
        if is_open(start + timedelta(days=ahead)):
            return start + timedelta(days=ahead)
    raise ValueError(f"no clinic day within {DAYS_SEARCHED} days of {start.isoformat()}")
