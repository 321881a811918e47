"""Somebody goes on the waitlist, changes what they want, or leaves; and what suits a patient."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.display import sentence
from core.errors import NotFound, Refusal
from core.zones import local_date
from patients.selectors import open_record
from scheduling.models import Booking, Visit, WaitlistEntry
from scheduling.selectors import dose_for_booking
from scheduling.services.waiting import (
    change_entry,
    join_waitlist,
    leave_waitlist,
    record_wishes,
)
from scheduling.waitlist import read_waitlist
from scheduling.web.forms import posted
from scheduling.web.refusals import explain
from scheduling.web.wishes_form import WaitingForm, WishesForm, known
from scheduling.wishes import wishes_of

SAID_MINUTES = {
    30: gettext_lazy("half an hour"),
    120: gettext_lazy("two hours"),
    240: gettext_lazy("four hours"),
    1440: gettext_lazy("a day"),
}


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def join(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Put a dose on the waitlist, with what suits its patient; or change what is there."""
    visit = dose_for_booking(request.actor, visit_id)
    entry = _open_entry(visit)
    form = WaitingForm(posted(request), initial=known(wishes_of(visit.patient_id), entry))

    def save() -> str:
        given = form.cleaned_data
        named: dict[str, Any] = {
            "wanted_from": given["wanted_from"], "note": given["note"], "wished": form.wished(),
            "actor": request.actor, "now": clock.now(),
        }  # fmt: skip
        if entry is None:
            join_waitlist(visit_id=visit.pk, **named)
            return _("On the waitlist.")
        change_entry(entry_id=entry.pk, version=given["version"] or entry.version, **named)
        return _("Changed.")

    if request.method == "GET":
        record_read(
            subject=visit, patient_id=visit.patient_id, actor=request.actor, now=clock.now(),
            page="waitlist entry",
        )  # fmt: skip
    if _saved(request, form, save):
        return redirect("waitlist", request.clinic.slug)
    booking = Booking.objects.filter(visit=visit, status__in=Booking.ACTIVE)
    context = {
        "visit": visit,
        "patient": visit.patient,
        "entry": entry,
        "booking": booking.select_related("clinic_day", "chair").first(),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "scheduling/waitlist_entry.html", context, status=status)


def _open_entry(visit: Visit) -> WaitlistEntry | None:
    rows = WaitlistEntry.objects.filter(visit=visit, state=WaitlistEntry.State.WAITING)
    return rows.first()


def _saved(request: ClinicRequest, form: WishesForm, save: Callable[[], str]) -> bool:
    """Whether the form was posted and saved; a refusal stands on it otherwise."""
    if not form.is_valid():
        return False
    try:
        words = save()
    except NotFound:
        raise
    except Refusal as refusal:
        explain(form, refusal)
        return False
    messages.success(request, words)
    return True


@allow(BOOKINGS_CHANGE)
@require_POST
def leave(request: ClinicRequest, entry_id: UUID) -> HttpResponse:
    """Take somebody off the waitlist; what they have booked stays."""
    try:
        leave_waitlist(entry_id=entry_id, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, sentence(refusal.message))
    else:
        messages.success(request, _("Off the waitlist. What is booked stays."))
    return redirect("waitlist", request.clinic.slug)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def wishes(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Write what suits a patient: every search and every offer begins from it."""
    now = clock.now()
    patient = open_record(patient_id=patient_id, actor=request.actor, now=now, page="wishes")
    form = WishesForm(posted(request), initial=known(wishes_of(patient.pk)))

    def save() -> str:
        record_wishes(patient_id=patient.pk, wished=form.wished(), actor=request.actor, now=now)
        return _("Written down. Searches and offers begin from it.")

    if _saved(request, form, save):
        return redirect("patient", request.clinic.slug, patient.pk)
    context = {"patient": patient, "form": form}
    status = 422 if form.errors else 200
    return render(request, "scheduling/wishes.html", context, status=status)


def whom_it_fits(request: ClinicRequest, booking: Booking) -> str:
    """Say how many who wait the place fits that has just come free; empty when nobody.

    `booking` is as it was before.
    """
    now = clock.now()
    over = booking.period is None or booking.period.upper <= now
    if over or not request.actor.may(BOOKINGS_CHANGE):
        return ""
    waits = WaitlistEntry.objects.filter(clinic=request.clinic, state=WaitlistEntry.State.WAITING)
    if not waits.exists():
        return ""
    day = local_date(booking.period.lower, request.clinic.time_zone)
    free = read_waitlist(request.actor, now=now, days=[day]).free
    here = [
        place
        for place in free
        if place.chair_id == booking.chair_id and place.starts < booking.period.upper
        and place.ends > booking.period.lower
    ]  # fmt: skip
    count = len({one.line.row.entry_id for place in here for one in place.suited})
    if not count:
        return _("Nobody on the waitlist could take the place.")
    words = ngettext(
        "The place fits %d patient on the waitlist.",
        "The place fits %d patients on the waitlist.",
        count,
    )
    return words % count


def tell_whom_it_fits(request: ClinicRequest, booking: Booking) -> None:
    """Put on the next page whom the place fits that has just come free, and the way there."""
    words = whom_it_fits(request, booking)
    if words:
        address = reverse("waitlist", args=[request.clinic.slug])
        link = format_html('<a href="{}">{}</a>', address, _("Waitlist"))
        messages.info(request, format_html("{} {}", words, link))
