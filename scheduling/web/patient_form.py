"""A page with one form about one patient: shown, saved, or shown again with what is wrong."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinics.web.access import ClinicRequest
from core.errors import NotFound, Refusal
from patients.models import Patient
from scheduling.web.refusals import explain


def answer_form(
    request: ClinicRequest,
    patient: Patient,
    form: forms.Form,
    save: Callable[[], HttpResponse | None],
    words: tuple[str, str, str],
    *,
    danger: bool = False,
) -> HttpResponse:
    """Save a form that holds, and go to the patient's page or where `save` says; else show it.

    `words` are the title, the button, and what is said when it is done, if anything.
    """
    title, confirm, done = words
    if form.is_valid():
        try:
            leads = save()
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            if done:
                messages.success(request, done)
            return leads or redirect("patient", request.clinic.slug, patient.pk)
    context = {
        "patient": patient,
        "form": form,
        "title": title,
        "confirm": confirm,
        "danger": danger,
    }
    return render(
        request, "scheduling/course_form.html", context, status=422 if form.errors else 200
    )
