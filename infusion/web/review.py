"""Needs review: the entries of this browser that the server refused. The list itself is there,
in the browser; the server adds whose they are, and writes down what is discarded."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from clinics.permissions import INFUSIONS_CHART
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.audit import audited_rows
from core.errors import Invalid
from infusion.board import Act
from infusion.services.discarding import discard_entry
from infusion.web import outbox
from infusion.web.context import UNDO
from scheduling.models import Visit

REASONS = [
    ("charted_again", _("I charted it again")),
    ("charted_by_colleague", _("A colleague charted it")),
    ("not_done", _("It was not done")),
    ("slip", _("A slip of the finger")),
    ("on_paper", _("It is on paper, to be entered with a correction")),
]
SHOWN_AT_MOST = 100


class DiscardForm(forms.Form):
    """One entry that was given up."""

    event_id = forms.UUIDField()
    visit = forms.UUIDField()
    act = forms.ChoiceField(choices=[*((act.value, act.value) for act in Act), (UNDO, UNDO)])
    tapped_at = forms.DateTimeField()
    reason = forms.ChoiceField(choices=REASONS)


@allow(INFUSIONS_CHART)
@require_safe
def needs_review(request: ClinicRequest) -> HttpResponse:
    """The page; its entries come from the browser."""
    return render(request, "infusion/needs_review.html", {"reasons": REASONS})


@allow(INFUSIONS_CHART)
@require_POST
def whose(request: ClinicRequest) -> HttpResponse:
    """Whose visits these are, by two identifiers. Another clinic's are left out."""
    zone = ZoneInfo(request.clinic.time_zone)
    asked = [_uuid(given) for given in request.POST.getlist("visit")[:SHOWN_AT_MOST]]
    rows = audited_rows(
        Visit.objects.filter(clinic=request.clinic, pk__in=[each for each in asked if each])
        .values_list(
            "pk", "patient_id", "patient__family_name", "patient__given_names",
            "patient__birth_date", "patient__mrn",
        ),
        patient_column=1, actor=request.actor, now=clock.now(), page="needs review",
    )  # fmt: skip
    return JsonResponse(
        {
            str(pk): " · ".join(
                [display.person_name(family, given), display.clinical_date(born, zone), mrn]
            )
            for pk, _patient, family, given, born, mrn in rows
        }
    )


@allow(INFUSIONS_CHART)
@require_POST
def discarded(request: ClinicRequest) -> HttpResponse:
    """Write down that an entry was given up, and why."""
    form = DiscardForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say which entry, and why.")
    given = form.cleaned_data
    discard_entry(
        event_id=given["event_id"], visit_id=given["visit"], act=given["act"],
        tapped_at=given["tapped_at"], reason=given["reason"], actor=request.actor,
        now=clock.now(),
    )  # fmt: skip
    return outbox.applied()


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
