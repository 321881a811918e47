"""A course's calendar from its rows: what is due when, and what a date would break.

A prescriber who restarts a course after a prolonged gap begins a new stretch of its calendar.
Dose numbers run on, but the arithmetic starts afresh: `Stretch` carries one into the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from clinical import calendar
from clinical.calendar import GivenDose, PlannedDose, Regimen
from clinical.findings import Finding
from clinical.protocol import Protocol
from scheduling.models import Course, Restart, Visit

YEARS_AHEAD = 2
LONGER_THAN_ANY_INTERVAL = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A run of doses counted from one beginning: the course's own, or a restart after a gap.

    Dose `first` is number `counts_as` to the protocol: 1 when the split dose is given (again),
    the first maintenance number when a restart is one full dose.
    """

    first: int
    counts_as: int
    begins_on: date

    def inward(self, number: int) -> int:
        """Return the protocol's number of the course's dose `number`."""
        return number - self.first + self.counts_as

    def outward(self, number: int) -> int:
        """Return the course's number of the protocol's dose `number`."""
        return number - self.counts_as + self.first


def stretch_of(course: Course, restart: Restart | None, protocol: Protocol) -> Stretch:
    """Return the stretch a course is in now."""
    if restart is None:
        return Stretch(first=1, counts_as=1, begins_on=course.first_infusion_on)
    single = restart.regimen == Restart.Regimen.SINGLE_600
    return Stretch(
        first=restart.dose_number,
        counts_as=protocol.dosing.initial_infusions + 1 if single else 1,
        begins_on=restart.first_on,
    )


def given_doses(visits: Iterable[Visit], stretch: Stretch) -> list[GivenDose]:
    """Return the doses given in this stretch, numbered as the protocol counts them."""
    return [
        GivenDose(
            number=stretch.inward(visit.nth_dose), given_on=visit.given_on, dose_mg=visit.milligrams
        )
        for visit in visits
        if visit.given_on is not None and visit.nth_dose >= stretch.first
    ]


def plan(
    protocol: Protocol,
    stretch: Stretch,
    given: Sequence[GivenDose],
    *,
    until: date,
    regimen: Regimen,
) -> list[PlannedDose]:
    """Return the doses still to give in `stretch` that fall due by `until`, numbered as the
    course counts them."""
    opening: list[PlannedDose] = []
    if stretch.counts_as > 1 and not given:
        # A single full dose restarts: it is due on the day the prescriber named.
        on, number = stretch.begins_on, stretch.counts_as
        opening = [
            PlannedDose(
                number=number, dose_mg=regimen.maintenance_mg, due=on, earliest=on, latest=on,
                projected=False,
            )
        ]  # fmt: skip
        given = [GivenDose(number=number, given_on=on, dose_mg=regimen.maintenance_mg)]
    doses = opening + calendar.project(
        protocol,
        first_infusion=stretch.begins_on,
        given=given,
        until=until,
        regimen=regimen,
    )
    return [replace(dose, number=stretch.outward(dose.number)) for dose in doses]


def dose_after(
    protocol: Protocol,
    stretch: Stretch,
    number: int,
    doses: Sequence[GivenDose],
    *,
    today: date,
    regimen: Regimen,
) -> PlannedDose | None:
    """Return dose `number` of the course as it is planned once `doses` are given; None while there
    are none, or they are out of order."""
    if not doses or any(later.given_on <= dose.given_on for dose, later in pairwise(doses)):
        return None
    until = max(doses[-1].given_on, today) + LONGER_THAN_ANY_INTERVAL
    planned = plan(protocol, stretch, doses, until=until, regimen=regimen)
    return next((dose for dose in planned if dose.number == number), None)


def horizon(today: date) -> date:
    """Return how far ahead calendars are written out."""
    return calendar.add_months(today, 12 * YEARS_AHEAD)


def assumed_doses(
    protocol: Protocol,
    visits: Iterable[Visit],
    stretch: Stretch,
    *,
    before: int,
    booked: Mapping[int, date],
    today: date,
) -> list[GivenDose]:
    """Return the doses before number `before` as they will have been given by then.

    One not given yet counts from the day it is booked for, else from the first day it can still
    be given well: its due date, today, or its interval after the dose before it, whichever is
    last. A later dose is so never promised too close to one that is still to come.
    """
    doses: list[GivenDose] = []
    for visit in visits:
        if not stretch.first <= visit.nth_dose < before:
            continue
        number = stretch.inward(visit.nth_dose)
        on = visit.given_on or booked.get(visit.nth_dose)
        if on is None:
            on = max(visit.due_on, today, _soonest(protocol, number, doses))
        doses.append(GivenDose(number=number, given_on=on, dose_mg=visit.milligrams))
    return doses


def _soonest(protocol: Protocol, number: int, doses: Sequence[GivenDose]) -> date:
    if not doses:
        return date.min
    last = doses[-1].given_on
    if number <= protocol.dosing.initial_infusions:
        return last + protocol.calendar.infusion_2_after
    allowed = calendar.add_months(doses[0].given_on, protocol.calendar.minimum_interval_months)
    if doses[-1].number > protocol.dosing.initial_infusions:
        allowed = calendar.add_months(last, protocol.calendar.minimum_interval_months)
    return max(allowed, last + timedelta(days=1))


def date_findings(
    protocol: Protocol, stretch: Stretch, visit: Visit, on: date, before: Sequence[GivenDose]
) -> list[Finding]:
    """Return everything the protocol says about giving `visit` on `on`, after the doses `before`.

    When those are out of order among themselves (a dose booked before the one it follows), that
    is the one finding.
    """
    ordered = sorted(before, key=lambda dose: dose.number)
    dates = [dose.given_on for dose in ordered] + [on]
    if any(later <= earlier for earlier, later in pairwise(dates)):
        last = max(ordered, key=lambda dose: dose.given_on)
        number = stretch.outward(last.number)
        words = f"Dose {number} comes first, on {last.given_on:%d-%b-%Y}."
        return [protocol.finding("DOSE-ORDER", words)]
    return calendar.check_date(
        protocol,
        dose_number=stretch.inward(visit.nth_dose),
        on=on,
        given=ordered,
        due=visit.due_on,
    )
