"""A visit that is no dose: asked for from the patient's page, then booked as any other, or not
needed any more."""

from datetime import timedelta
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.zones import local_date
from patients.selectors import open_record
from scheduling.ad_hoc import LONGEST, SHORTEST
from scheduling.models import Visit
from scheduling.selectors import visit_for_booking
from scheduling.services.ad_hoc import NOTE, AskedFor, ask_for_visit, drop_visit
from scheduling.web.forms import DateInput, ReasonForm, posted
from scheduling.web.patient_form import answer_form

USUAL_MINUTES = 30
USUAL_SPAN = timedelta(days=6)


class AdHocForm(forms.Form):
    """What a patient is to come for, how long it takes, and when."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("What for"),
        choices=[("", gettext_lazy("Choose")), *Visit.Purpose.choices],
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=SHORTEST, max_value=LONGEST,
        initial=USUAL_MINUTES,
        help_text=gettext_lazy("From arrival until the patient leaves the chair."),
    )  # fmt: skip
    first = forms.DateField(label=gettext_lazy("Not before"), widget=DateInput)
    last = forms.DateField(label=gettext_lazy("Not after"), widget=DateInput)
    note = forms.CharField(
        label=gettext_lazy("Note for the nurse"), max_length=NOTE, required=False,
        help_text=gettext_lazy("Needed for another visit: say what it is for."),
    )  # fmt: skip
    needs_isolation = forms.BooleanField(
        label=gettext_lazy("Needs an isolation room"), required=False
    )


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def ask(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Ask what the patient is to come for; then its time is to be found."""
    now = clock.now()
    patient = open_record(patient_id=patient_id, actor=request.actor, now=now, page="ask for visit")
    today = local_date(now, request.clinic.time_zone)
    form = AdHocForm(posted(request), initial={"first": today, "last": today + USUAL_SPAN})

    def save() -> HttpResponse:
        visit = ask_for_visit(
            patient_id=patient.pk, asked=AskedFor(**form.cleaned_data), actor=request.actor,
            now=now,
        )  # fmt: skip
        return redirect("visit_slots", request.clinic.slug, visit.pk)

    words = (_("Book another visit"), _("Find a time"), "")
    return answer_form(request, patient, form, save, words)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def drop(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Ask why a visit is not needed any more; its booking, if any, is freed."""
    now = clock.now()
    visit = visit_for_booking(request.actor, visit_id)
    form = ReasonForm(posted(request))
    if request.method == "GET":
        record_read(
            subject=visit, patient_id=visit.patient_id, actor=request.actor, now=now, page="drop"
        )

    def save() -> None:
        reason = form.cleaned_data["reason"]
        drop_visit(visit_id=visit.pk, reason=reason, actor=request.actor, now=now)

    title = _("Not needed any more: %s") % visit.what_for
    words = (title, _("Cancel for good"), _("The visit is cancelled for good."))
    return answer_form(request, visit.patient, form, save, words, danger=True)
