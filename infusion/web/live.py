"""The chair side page kept current: two nurses at one patient see the same within one poll."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from clinics.permissions import BOARD_VIEW
from clinics.web.access import ClinicRequest, allow, polled
from core import clock
from core.audit import record_read
from infusion.bedside import bedside
from infusion.web.chair import page
from infusion.web.freshness import fingerprint


@polled
@allow(BOARD_VIEW)
@require_safe
def chair_live(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """The page as it is now, of which the browser takes the live part; 204 when it shows that
    already. The page sends the fingerprint of what it shows as `chair`."""
    now = clock.now()
    bed = bedside(visit_id, request.actor, now)
    if request.GET.get("chair") == fingerprint(bed):
        return HttpResponse(status=204)
    record_read(
        subject=bed.visit, patient_id=bed.patient.pk, actor=request.actor, now=now,
        page="chair poll",
    )  # fmt: skip
    return page(request, bed)
