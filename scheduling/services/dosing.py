"""A dose that was really given: it fixes its own date and moves the doses that follow."""

from datetime import date, datetime
from uuid import UUID

from clinical.findings import Finding
from clinics.permissions import DOSES_RECORD
from core import audit
from core.actor import Actor
from core.db import command, joins
from core.errors import Conflict, Invalid, RuleBroken
from scheduling import calendars
from scheduling.models import Booking, Visit
from scheduling.placement import refuse_findings
from scheduling.reminder_plans import void_visit
from scheduling.services.anchoring import flag_bookings, reanchor
from scheduling.services.desk import CourseInHand, take_dose
from scheduling.services.offer_rows import close_waiting
from scheduling.services.overriding import go_past
from scheduling.services.rows import release
from scheduling.services.stamps import save


@joins
def mark_given(
    held: CourseInHand,
    visit: Visit,
    *,
    given_on: date,
    actor: Actor,
    now: datetime,
    status: str = Visit.Status.INFUSING,
    override_reason: str = "",
) -> dict[Visit, list[Finding]]:
    """Write that the dose of a visit in hand ran on `given_on`, and re-anchor what follows.

    Later bookings stay; those whose day no longer suits are returned and put in the ledger.
    Raises RuleBroken for a future day, out of order, or before the minimum interval, naming the
    earliest date; with `override_reason` somebody who may override goes past the last of these.
    """
    findings = _refuse_given(held, visit, given_on)
    if override_reason:
        go_past(held, visit, findings, reason=override_reason, actor=actor, now=now)
    else:
        refuse_findings(findings)
    visit.given_on, visit.status = given_on, status
    save(visit, "given_on", "status", now=now)
    void_visit(visit, now=now)
    close_waiting(visit, now=now)
    reanchor(held, now=now)
    audit.record(
        "dose.given", visit, actor=actor, now=now, patient_id=visit.patient_id,
        given_on=given_on, findings=[finding.id for finding in findings],
    )  # fmt: skip
    return flag_bookings(held, visit, actor=actor, now=now)


@command
def record_given(
    *, visit_id: UUID, given_on: date, actor: Actor, now: datetime, override_reason: str = ""
) -> Visit:
    """Record a dose that was given elsewhere or before; its booking, if any, is freed.

    Raises as `mark_given`, and Conflict when the patient is here now: the chart says it then.
    """
    actor.require(DOSES_RECORD)
    held, visit = take_dose(visit_id, actor=actor, now=now)
    booking = held.bookings.get(visit.pk)
    if booking is not None and booking.status == Booking.Status.ARRIVED:
        raise Conflict("The patient has arrived: chart the infusion instead.")
    mark_given(
        held, visit, given_on=given_on, actor=actor, now=now,
        status=Visit.Status.COMPLETED, override_reason=override_reason,
    )  # fmt: skip
    if booking is not None:
        reason = "The dose was given elsewhere."
        release(held, booking, status=Booking.Status.CANCELLED, reason=reason, now=now)
    return visit


def _refuse_given(held: CourseInHand, visit: Visit, given_on: date) -> list[Finding]:
    """Raise for what nobody may go past; return what the protocol says about the day."""
    if given_on > held.today:
        words = "A dose cannot be given on a day to come."
        raise Invalid(words, {"given_on": [words]})
    if visit not in held.pending:
        raise Conflict("This dose is already given or cancelled.")
    first = held.pending[0]
    if first.pk != visit.pk:
        words = f"Dose {first.dose_number} comes first: record that one, or book it."
        raise RuleBroken(words, [held.protocol.finding("DOSE-ORDER", words)])
    before = [other.given_on for other in held.visits if other.given_on is not None]
    if before and given_on <= max(before):
        words = f"The dose before was given on {max(before):%d-%b-%Y}; this one comes after it."
        raise RuleBroken(words, [held.protocol.finding("DOSE-ORDER", words)])
    return calendars.date_findings(held.protocol, held.stretch, visit, given_on, held.given)
