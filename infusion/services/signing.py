"""A prescriber's word on a hold found before the start: today's, by name, with its reason."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import RULES_OVERRIDE
from core.actor import Actor
from core.db import command
from core.errors import RuleBroken
from core.zones import day_span, local_date
from infusion.before_start import prepared, signable
from infusion.models import InfusionEvent
from infusion.selectors_before import on_record, patient_findings
from patients.models import SignOff
from patients.services.sign_offs import write_sign_off
from scheduling.services.desk import CourseInHand, take_dose


@command
def sign_off_hold(
    *, visit_id: UUID, rule_id: str, decision: str, reason: str, actor: Actor, now: datetime
) -> SignOff:
    """Record that today's infusion may go past the hold `rule_id`, or must not.

    Good for the clinic's day: what holds on another day is decided again. Raises Forbidden for
    anybody but a prescriber, RuleBroken for a rule that does not hold here now or that nobody
    may go past, Invalid without a reason.
    """
    actor.require(RULES_OVERRIDE)
    held, _visit = take_dose(visit_id, dates=None, actor=actor, now=now)
    if decision != SignOff.Decision.MUST_NOT:
        _refuse_unsignable(held, visit_id, rule_id, now)
    return write_sign_off(
        held.patient, rule_id=rule_id, decision=decision, reason=reason,
        until_date=local_date(now, held.clinic.time_zone), actor=actor, now=now,
    )  # fmt: skip


def _refuse_unsignable(held: CourseInHand, visit_id: UUID, rule_id: str, now: datetime) -> None:
    zone = held.clinic.time_zone
    events = list(InfusionEvent.objects.filter(infusion__visit=visit_id))
    done = prepared(events, since=day_span(local_date(now, zone), zone)[0])
    found = patient_findings(
        held.protocol, held, held.visit(visit_id), on_record(held, now), done, at=now
    )
    here = [item.finding for item in found if item.finding.id == rule_id]
    if not here:
        raise RuleBroken("This does not stand in the way now. Look at the page again.")
    if not all(signable(item) for item in here):
        raise RuleBroken(f"Nobody may go past this. It clears when {here[0].clears_when}.", here)
