"""Who read and changed a patient's record: for auditors."""

import re
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinics.permissions import AUDIT_VIEW
from clinics.selectors import names_of
from clinics.web.access import ClinicRequest, allow
from core import audit, clock, display
from core.models import AuditEntry
from patients.selectors import open_record

SHOWN = 100
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@allow(AUDIT_VIEW)
@require_safe
def patient_history(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Show the ledger about one patient by pages, the newest first, this reading among them."""
    patient = open_record(
        patient_id=patient_id, actor=request.actor, now=clock.now(), page="history"
    )
    given = request.GET.get("before", "")
    before = int(given) if NUMBER.fullmatch(given) else None
    found = audit.entries_about(patient_id, limit=SHOWN + 1, before=before)
    entries = found[:SHOWN]
    zone = ZoneInfo(request.clinic.time_zone)
    names = names_of(entry.user_id for entry in entries if entry.user_id)
    context = {
        "patient": patient,
        "lines": [(entry, _who(entry, names), _what(entry, zone)) for entry in entries],
        "older": entries[-1].pk if len(found) > SHOWN else None,
        "newest": before is None,
    }
    return render(request, "patients/history.html", context)


def _who(entry: AuditEntry, names: dict[UUID, str]) -> str:
    if entry.user_id is None:
        return entry.get_actor_kind_display()
    return names.get(entry.user_id, str(entry.user_id))


def _what(entry: AuditEntry, zone: ZoneInfo) -> str:
    """The entry's details as words: each field and its value, as people read days and times."""
    shown = {key: value for key, value in entry.details.items() if value not in (None, "", [])}
    return ", ".join(f"{key}: {_value(value, zone)}" for key, value in shown.items())


def _value(value: object, zone: ZoneInfo) -> str:
    """A list of ids says how many they are: the ledger itself keeps which."""
    if isinstance(value, list):
        words = [_value(one, zone) for one in value]
        return str(len(words)) if all(map(_ID.fullmatch, words)) else ", ".join(words)
    text = str(value)
    if _INSTANT.fullmatch(text):
        return display.clinical_datetime(datetime.fromisoformat(text), zone)
    return display.sentence(text)
