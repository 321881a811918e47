"""A visit that is no dose: asked for from the patient's page, then booked as any other; over, or
not needed any more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import BOOKINGS_ARRIVE, BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from core.zones import local_date
from patients.selectors import open_record
from scheduling.ad_hoc import LONGEST, SHORTEST
from scheduling.models import Visit
from scheduling.selectors import booking_of, visit_for_booking
from scheduling.services.ad_hoc import NOTE, AskedFor, ask_for_visit, drop_visit, end_visit
from scheduling.web.forms import DateInput, ReasonForm, posted
from scheduling.web.refusals import explain

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
    if form.is_valid():
        try:
            visit = ask_for_visit(
                patient_id=patient.pk, asked=AskedFor(**form.cleaned_data), actor=request.actor,
                now=now,
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            return redirect("visit_slots", request.clinic.slug, visit.pk)
    context = {
        "patient": patient, "form": form, "title": _("Book another visit"),
        "confirm": _("Find a time"),
    }  # fmt: skip
    status = 422 if form.errors else 200
    return render(request, "scheduling/course_form.html", context, status=status)


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
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            drop_visit(visit_id=visit.pk, reason=reason, actor=request.actor, now=now)
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            messages.success(request, _("The visit is cancelled for good."))
            return redirect("patient", request.clinic.slug, visit.patient_id)
    title = _("Not needed any more: %s") % visit.what_for
    context = {
        "patient": visit.patient, "form": form, "title": title,
        "confirm": _("Cancel for good"), "danger": True,
    }  # fmt: skip
    status = 422 if form.errors else 200
    return render(request, "scheduling/course_form.html", context, status=status)


@allow(BOOKINGS_ARRIVE)
@require_POST
def over(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """The patient leaves: the chair is free."""
    booking = booking_of(request.actor, booking_id)
    say: Callable[[Any, str], None] = messages.success
    words = _("The visit is over. The chair is free.")
    try:
        end_visit(booking_id=booking.pk, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        say, words = messages.error, refusal.message
    say(request, words)
    return redirect("day_on", request.clinic.slug, booking.clinic_day.date)
