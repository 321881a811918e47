"""Going past a rule: a named person's reason, written beside what it allowed."""

from collections.abc import Sequence
from datetime import datetime

from clinical.findings import Finding, Severity
from clinics.permissions import RULES_OVERRIDE
from core.actor import Actor
from core.db import joins
from core.errors import Forbidden
from scheduling.models import Override, Visit
from scheduling.placement import refuse_findings
from scheduling.reasons import checked_reason
from scheduling.services.desk import InHand


@joins
def go_past(
    held: InHand,
    visit: Visit,
    findings: Sequence[Finding],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write an Override for each finding that stands in the way.

    Raises Forbidden for anybody who may not, RuleBroken for a finding nobody may go past,
    Invalid without a reason.
    """
    actor.require(RULES_OVERRIDE)
    if actor.user_id is None:
        raise Forbidden("Only a person can go past a rule.")
    reason = checked_reason(reason)
    stops = [finding for finding in findings if finding.severity.rank >= Severity.HOLD.rank]
    refuse_findings(finding for finding in stops if not finding.override_by)
    for finding in stops:
        Override.objects.create(
            clinic=held.clinic, patient=held.patient, visit=visit, rule_id=finding.id,
            reason=reason, overridden_at=now, overridden_by_id=actor.user_id,
        )  # fmt: skip
