"""Booking a visit and moving it: a day, the times still open on it, a chair."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinical.findings import Severity
from clinics.permissions import BOOKINGS_CHANGE, RULES_OVERRIDE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from core.zones import local_date
from scheduling.models import Booking, Visit
from scheduling.selectors import OpenDay, booking_of, open_starts, visit_for_booking
from scheduling.services.bookings import book, hold_day, move
from scheduling.web.forms import PlaceForm, asked_day, posted
from scheduling.web.refusals import explain
from scheduling.web.waiting import tell_whom_it_fits

HOLD = "hold_day"
RATES = {
    "initial": gettext_lazy("Initial"),
    "standard": gettext_lazy("Standard"),
    "short": gettext_lazy("Short"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What the page is about: a visit, what its day offers, and the booking that moves."""

    visit: Visit
    opening: OpenDay
    booking: Booking | None = None


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def book_visit(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Book a visit: choose a day, then a time and a chair, or hold the day only."""
    now = clock.now()
    visit = visit_for_booking(request.actor, visit_id)
    opening = _opening(request, visit, _suggested(request, visit, now), now)

    def save(form: PlaceForm) -> Booking:
        if request.POST.get("act") == HOLD:
            return hold_day(visit_id=visit.pk, day=opening.day, actor=request.actor, now=now)
        return book(
            visit_id=visit.pk, chair_id=form.cleaned_data["chair_id"],
            start=form.cleaned_data["moment"], rate_option=opening.rate_option,
            status=form.cleaned_data["status"], actor=request.actor, now=now,
        )  # fmt: skip

    form = PlaceForm(posted(request), opening=opening)
    return _answer(request, Place(visit, opening), form, save)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def move_booking(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Move a booking, or give a held day its time. Whoever changed it first is not overwritten."""
    now = clock.now()
    booking = booking_of(request.actor, booking_id)
    visit = visit_for_booking(request.actor, booking.visit_id)
    opening = _opening(request, visit, booking.clinic_day.date, now)

    def save(form: PlaceForm) -> Booking:
        return move(
            booking_id=booking.pk, chair_id=form.cleaned_data["chair_id"],
            start=form.cleaned_data["moment"],
            version=form.cleaned_data["version"] or booking.version,
            rate_option=opening.rate_option, actor=request.actor, now=now,
        )  # fmt: skip

    initial = {"version": booking.version}
    form = PlaceForm(posted(request), opening=opening, moving=True, initial=initial)
    return _answer(request, Place(visit, opening, booking), form, save)


def _suggested(request: ClinicRequest, visit: Visit, now: datetime) -> date:
    today = local_date(now, request.clinic.time_zone)
    return max(today, visit.due_on)


def _opening(request: ClinicRequest, visit: Visit, day: date, now: datetime) -> OpenDay:
    asked = request.POST if request.method == "POST" else request.GET
    rate = asked.get("rate") or None
    return open_starts(
        request.actor, visit.pk, asked_day(asked.get("day", ""), day), now=now, rate_option=rate
    )


def _answer(
    request: ClinicRequest, place: Place, form: PlaceForm, save: Callable[[PlaceForm], Booking]
) -> HttpResponse:
    visit = place.visit
    if request.method == "GET":
        now = clock.now()
        record_read(
            subject=visit, patient_id=visit.patient_id, actor=request.actor, now=now, page="book"
        )
        return _show(request, place, form)
    if request.POST.get("act") != HOLD and not form.is_valid():
        return _show(request, place, form, status=422)
    try:
        saved = save(form)
    except NotFound:
        raise
    except Refusal as refusal:
        form.is_valid()
        explain(form, refusal)
        return _show(request, place, form, status=422)
    messages.success(request, _("Saved: %s.") % saved.get_status_display())
    if place.booking is not None:
        tell_whom_it_fits(request, place.booking)
    return redirect("day_on", request.clinic.slug, place.opening.day)


def _show(
    request: ClinicRequest, place: Place, form: PlaceForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "visit": place.visit,
        "patient": place.visit.patient,
        "opening": place.opening,
        "rates": [(option, RATES[option]) for option in place.opening.rates],
        "weekday": WEEKDAYS[place.opening.day.weekday()],
        "length": timedelta(minutes=place.opening.minutes),
        "form": form,
        "booking": place.booking,
        "chosen": form["start"].value(),
        "may_hold": place.booking is None and not place.opening.why,
        "who_may": _who_may(place.opening),
        "may_override": request.actor.may(RULES_OVERRIDE) and place.booking is None,
    }
    return render(request, "scheduling/book.html", context, status=status)


def _who_may(opening: OpenDay) -> tuple[str, ...]:
    """Return who may go past everything that closes the day; nobody when one may not be passed."""
    stops = [each for each in opening.findings if each.severity.rank >= Severity.HOLD.rank]
    found = [set(each.override_by) for each in stops]
    return tuple(sorted(set.intersection(*found))) if found else ()
