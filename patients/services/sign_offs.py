"""A named person's decision on one rule for one patient."""

import re
from datetime import date, datetime
from uuid import UUID

from clinics.permissions import RULES_OVERRIDE
from core import audit
from core.actor import Actor
from core.db import command, joins
from core.errors import Forbidden, Invalid
from patients.facts_checked import today_of, words
from patients.models import Patient, SignOff
from patients.services.records import take_patient

RULE_ID = re.compile(r"[A-Z][A-Z0-9-]{1,59}")


@command
def sign_off(
    *,
    patient_id: UUID,
    rule_id: str,
    decision: str,
    reason: str,
    until_date: date | None,
    actor: Actor,
    now: datetime,
) -> SignOff:
    """Record a named person's decision on one rule. Only a later decision replaces it."""
    patient = take_patient(patient_id, RULES_OVERRIDE, actor=actor)
    return write_sign_off(
        patient, rule_id=rule_id, decision=decision, reason=reason, until_date=until_date,
        actor=actor, now=now,
    )  # fmt: skip


@joins
def write_sign_off(
    patient: Patient,
    *,
    rule_id: str,
    decision: str,
    reason: str,
    until_date: date | None,
    actor: Actor,
    now: datetime,
) -> SignOff:
    """Write a decision about a locked patient. Raises Forbidden for anybody but a person, Invalid
    for a rule or a decision that is none, a day gone by and a reason without words."""
    if actor.user_id is None:
        raise Forbidden("Only a person can sign off.")
    if not RULE_ID.fullmatch(rule_id):
        raise Invalid("No such rule.", {"rule_id": ["The rule's id, as HBV-CARRIER."]})
    if decision not in SignOff.Decision.values:
        raise Invalid("No such decision.", {"decision": ["Choose one of the list."]})
    if until_date is not None and until_date < today_of(actor, now):
        raise Invalid("Over already.", {"until_date": ["This day has gone by."]})
    signed = SignOff.objects.create(
        patient=patient,
        rule_id=rule_id,
        decision=decision,
        reason=words(reason, "reason", 500),
        signed_by_id=actor.user_id,
        signed_at=now,
        until_date=until_date,
    )
    audit.record(
        "rule.signed_off", signed, actor=actor, now=now, patient_id=patient.pk, rule_id=rule_id
    )
    return signed
