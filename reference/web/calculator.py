"""What-if questions without a patient: `/calculator/`. Nothing is saved, nothing is recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from clinics.web.access import signed_in
from core import clock
from core.errors import Invalid, NotFound
from reference.questions import calendar, eligibility, preparation, reaction, titration
from reference.web import answers
from reference.web.eligibility_form import EligibilityForm
from reference.web.forms import CalendarForm, ReactionForm, TitrationForm
from reference.web.frame import clinics_around
from reference.web.preparation_form import PreparationForm


@dataclass(frozen=True, slots=True)
class Part:
    """One of the five questions: its form, who answers it, and how the answer is shown."""

    code: str
    label: Any
    icon: str
    form: Any
    answer: Callable[[Any], Any]
    shown: Callable[[Any], Mapping[str, Any]]


PARTS = (
    Part("calendar", _("Calendar"), "calendar", CalendarForm, calendar.answer, answers.calendar),
    Part("titration", _("Rate table"), "drop", TitrationForm, titration.answer, answers.titration),
    Part("reaction", _("Reaction"), "alert", ReactionForm, reaction.answer, answers.reaction),
    Part(
        "preparation", _("Bag"), "clock", PreparationForm, preparation.answer, answers.preparation
    ),
    Part(
        "eligibility",
        _("Eligibility"),
        "shield",
        EligibilityForm,
        eligibility.answer,
        answers.eligibility,
    ),
)


@signed_in
@require_safe
def calculator(request: HttpRequest) -> HttpResponse:
    """Answer the question in the query; without one, an example to begin with.

    What cannot be answered comes back as it was typed, with the field named, as a 422.
    """
    part = _part(request.GET.get("part", PARTS[0].code))
    form = _form(part, request)
    shown: Mapping[str, Any] | None = None
    if form.is_valid():
        try:
            shown = part.shown(part.answer(form.question()))
        except Invalid as refused:
            form.take(refused)
    context = {
        "part": part,
        "parts": PARTS,
        "form": form,
        "answered": shown is not None,
        "template": f"reference/answers/{part.code}.html",
        **(shown or {}),
    }
    with timezone.override(form.zone):
        status = 200 if shown is not None else 422
        return render(request, "reference/calculator.html", context, status=status)


def _part(code: str) -> Part:
    for part in PARTS:
        if part.code == code:
            return part
    raise NotFound


def _form(part: Part, request: HttpRequest) -> Any:
    zones = list(dict.fromkeys(clinic.time_zone for clinic in clinics_around(request)))
    zones += [] if "UTC" in zones else ["UTC"]
    form = part.form(request.GET, zones)
    if set(request.GET) <= {"part"}:
        return part.form(part.form.initial_data(clock.now(), form.zone), zones)
    return form
