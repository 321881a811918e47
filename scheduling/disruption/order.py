"""Whether a visit may have a day beside the other doses of its course, as they are booked."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date

from clinical.calendar import GivenDose
from clinical.findings import Severity
from scheduling.calendars import date_findings
from scheduling.course_in_hand import CourseInHand
from scheduling.in_hand import InHand
from scheduling.models import ClinicDay, Visit


def may_have(held: InHand, visit: Visit, day: date) -> bool:
    """Whether nothing in the protocol holds up `visit` on `day`, and no dose booked after it that
    would not be held up anyway."""
    return _keeps(held, visit, day, Severity.HOLD)


def suits(held: InHand, visit: Visit, day: date) -> bool:
    """Whether the protocol has nothing to remark about `visit` on `day`, and nothing new about
    any dose booked after it: every interval is kept as it is planned."""
    return _keeps(held, visit, day, Severity.CAUTION)


def _keeps(held: InHand, visit: Visit, day: date, least: Severity) -> bool:
    if not isinstance(held, CourseInHand):
        return True
    now = held.booked_days
    then = {**now, visit.nth_dose: day}
    after = [other for other in held.after(visit) if other.nth_dose in now]
    return not _remarked(held, visit, then, least) and not any(
        _remarked(held, other, then, least) and not _remarked(held, other, now, least)
        for other in after
    )


def _remarked(
    held: CourseInHand, visit: Visit, booked: Mapping[int, date], least: Severity
) -> bool:
    before = held.doses_before(visit, booked)
    on, due = booked[visit.nth_dose], copy(visit)
    due.due_on = _due_after(held, visit, before)
    found = date_findings(held.protocol, held.stretch, due, on, before)
    return any(each.severity.rank >= least.rank for each in found)


def _due_after(held: CourseInHand, visit: Visit, before: Sequence[GivenDose]) -> date:
    """Return when a dose is due once the doses before it are given as assumed: the second half of
    the split dose follows the first wherever that goes."""
    number = held.stretch.inward(visit.nth_dose)
    if before and 1 < number <= held.protocol.dosing.initial_infusions:
        return before[-1].given_on + held.protocol.calendar.infusion_2_after
    return visit.due_on


def assume(held: InHand, visit: Visit, day: date | None) -> None:
    """Reckon from now on with `visit` on `day`, or without a booking. Nothing is written."""
    if day is None:
        held.bookings.pop(visit.pk, None)
    else:
        held.bookings[visit.pk].clinic_day = ClinicDay(clinic=held.clinic, date=day)
