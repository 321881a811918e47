"""From the record and the board to what a client reads."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from clinical.findings import Finding
from clinical.run import RunState
from core import display
from infusion import segments
from infusion.api.items import (
    BoardItem,
    BoardPatient,
    ChairState,
    DueItem,
    EntryItem,
    FindingItem,
    InfusionItem,
    RunItem,
)
from infusion.bedside import Entry
from infusion.board import Board, ChairCard, Due
from infusion.board import Person as Seen
from infusion.selectors_record import WholeRecord

MINUTE = timedelta(minutes=1)


def infusion_item(found: WholeRecord) -> InfusionItem:
    """Build an infusion's item; instants carry the clinic's offset."""
    zone, infusion = ZoneInfo(found.clinic.time_zone), found.infusion
    return {
        "id": infusion.pk,
        "version": infusion.version,
        "status": infusion.status,
        "visit_id": found.visit.pk,
        "patient": {
            "id": found.patient.pk,
            "mrn": found.patient.mrn,
            "family_name": found.patient.family_name,
            "given_names": found.patient.given_names,
            "birth_date": found.patient.birth_date,
        },
        "dose_mg": infusion.dose_mg,
        "bag_ml": display.number(infusion.volume_ml),
        "rate_option": infusion.rate_option,
        "started_at": _local(infusion.started_at, zone),
        "ended_at": _local(infusion.ended_at, zone),
        "observe_until": _local(infusion.observe_until, zone),
        "discharged_at": _local(infusion.discharged_at, zone),
        "as_of": found.now.astimezone(zone),
        "run": _run(found.run, len(found.plan.steps), zone) if found.run else None,
        "timeline": [_entry(entry, zone) for entry in found.log],
    }


def board_item(room: Board, zone: ZoneInfo) -> BoardItem:
    """Build the board's item."""
    return {
        "as_of": room.now.astimezone(zone),
        "chairs": [_chair(card, zone) for card in room.cards],
    }


def _run(run: RunState, steps: int, zone: ZoneInfo) -> RunItem:
    following = run.next_action
    return {
        "status": run.status.value,
        "rate_ml_h": display.number(run.rate_ml_h),
        "volume_in_ml": _tenth(run.volume_in_ml),
        "volume_left_ml": _tenth(run.volume_left_ml),
        "step": run.step,
        "steps": steps,
        "next": {
            "action": following.action.value,
            "opens_at": _local(following.opens_at, zone),
            "rate_ml_h": _rate(following.rate_ml_h),
            "words": following.words,
        },
        "projected_end": _local(run.projected_end, zone),
        "worst_case_end": _local(run.worst_case_end, zone),
        "margin_minutes": _minutes(run.margin),
        "worst_margin_minutes": _minutes(run.worst_margin),
        "vitals_due": _local(run.vitals_due, zone),
        "vitals_why": run.vitals_why.value if run.vitals_why else None,
        "symptoms_open": run.symptoms_open,
        "stopped_for_good": run.stopped_for_good,
        "overdue": [
            {**_finding(item.finding), "since": item.since.astimezone(zone)} for item in run.overdue
        ],
        "warnings": [_finding(item) for item in run.warnings],
    }


def _finding(found: Finding) -> FindingItem:
    return {"id": found.id, "severity": found.severity.value, "words": found.words}


def _entry(entry: Entry, zone: ZoneInfo) -> EntryItem:
    event = entry.event
    return {
        "id": event.pk,
        "kind": event.kind,
        "occurred_at": event.occurred_at.astimezone(zone),
        "recorded_at": event.recorded_at.astimezone(zone),
        "by": event.recorded_by.full_name,
        "reason": event.reason,
        "amends": event.amends_id,
        "late": entry.late,
        "stands": not (entry.amended or entry.withdrawn),
    }


def _chair(card: ChairCard, zone: ZoneInfo) -> ChairState:
    here, coming = card.seated, card.coming
    return {
        "chair_id": card.chair_id,
        "label": card.label,
        "place": card.place.value,
        "urgency": card.urgency.value if card.urgency else None,
        "visit_id": here.visit_id if here else None,
        "infusion_id": here.infusion_id if here else None,
        "patient": _person(here.patient) if here else None,
        "purpose": here.errand.purpose if here and here.errand else None,
        "rate_ml_h": _rate(here.rate_ml_h) if here else None,
        "step": here.step or None if here else None,
        "steps": here.steps or None if here else None,
        "ends_at": _local(here.ends_at, zone) if here else None,
        "symptoms_open": here.symptoms_open if here else False,
        "dues": [_due(due, zone) for due in (here.dues() if here else [])],
        "coming_at": _local(coming.arrives_at, zone) if coming else None,
        "coming_purpose": coming.errand.purpose if coming and coming.errand else None,
    }


def _person(person: Seen) -> BoardPatient:
    return {
        "mrn": person.mrn,
        "family_name": person.family_name,
        "given_names": person.given_names,
        "birth_date": person.birth_date,
    }


def _due(due: Due, zone: ZoneInfo) -> DueItem:
    return {
        "act": due.act.value,
        "at": due.at.astimezone(zone),
        "rate_ml_h": _rate(due.rate_ml_h),
        "why": due.why.value if due.why else None,
    }


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else at.astimezone(zone)


def _rate(rate_ml_h: Fraction | None) -> str | None:
    return None if rate_ml_h is None else display.number(rate_ml_h)


def _tenth(volume_ml: Fraction) -> str:
    shown: Decimal = segments.tenth_of_ml(volume_ml)
    return display.number(shown)


def _minutes(margin: timedelta | None) -> int | None:
    return None if margin is None else margin // MINUTE
