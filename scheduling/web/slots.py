"""Find a slot: ranked times with their reasons, one of them held while the patient is asked."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.models import Role
from clinics.permissions import BOOKINGS_CHANGE
from clinics.selectors import staff_with_role
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from core.zones import local_date
from scheduling.models import Booking, Visit
from scheduling.selectors import booking_of, visit_for_booking
from scheduling.services.bookings import book, hold_day, move
from scheduling.services.releasing import release_hold
from scheduling.slot_search import Wishes
from scheduling.slots import Asked, Slots, find_slots
from scheduling.web.refusals import explain
from scheduling.web.slot_form import HoldForm, SlotFilterForm
from scheduling.wishes import wishes_of

HOLD_MINUTES = 10


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def visit_slots(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Show the best times for a visit; hold one, promise its day, or move the visit there."""
    now = clock.now()
    visit = visit_for_booking(request.actor, visit_id)
    nurses = [(str(user.pk), str(user)) for user in staff_with_role(request.actor, Role.NURSE)]
    wishes = wishes_of(visit.patient_id)
    filters = SlotFilterForm(request.GET or None, nurses=nurses, wishes=wishes)
    asked = filters.asked()
    chosen = HoldForm(request.POST if request.method == "POST" else None)
    if request.method == "GET":
        record_read(
            subject=visit, patient_id=visit.patient_id, actor=request.actor, now=now, page="slots"
        )
    elif chosen.is_valid():
        try:
            _take(request, visit, chosen, asked, now)
        except NotFound:
            raise
        except Refusal as refusal:
            explain(chosen, refusal)
        else:
            return redirect("visit_slots", request.clinic.slug, visit.pk)
    return _show(request, visit, filters, chosen, now)


def _take(
    request: ClinicRequest, visit: Visit, chosen: HoldForm, asked: Asked, now: datetime
) -> None:
    given = chosen.cleaned_data
    if given["act"] == "hold_day":
        hold_day(
            visit_id=visit.pk, day=given["day"], needs_isolation=asked.isolation or None,
            actor=request.actor, now=now,
        )  # fmt: skip
        messages.success(request, _("The day is promised. Its time follows."))
    elif given["act"] == "move":
        booking = booking_of(request.actor, UUID(request.POST.get("booking", "")))
        move(
            booking_id=booking.pk, chair_id=given["chair"], start=given["start"],
            version=given["version"] or booking.version, actor=request.actor, now=now,
        )  # fmt: skip
        messages.success(request, _("Moved."))
    else:
        book(
            visit_id=visit.pk, chair_id=given["chair"], start=given["start"],
            status=Booking.Status.PROPOSED, hold_minutes=HOLD_MINUTES,
            needs_isolation=asked.isolation or None, actor=request.actor, now=now,
        )  # fmt: skip


def _show(
    request: ClinicRequest,
    visit: Visit,
    filters: SlotFilterForm,
    chosen: HoldForm,
    now: datetime,
) -> HttpResponse:
    try:
        found: Slots | None = find_slots(request.actor, visit.pk, filters.asked(), now=now)
    except NotFound:
        raise
    except Refusal as refusal:
        explain(filters, refusal)
        found = None
    booking = found.booking if found is not None else None
    today = local_date(now, request.clinic.time_zone)
    context = {
        "visit": visit,
        "patient": visit.patient,
        "found": found,
        "length": timedelta(minutes=found.minutes) if found is not None else None,
        "filters": filters,
        "as_wished": not filters.is_bound and filters.wished != Wishes(),
        "form": chosen,
        "booking": booking,
        "held": booking if booking is not None and booking.hold_expires_at else None,
        "now": now,
        "hold_length": timedelta(minutes=HOLD_MINUTES),
        "promise_from": promise_from(request, today),
        "days_before": request.clinic.confirm_days_before,
        "answer_url": request.get_full_path(),
    }
    wrong = bool(chosen.errors) or bool(filters.errors) or found is None
    return render(request, "scheduling/slots.html", context, status=422 if wrong else 200)


def promise_from(request: ClinicRequest, today: date) -> date:
    """Return the first day whose time need not be told yet: only the day is promised."""
    return today + timedelta(days=request.clinic.confirm_days_before + 1)


@allow(BOOKINGS_CHANGE)
@require_POST
def release(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Give a held time back: the patient would rather have another."""
    booking = booking_of(request.actor, booking_id)
    try:
        release_hold(booking_id=booking.pk, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Released. The time is free again."))
    return redirect("visit_slots", request.clinic.slug, booking.visit_id)
