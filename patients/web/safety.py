"""A patient's safety page: what rules ask about, and the forms that add to it or end it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.permissions import FACTS_RECORD, PATIENTS_CHANGE, PATIENTS_VIEW, RULES_OVERRIDE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.errors import Refusal
from core.zones import local_date
from patients.models import Patient
from patients.selectors import open_record
from patients.selectors_safety import safety_of
from patients.services.allergies_told import end_allergy
from patients.services.conditions import end_condition
from patients.services.vaccinations import settle_vaccination
from patients.web.fact_forms import FORMS, EndForm, FactForm
from patients.web.links import patient_page
from patients.web.refusals import REFUSED, put_on

SIGNING = "decision"


@allow(PATIENTS_VIEW)
@require_safe
def patient_safety(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """The page; for htmx only the panel, to be shown inside another page."""
    now = clock.now()
    safety = safety_of(patient_id=patient_id, actor=request.actor, now=now)
    context = {
        "safety": safety,
        "patient": safety.patient,
        "today": local_date(now, request.clinic.time_zone),
        "page_url": patient_page(request.clinic.slug, patient_id),
        "may_change": request.actor.may(PATIENTS_CHANGE),
        "may_record": request.actor.may(FACTS_RECORD),
        "may_sign": request.actor.may(RULES_OVERRIDE),
    }
    is_part = request.headers.get("HX-Request")
    return render(request, "patients/_safety.html" if is_part else "patients/safety.html", context)


@allow(FACTS_RECORD)
@require_http_methods(["GET", "HEAD", "POST"])
def new_fact(request: ClinicRequest, patient_id: UUID, kind: str) -> HttpResponse:
    """The form of one kind of fact. A sign-off needs a permission of its own."""
    if kind not in FORMS:
        raise Http404
    if kind == SIGNING:
        request.actor.require(RULES_OVERRIDE)
    now = clock.now()
    patient = open_record(actor=request.actor, patient_id=patient_id, now=now, page=f"new {kind}")
    if request.method != "POST":
        form = FORMS[kind](initial=_first_values(patient, local_date(now, _zone(request))))
        return _form_page(request, patient, form)
    form = FORMS[kind](request.POST)
    if form.is_valid():
        try:
            form.record(patient, _zone(request), actor=request.actor, now=now)
        except Refusal as refusal:
            put_on(form, refusal)
        else:
            messages.success(request, _("It was recorded."))
            return redirect("patient-safety", request.clinic.slug, patient_id)
    return _form_page(request, patient, form, status=REFUSED)


def _zone(request: ClinicRequest) -> str:
    return request.clinic.time_zone


def _first_values(patient: Patient, today: date) -> dict[str, Any]:
    status = patient.allergy_status
    return {
        "version": patient.version,
        "status": "" if status == Patient.AllergyStatus.KNOWN else status,
        "from_date": today,
        "occurred_on": today,
        "collected_on": today,
    }


def _form_page(
    request: ClinicRequest, patient: Patient, form: FactForm, *, status: int = 200
) -> HttpResponse:
    context = {"patient": patient, "form": form, "title": form.title}
    return render(request, "patients/fact_form.html", context, status=status)


def _end_allergy(fact_id: UUID, day: date, **by: Any) -> object:
    return end_allergy(allergy_id=fact_id, **by)


def _end_condition(fact_id: UUID, day: date, **by: Any) -> object:
    return end_condition(condition_id=fact_id, until_date=day, **by)


def _give_vaccination(fact_id: UUID, day: date, **by: Any) -> object:
    return settle_vaccination(vaccination_id=fact_id, status="given", occurred_on=day, **by)


def _drop_vaccination(fact_id: UUID, day: date, **by: Any) -> object:
    return settle_vaccination(vaccination_id=fact_id, status="not_done", occurred_on=day, **by)


ENDINGS: dict[str, Callable[..., object]] = {
    "allergy": _end_allergy,
    "condition": _end_condition,
    "given": _give_vaccination,
    "dropped": _drop_vaccination,
}


@allow(FACTS_RECORD)
@require_POST
def end_fact(request: ClinicRequest, patient_id: UUID, ending: str, fact_id: UUID) -> HttpResponse:
    """End one fact on the day given. A refusal is shown on the safety page itself."""
    if ending not in ENDINGS:
        raise Http404
    form = EndForm(request.POST)
    if form.is_valid():
        try:
            ENDINGS[ending](fact_id, form.cleaned_data["day"], actor=request.actor, now=clock.now())
        except Refusal as refusal:
            put_on(form, refusal)
        else:
            messages.success(request, _("It was recorded."))
    for problem in _problems(form):
        messages.error(request, problem)
    return redirect("patient-safety", request.clinic.slug, patient_id)


def _problems(form: forms.Form) -> list[str]:
    return [str(problem) for problems in form.errors.values() for problem in problems]
