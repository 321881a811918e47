"""Booking past a rule: a prescriber decides about one visit, on one day, with a reason."""

from datetime import datetime
from uuid import UUID

from clinical.findings import Severity
from clinics.permissions import RULES_OVERRIDE
from core.actor import Actor
from core.db import command
from core.errors import Conflict, RuleBroken
from scheduling.models import Booking
from scheduling.placement import local_day
from scheduling.reasons import checked_reason
from scheduling.services.desk import take_dose
from scheduling.services.placing import Wanted, put_in_chair


@command
def book_past_rule(
    *,
    visit_id: UUID,
    chair_id: UUID,
    start: datetime,
    reason: str,
    rate_option: str | None = None,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Book a visit on a day that a finding holds up, past that finding; everything else holds.

    Each finding gone past is written down with the reason and the name. Raises Forbidden for
    anybody but a person who may, RuleBroken for a finding nobody may go past or when nothing
    stands in the way, Invalid without a reason; otherwise as `bookings.book`.
    """
    actor.require(RULES_OVERRIDE)
    reason = checked_reason(reason)
    held, visit = take_dose(visit_id, at=start, actor=actor, now=now)
    if visit.pk in held.bookings:
        raise Conflict("This dose already has a booking. Move it instead.")
    findings = held.findings(visit, local_day(start, held.clinic))
    if not any(finding.severity.rank >= Severity.HOLD.rank for finding in findings):
        raise RuleBroken("Nothing stands in the way on that day: it is booked as any other.")
    return put_in_chair(
        held, visit, chair_id=chair_id, start=start, actor=actor, now=now,
        wanted=Wanted(rate_option=rate_option, override_reason=reason),
    )  # fmt: skip
