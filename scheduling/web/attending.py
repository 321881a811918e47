"""What becomes of a booking: somebody comes, or does not, or calls it off."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import BOOKINGS_ARRIVE, BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from scheduling.models import Booking
from scheduling.selectors import booking_of
from scheduling.services.ad_hoc import end_visit
from scheduling.services.bookings import cancel, confirm, mark_arrived, mark_no_show, undo_arrived
from scheduling.web.forms import ReasonForm, posted
from scheduling.web.refusals import explain
from scheduling.web.waiting import tell_whom_it_fits


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def cancel_booking(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Ask for the reason, then free the booking; it goes back to the due list."""
    now = clock.now()
    booking = booking_of(request.actor, booking_id)
    form = ReasonForm(posted(request), initial={"version": booking.version})
    if request.method == "GET":
        record_read(
            subject=booking, patient_id=booking.patient_id, actor=request.actor, now=now,
            page="cancel",
        )  # fmt: skip
    if form.is_valid():
        try:
            cancel(
                booking_id=booking.pk, reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"], actor=request.actor, now=now,
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            messages.success(request, _("Cancelled. It is on the due list again."))
            tell_whom_it_fits(request, booking)
            return _back(request, booking)
    context = {"booking": booking, "patient": booking.patient, "form": form}
    status = 422 if form.errors else 200
    return render(request, "scheduling/cancel.html", context, status=status)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def no_show(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Ask once, then write that nobody came; it goes back to the due list."""
    booking = booking_of(request.actor, booking_id)
    if request.method == "GET":
        context = {"booking": booking, "patient": booking.patient}
        return render(request, "scheduling/no_show.html", context)
    words = _("Written down. It is on the due list again.")
    return _do(request, booking, mark_no_show, words)


@allow(BOOKINGS_ARRIVE)
@require_POST
def arrived(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """The patient is here."""
    return _do(request, booking_of(request.actor, booking_id), mark_arrived, _("Arrived."))


@allow(BOOKINGS_ARRIVE)
@require_POST
def not_arrived(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Take an arrival back that was a slip of the finger."""
    words = _("The arrival is taken back.")
    return _do(request, booking_of(request.actor, booking_id), undo_arrived, words)


@allow(BOOKINGS_ARRIVE)
@require_POST
def over(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Somebody who came for no dose leaves: the chair is free."""
    words = _("The visit is over. The chair is free.")
    return _do(request, booking_of(request.actor, booking_id), end_visit, words)


@allow(BOOKINGS_CHANGE)
@require_POST
def confirmed(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """A proposed time becomes a promise."""
    return _do(request, booking_of(request.actor, booking_id), confirm, _("Confirmed."))


def _do(
    request: ClinicRequest, booking: Booking, service: Callable[..., Any], words: str
) -> HttpResponse:
    try:
        service(booking_id=booking.pk, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words)
        if service is mark_no_show:
            tell_whom_it_fits(request, booking)
    return _back(request, booking)


def _back(request: ClinicRequest, booking: Booking) -> HttpResponse:
    return redirect("day_on", request.clinic.slug, booking.clinic_day.date)
