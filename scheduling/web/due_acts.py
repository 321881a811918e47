"""From the due list: why a dose is late, and times for many patients in one go."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from scheduling import plan_jobs
from scheduling.models import DelayReason
from scheduling.selectors import dose_for_booking
from scheduling.services.delays import record_delay
from scheduling.services.planner_runs import request_times
from scheduling.web.forms import posted
from scheduling.web.refusals import explain


class DelayForm(forms.Form):
    """Why a dose is late."""

    code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[("", gettext_lazy("Choose")), *DelayReason.Code.choices],
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=200, required=False,
        help_text=gettext_lazy("No names. Needed for another reason."),
    )  # fmt: skip


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def delay(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Ask why a dose is late, and write it down."""
    now = clock.now()
    visit = dose_for_booking(request.actor, visit_id)
    form = DelayForm(posted(request))
    if request.method == "GET":
        record_read(
            subject=visit, patient_id=visit.patient_id, actor=request.actor, now=now, page="delay"
        )
    if form.is_valid():
        try:
            record_delay(visit_id=visit.pk, actor=request.actor, now=now, **form.cleaned_data)
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            messages.success(request, _("The reason is written down."))
            return redirect("due", request.clinic.slug)
    context = {"visit": visit, "patient": visit.patient, "form": form}
    return render(request, "scheduling/delay.html", context, status=422 if form.errors else 200)


@allow(BOOKINGS_CHANGE)
@require_POST
def proposals(request: ClinicRequest) -> HttpResponse:
    """Have the planner seek a time for each ticked dose; the run's page shows what it finds."""
    asked = [UUID(text) for text in request.POST.getlist("visit") if _is_id(text)]
    try:
        run = request_times(visit_ids=asked, actor=request.actor, now=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("due", request.clinic.slug)
    plan_jobs.start(run)
    return redirect("plan_run", request.clinic.slug, run.pk)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
