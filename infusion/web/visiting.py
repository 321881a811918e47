"""Somebody who was here for no dose leaves: asked once more, by chair and name, then the chair is
free. It has no outbox: the instant of the tap would be lost on the way."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinics.permissions import BOOKINGS_ARRIVE
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.audit import record_read
from infusion.seating import errand
from infusion.selectors import ad_hoc_booking
from infusion.web.board import done, tapped
from scheduling.models import Booking
from scheduling.services.ad_hoc import end_visit


@allow(BOOKINGS_ARRIVE)
@require_http_methods(["GET", "POST"])
@tapped
def visit_over(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Show what is asked, or note that the visit is over. 404 for a dose: its chart ends it."""
    booking = ad_hoc_booking(booking_id, request.actor)
    if request.method == "GET":
        return _asked(request, booking)
    end_visit(booking_id=booking_id, actor=request.actor, now=clock.now())
    name = display.person_name(booking.patient.family_name, booking.patient.given_names)
    return done(request, _("%(name)s: visit over.") % {"name": name})


def _asked(request: ClinicRequest, booking: Booking) -> HttpResponse:
    record_read(
        subject=booking.visit, patient_id=booking.patient_id, actor=request.actor,
        now=clock.now(), page="visit over",
    )  # fmt: skip
    in_dialog = bool(request.headers.get("HX-Request"))
    where = f"{booking.patient.family_name.upper()}, {booking.chair.label if booking.chair else ''}"
    context = {
        "booking": booking, "patient": booking.patient, "errand": errand(booking.visit),
        "where": where, "in_dialog": in_dialog,
    }  # fmt: skip
    name = "infusion/_visit_over.html" if in_dialog else "infusion/visit_over.html"
    return render(request, name, context)
