"""Booking past a rule: the prescriber sees the finding with its source, gives a reason, books."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinical.findings import Finding, Severity
from clinics.permissions import RULES_OVERRIDE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from core.zones import local_date
from scheduling.models import Visit
from scheduling.reasons import LONGEST
from scheduling.selectors import OpenDay, dose_for_booking, open_starts
from scheduling.services.overridden_booking import book_past_rule
from scheduling.web.forms import PlaceForm, asked_day, posted
from scheduling.web.refusals import explain


class PastRuleForm(PlaceForm):
    """A time, a chair, and the reason to go past what stands in the way."""

    reason = forms.CharField(
        label=gettext_lazy("Reason to go past the rule"), max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with your name, never changed. No names of others."),
    )  # fmt: skip

    def __init__(self, *args: Any, opening: OpenDay, **kwargs: Any) -> None:
        super().__init__(*args, opening=opening, moving=True, **kwargs)


@allow(RULES_OVERRIDE)
@require_http_methods(["GET", "POST"])
def book_past(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Show what stands in the way on a day and who may go past it; book past it with a reason."""
    now = clock.now()
    visit = dose_for_booking(request.actor, visit_id)
    given = request.POST if request.method == "POST" else request.GET
    today = local_date(now, request.clinic.time_zone)
    opening = open_starts(
        request.actor, visit.pk, asked_day(given.get("day", ""), today), now=now, past_rules=True
    )
    form = PastRuleForm(posted(request), opening=opening)
    if request.method == "GET":
        record_read(
            subject=visit, patient_id=visit.patient_id, actor=request.actor, now=now,
            page="override",
        )  # fmt: skip
    elif form.is_valid():
        try:
            book_past_rule(
                visit_id=visit.pk, chair_id=form.cleaned_data["chair_id"],
                start=form.cleaned_data["moment"], rate_option=opening.rate_option,
                reason=form.cleaned_data["reason"], actor=request.actor, now=now,
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            messages.success(request, _("Booked, with your reason on record."))
            return redirect("patient", request.clinic.slug, visit.patient_id)
    return _show(request, visit, opening, form)


def _show(
    request: ClinicRequest, visit: Visit, opening: OpenDay, form: PastRuleForm
) -> HttpResponse:
    stops = [each for each in opening.findings if each.severity.rank >= Severity.HOLD.rank]
    context = {
        "visit": visit,
        "patient": visit.patient,
        "opening": opening,
        "stops": stops,
        "may_pass": bool(stops) and all(_passable(each) for each in stops),
        "weekday": WEEKDAYS[opening.day.weekday()],
        "length": timedelta(minutes=opening.minutes),
        "form": form,
        "chosen": form["start"].value(),
    }
    status = 422 if form.errors else 200
    return render(request, "scheduling/book_past_rule.html", context, status=status)


def _passable(finding: Finding) -> bool:
    return bool(finding.override_by)
