"""Correcting an entry: what it says now, what it should have said, and why. Both stay visible."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinical.model import ReactionSeverity
from clinics.permissions import INFUSIONS_CHART, REACTIONS_CORRECT
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.audit import record_read
from core.errors import Refusal
from core.zones import local_instant
from infusion.bedside import Bedside, Entry, bedside
from infusion.models import InfusionEvent
from infusion.services.amending import STATE_KINDS, amend_event
from infusion.services.stopping import correct_life_threatening
from infusion.vitals import RANGES
from infusion.web.entries import line
from infusion.web.forms.reacting import SEVERITIES
from infusion.web.refusals import explain

Kind = InfusionEvent.Kind
FATAL = ReactionSeverity.LIFE_THREATENING
NUMBERS = {
    "rate_ml_h": gettext_lazy("Rate (mL/h)"),
    "volume_ml": gettext_lazy("Volume given (mL)"),
    "dose_mg": gettext_lazy("Dose (mg)"),
}
FIELDS = {"occurred_at": "at"}


class CorrectionForm(forms.Form):
    """The entry as it should have been. What is left as it is stays as it was."""

    event_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    at = forms.DateTimeField(
        label=gettext_lazy("When it really happened"),
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "step": "60"}
        ),
        help_text=gettext_lazy("On the clinic's clock."),
    )
    withdrawn = forms.BooleanField(
        label=gettext_lazy("This never happened: take the entry back"), required=False
    )
    reason = forms.CharField(label=gettext_lazy("Why it is corrected"), max_length=200)

    def __init__(self, *args: Any, event: InfusionEvent, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event, self.zone = event, zone
        local = event.occurred_at.astimezone(ZoneInfo(zone))
        self.initial.setdefault("at", local.replace(tzinfo=None))
        if event.kind in STATE_KINDS:
            del self.fields["withdrawn"]
        for name, label in self._values().items():
            self.fields[name] = forms.DecimalField(
                label=label, required=event.kind != Kind.VITALS, max_digits=8, decimal_places=3,
                widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
            )  # fmt: skip
            self.initial.setdefault(name, event.values.get(name))
        self.order_fields(["at", *self._values(), "withdrawn", "reason"])

    def _values(self) -> dict[str, Any]:
        if self.event.kind == Kind.VITALS:
            return {name: f"{sign.label} ({sign.unit})" for name, sign in RANGES.items()}
        return {name: label for name, label in NUMBERS.items() if name in self.event.values}

    def occurred_at(self) -> datetime:
        """Return the corrected instant; the entry's own when the minute was left as it is."""
        wall = self.cleaned_data["at"].replace(tzinfo=None)
        local = self.event.occurred_at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        if wall == local.replace(second=0, microsecond=0):
            return self.event.occurred_at
        return local_instant(wall.date(), wall.time(), self.zone)

    def changed(self) -> dict[str, str | Decimal | None]:
        """Return the values that are other than before."""
        given = {name: self.cleaned_data.get(name) for name in self._values()}
        return {
            name: value if self.event.kind == Kind.VITALS else display.number(value)
            for name, value in given.items()
            if value is not None
        }


class ReactionCorrectionForm(forms.Form):
    """A prescriber's word that a life-threatening reaction was an error of charting."""

    event_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    severity = forms.ChoiceField(
        label=gettext_lazy("What it really was"),
        widget=forms.RadioSelect,
        choices=[
            *((each.value, words) for each, words in SEVERITIES.items() if each is not FATAL),
            ("", gettext_lazy("There was no reaction")),
        ],
        required=False,
    )
    reason = forms.CharField(label=gettext_lazy("How the error came about"), max_length=200)


@allow(INFUSIONS_CHART)
@require_http_methods(["GET", "POST"])
def correct(request: ClinicRequest, visit_id: UUID, event_id: UUID) -> HttpResponse:
    """Show an entry's correction, or chart it."""
    now = clock.now()
    bed, entry = _entry(request, visit_id, event_id, now)
    form = CorrectionForm(request.POST or None, event=entry.event, zone=bed.clinic.time_zone)
    if request.method == "POST" and form.is_valid():
        try:
            amend_event(
                event_id=form.cleaned_data["event_id"], amends=event_id,
                reason=form.cleaned_data["reason"], occurred_at=form.occurred_at(),
                values=form.changed(), withdrawn=form.cleaned_data.get("withdrawn", False),
                actor=request.actor, now=now,
            )  # fmt: skip
        except Refusal as refusal:
            explain(form, refusal, FIELDS)
        else:
            return _back(request, bed, _("Entry corrected"))
    return _show(request, bed, entry, form)


@allow(REACTIONS_CORRECT)
@require_http_methods(["GET", "POST"])
def correct_reaction(request: ClinicRequest, visit_id: UUID, event_id: UUID) -> HttpResponse:
    """Show the correction of a life-threatening reaction, or chart it."""
    now = clock.now()
    bed, entry = _entry(request, visit_id, event_id, now)
    if entry.event.values.get("severity") != FATAL.value:
        raise Http404
    form = ReactionCorrectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["severity"]
        try:
            correct_life_threatening(
                reaction_id=event_id, event_id=form.cleaned_data["event_id"],
                severity=ReactionSeverity(chosen) if chosen else None,
                reason=form.cleaned_data["reason"], actor=request.actor, now=now,
            )  # fmt: skip
        except Refusal as refusal:
            explain(form, refusal, FIELDS)
        else:
            return _back(request, bed, _("Reaction corrected. The course is open again"))
    return _show(request, bed, entry, form)


def _entry(
    request: ClinicRequest, visit_id: UUID, event_id: UUID, now: datetime
) -> tuple[Bedside, Entry]:
    bed = bedside(visit_id, request.actor, now)
    record_read(
        subject=bed.visit, patient_id=bed.patient.pk, actor=request.actor, now=now, page="correct"
    )
    for entry in bed.entries:
        if entry.event.pk == event_id and not entry.amended:
            return bed, entry
    raise Http404


def _show(request: ClinicRequest, bed: Bedside, entry: Entry, form: forms.Form) -> HttpResponse:
    context = {
        "bed": bed,
        "line": line(entry),
        "form": form,
        "back_url": reverse("chair_side", args=[request.clinic.slug, bed.visit.pk]),
    }
    status = 422 if form.errors else 200
    return render(request, "infusion/correct.html", context, status=status)


def _back(request: ClinicRequest, bed: Bedside, words: str) -> HttpResponse:
    messages.success(request, f"{words}: {bed.patient.family_name.upper()}, {bed.chair}")
    return redirect("chair_side", request.clinic.slug, bed.visit.pk)
