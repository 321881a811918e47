"""The record of one infusion: to read, to print, as a PDF and for other programs."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from clinics.permissions import INFUSIONS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.pdf import pdf_of
from infusion.record_json import as_json
from infusion.selectors_record import WholeRecord, whole_record
from infusion.web.record_parts import context_of


@allow(INFUSIONS_VIEW)
@require_safe
def infusion_record(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Everything charted about one visit."""
    found = _read(request, visit_id, "infusion record")
    return render(request, "infusion/record.html", context_of(found))


@allow(INFUSIONS_VIEW)
@require_safe
def infusion_record_pdf(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """The same on paper, identity and page number on every sheet."""
    found = _read(request, visit_id, "infusion record pdf")
    context = {**context_of(found), "made_by": str(request.user)}
    pdf = pdf_of(render_to_string("infusion/record_pdf.html", context))
    answer = HttpResponse(pdf, content_type="application/pdf")
    # The id alone: a file's name stays in a browser's list of downloads.
    answer["Content-Disposition"] = f'inline; filename="infusion-record-{visit_id}.pdf"'
    return answer


@allow(INFUSIONS_VIEW)
@require_safe
def infusion_record_json(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """The same for other programs."""
    return JsonResponse(as_json(_read(request, visit_id, "infusion record json")))


def _read(request: ClinicRequest, visit_id: UUID, page: str) -> WholeRecord:
    now = clock.now()
    found = whole_record(visit_id, request.actor, now)
    record_read(
        subject=found.visit, patient_id=found.patient.pk, actor=request.actor, now=now, page=page
    )
    return found
