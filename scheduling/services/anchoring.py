"""Writing a course's calendar anew from what was really given."""

from datetime import datetime

from clinical.calendar import PlannedDose, add_months
from clinical.findings import Finding
from core import audit
from core.actor import Actor
from core.db import joins
from scheduling import calendars
from scheduling.models import Visit
from scheduling.reminder_plans import plan_visits
from scheduling.services.desk import CourseInHand, InHand
from scheduling.services.rows import new_visits
from scheduling.services.stamps import save
from scheduling.treatment import regimen_for

MONTHS_APART = 6  # the longest interval of any edition; only bounds how far to project


@joins
def reanchor(held: CourseInHand, *, now: datetime) -> list[Visit]:
    """Give every dose still to come its dates counted from the last dose given, and write the
    doses that have come within two years. Bookings stay where they are. Returns what changed."""
    doses = {dose.number: dose for dose in _doses(held)}
    changed = []
    for visit in held.pending:
        if visit.nth_dose in doses and _differs(visit, doses[visit.nth_dose]):
            _adopt(visit, doses[visit.nth_dose], now)
            changed.append(visit)
    last = max((visit.nth_dose for visit in held.visits), default=0)
    horizon = calendars.horizon(held.today)
    to_write = [dose for number, dose in doses.items() if number > last and dose.due <= horizon]
    written = new_visits(held.course, to_write, now)
    held.visits.extend(written)
    plan_visits([*changed, *written], now=now)
    return changed + written


@joins
def flag_bookings(
    held: InHand, after: Visit, *, actor: Actor, now: datetime
) -> dict[Visit, list[Finding]]:
    """Return the booked doses `after` one whose day no longer suits the calendar, and put them in
    the ledger. Nothing moves: a person decides what to do with a promise."""
    flagged = {}
    for visit in held.after(after):
        if visit.pk in held.bookings:
            booking = held.bookings[visit.pk]
            findings = held.findings(visit, booking.clinic_day.date)
            if findings:
                flagged[visit] = findings
                audit.record(
                    "booking.flagged", booking, actor=actor, now=now, patient_id=visit.patient_id,
                    findings=[finding.id for finding in findings],
                )  # fmt: skip
    return flagged


def _doses(held: CourseInHand) -> list[PlannedDose]:
    given = held.given
    latest = max([held.today, held.stretch.begins_on, *(dose.given_on for dose in given)])
    until = add_months(latest, 12 * calendars.YEARS_AHEAD + MONTHS_APART * (len(held.pending) + 1))
    return calendars.plan(
        held.protocol,
        held.stretch,
        given,
        until=until,
        regimen=regimen_for(held.protocol, held.patient, on=held.today),
    )


def _differs(visit: Visit, dose: PlannedDose) -> bool:
    stands = (visit.due_on, visit.earliest_on, visit.latest_on, visit.dose_mg)
    return stands != (dose.due, dose.earliest, dose.latest, dose.dose_mg)


def _adopt(visit: Visit, dose: PlannedDose, now: datetime) -> None:
    visit.due_on, visit.earliest_on, visit.latest_on = dose.due, dose.earliest, dose.latest
    visit.dose_mg = dose.dose_mg
    save(visit, "due_on", "earliest_on", "latest_on", "dose_mg", now=now)
