"""The record of an infusion for other programs: plain values, instants in UTC. Pure."""

from datetime import datetime
from typing import Any

from infusion import segments
from infusion.bedside import Entry
from infusion.billing import BillingTimes
from infusion.segments import Stretch
from infusion.selectors_record import WholeRecord
from patients.models import Patient, SignOff
from scheduling.models import Override


def as_json(found: WholeRecord) -> dict[str, Any]:
    """Return everything the page shows, as JSON knows it. Volumes and rates are exact digits."""
    return {
        "visit_id": str(found.visit.pk),
        "infusion_id": str(found.infusion.pk),
        "version": found.infusion.version,
        "as_of": _instant(found.now),
        "time_zone": found.clinic.time_zone,
        "patient": _patient(found.patient),
        "dose_number": found.visit.dose_number,
        "drug": found.protocol.drug,
        "dose_mg": found.infusion.dose_mg,
        "rate_option": found.infusion.rate_option,
        "chair": found.chair,
        "status": found.infusion.status,
        "started_at": _instant(found.infusion.started_at),
        "ended_at": _instant(found.infusion.ended_at),
        "observe_until": _instant(found.infusion.observe_until),
        "discharged_at": _instant(found.infusion.discharged_at),
        "bag_ml": str(found.infusion.volume_ml),
        "volume_in_ml": str(segments.tenth_of_ml(found.run.volume_in_ml)) if found.run else None,
        "segments": [_segment(row) for row in segments.ran(found.run)],
        "billing": _billing(found.billing),
        "entries": [_entry(entry) for entry in found.log],
        "overrides": [_override(row) for row in found.overrides],
        "sign_offs": [_sign_off(row) for row in found.sign_offs],
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _patient(patient: Patient) -> dict[str, Any]:
    return {
        "id": str(patient.pk),
        "mrn": patient.mrn,
        "family_name": patient.family_name,
        "given_names": patient.given_names,
        "birth_date": patient.birth_date.isoformat(),
    }


def _override(row: Override) -> dict[str, Any]:
    return {
        "rule": row.rule_id,
        "reason": row.reason,
        "at": _instant(row.overridden_at),
        "by": row.overridden_by.full_name,
    }


def _sign_off(row: SignOff) -> dict[str, Any]:
    return {
        "rule": row.rule_id,
        "decision": row.decision,
        "reason": row.reason,
        "at": _instant(row.signed_at),
        "by": row.signed_by.full_name,
    }


def _segment(row: Stretch) -> dict[str, Any]:
    return {
        "from": _instant(row.begins_at),
        "to": _instant(row.ends_at),
        "rate_ml_h": str(float(row.rate_ml_h)).removesuffix(".0"),
        "volume_ml": str(row.shown_ml),
    }


def _billing(times: BillingTimes) -> dict[str, Any]:
    return {
        "started_at": _instant(times.started_at),
        "stopped_at": _instant(times.stopped_at),
        "infusion_minutes": times.infusion_minutes,
        "pause_minutes": times.pause_minutes,
        "first_hours": times.first_hours,
        "further_hours": times.further_hours,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    event = entry.event
    return {
        "id": str(event.pk),
        "kind": event.kind,
        "occurred_at": _instant(event.occurred_at),
        "recorded_at": _instant(event.recorded_at),
        "by": event.recorded_by.full_name,
        "values": event.values,
        "reason": event.reason,
        "amends": str(event.amends_id) if event.amends_id else None,
        "late": entry.late,
        "amended": entry.amended,
        "withdrawn": entry.withdrawn,
    }
