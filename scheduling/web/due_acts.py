"""From the due list: why a dose is late, and times for many patients in one go."""

from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from scheduling.bulk_slots import MOST, propose_many
from scheduling.models import Booking, DelayReason
from scheduling.selectors import visit_for_booking
from scheduling.services.bookings import book
from scheduling.services.delays import record_delay
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


class ChoiceOfTime(forms.Form):
    """One row of the proposals: "visit chair start", as its box carries it."""

    visit = forms.UUIDField()
    chair = forms.UUIDField()
    start = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def delay(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Ask why a dose is late, and write it down."""
    now = clock.now()
    visit = visit_for_booking(request.actor, visit_id)
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
@require_http_methods(["GET", "POST"])
def proposals(request: ClinicRequest) -> HttpResponse:
    """Propose a time for each ticked dose, no two in each other's way; book those accepted."""
    now = clock.now()
    if request.method == "POST":
        return _book_all(request, now)
    asked = [UUID(text) for text in request.GET.getlist("visit") if _is_id(text)]
    offers = propose_many(request.actor, asked, now=now)
    for offer in offers:
        record_read(
            subject=offer.visit, patient_id=offer.visit.patient_id, actor=request.actor, now=now,
            page="proposals",
        )  # fmt: skip
    context = {
        "offers": offers,
        "placed": sum(offer.slot is not None for offer in offers),
        "most": MOST,
        "cut_off": len(asked) > MOST,
    }
    return render(request, "scheduling/proposals.html", context)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _book_all(request: ClinicRequest, now: datetime) -> HttpResponse:
    """Book each ticked row by itself: one that was taken meanwhile does not stop the others."""
    made = 0
    for text in request.POST.getlist("take")[:MOST]:
        choice = ChoiceOfTime(dict(zip(("visit", "chair", "start"), text.split(" "), strict=False)))
        if not choice.is_valid():
            continue
        given = choice.cleaned_data
        try:
            book(
                visit_id=given["visit"], chair_id=given["chair"], start=given["start"],
                status=Booking.Status.PROPOSED, actor=request.actor, now=now,
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            made += 1
    words = ngettext("%d time is proposed.", "%d times are proposed.", made)
    messages.success(request, words % made)
    return redirect("due", request.clinic.slug)
