"""New patients, changes to their record, and their consent to messages."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import PATIENTS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.errors import Refusal
from patients.models import Patient
from patients.selectors import open_record
from patients.services.records import (
    change_patient,
    create_patient,
    give_consent,
    withdraw_consent,
)
from patients.web.forms import EditPatientForm, PatientForm, form_of
from patients.web.links import patient_page
from patients.web.refusals import REFUSED, put_on

CONSENT = {"give": give_consent, "withdraw": withdraw_consent}


@allow(PATIENTS_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_patient(request: ClinicRequest) -> HttpResponse:
    """A form for somebody who is not here yet."""
    form = PatientForm(request.POST) if request.method == "POST" else PatientForm()
    if request.method == "POST" and form.is_valid():
        try:
            patient = create_patient(details=form.details(), actor=request.actor, now=clock.now())
        except Refusal as refusal:
            put_on(form, refusal)
        else:
            messages.success(request, _("The patient was added."))
            return redirect(patient_page(request.clinic.slug, patient.pk))
    status = REFUSED if request.method == "POST" else 200
    return render(request, "patients/new.html", {"form": form}, status=status)


@allow(PATIENTS_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_patient(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """The record as a form, and the consent beside it."""
    patient = open_record(actor=request.actor, patient_id=patient_id, now=clock.now(), page="edit")
    if request.method != "POST":
        return _edit_page(request, patient, form_of(patient))
    form = EditPatientForm(request.POST)
    if form.is_valid():
        try:
            change_patient(
                patient_id=patient_id, version=form.cleaned_data["version"],
                details=form.details(), actor=request.actor, now=clock.now(),
            )  # fmt: skip
        except Refusal as refusal:
            put_on(form, refusal)
        else:
            messages.success(request, _("The record was saved."))
            return redirect(patient_page(request.clinic.slug, patient_id))
    return _edit_page(request, patient, form, status=REFUSED)


def _edit_page(
    request: ClinicRequest, patient: Patient, form: forms.Form, *, status: int = 200
) -> HttpResponse:
    context = {
        "patient": patient,
        "form": form,
        "back_url": patient_page(request.clinic.slug, patient.pk),
        "has_consent": patient.consented_at and not patient.consent_withdrawn_at,
    }
    return render(request, "patients/edit.html", context, status=status)


@allow(PATIENTS_CHANGE)
@require_POST
def consent(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Note that a patient agreed to messages, or does not any more."""
    act = CONSENT.get(request.POST.get("act", ""))
    version = request.POST.get("version", "")
    if act is not None and version.isdecimal():
        act(patient_id=patient_id, version=int(version), actor=request.actor, now=clock.now())
        messages.success(request, _("The consent was recorded."))
    return redirect("patient-edit", request.clinic.slug, patient_id)
