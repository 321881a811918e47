"""Who read and changed a patient's record: for auditors."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinics.permissions import AUDIT_VIEW
from clinics.selectors import names_of
from clinics.web.access import ClinicRequest, allow
from core import audit, clock
from core.models import AuditEntry
from patients.selectors import open_record

SHOWN = 200


@allow(AUDIT_VIEW)
@require_safe
def patient_history(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Show the newest entries of the ledger about one patient, this reading among them."""
    patient = open_record(
        patient_id=patient_id, actor=request.actor, now=clock.now(), page="history"
    )
    entries = audit.entries_about(patient_id, limit=SHOWN)
    names = names_of(entry.user_id for entry in entries if entry.user_id)
    context = {
        "patient": patient,
        "lines": [(entry, _who(entry, names), _what(entry)) for entry in entries],
        "cut_off": len(entries) >= SHOWN,
    }
    return render(request, "patients/history.html", context)


def _who(entry: AuditEntry, names: dict[UUID, str]) -> str:
    if entry.user_id is None:
        return entry.get_actor_kind_display()
    return names.get(entry.user_id, str(entry.user_id))


def _what(entry: AuditEntry) -> str:
    """The entry's details as words: field names and ids, as they were written."""
    shown = {key: value for key, value in entry.details.items() if value not in (None, "", [])}
    return ", ".join(f"{key}: {value}" for key, value in shown.items())
