"""A patient's infusions for the patient's own page: each with its record and its reactions."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from clinics.permissions import INFUSIONS_VIEW
from core.actor import Actor
from infusion import record
from infusion.models import Infusion, InfusionEvent
from infusion.selectors_record import reaction_events, visits_with_record
from infusion.web.entries import details
from scheduling.dose_records import DoseRecord, ReactionLine

Kind = InfusionEvent.Kind


def dose_records(patient_id: UUID, actor: Actor, slug: str) -> Sequence[DoseRecord]:
    """Return the patient's infusions, the newest first: two queries, none without permission."""
    if not actor.may(INFUSIONS_VIEW):
        return ()
    events: dict[UUID, list[InfusionEvent]] = defaultdict(list)
    for event in reaction_events(patient_id, actor):
        events[event.infusion_id].append(event)
    return [
        _record(infusion, events[infusion.pk], slug)
        for infusion in visits_with_record(patient_id, actor)
    ]


def _record(infusion: Infusion, events: list[InfusionEvent], slug: str) -> DoseRecord:
    visit = infusion.visit
    return DoseRecord(
        visit_id=visit.pk,
        dose_number=visit.nth_dose,
        dose_mg=infusion.dose_mg,
        given_on=visit.given_on,
        state=infusion.status,
        url=reverse("infusion_record", args=[slug, visit.pk]),
        reactions=tuple(_reactions(events)),
    )


def _reactions(events: list[InfusionEvent]) -> list[ReactionLine]:
    standing = record.standing(events)
    gone = [event.occurred_at for event in standing if event.kind == Kind.SYMPTOMS_RESOLVED]
    return [
        ReactionLine(
            at=event.occurred_at,
            words=details(event),
            resolved_at=_first_after(event.occurred_at, gone),
        )
        for event in standing
        if event.kind == Kind.REACTION
    ]


def _first_after(at: datetime, later: list[datetime]) -> datetime | None:
    return next((moment for moment in later if moment >= at), None)
