"""What a press on the grid does: look closer, see what would change, do it, take it back.

Every answer is a piece for the page's dialog, or a word at the bottom of the screen together
with the event that makes the grid look again.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.permissions import BOOKINGS_ARRIVE, BOOKINGS_CHANGE, BOOKINGS_VIEW
from clinics.selectors import chairs_of
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.audit import record_read
from core.errors import Invalid, NotFound, Refusal, Stale
from core.statuses import status_of
from core.zones import local_date
from scheduling.daybook.what_if import Effect, Wish, wall_instant, what_if
from scheduling.models import Booking
from scheduling.selectors import booking_of, unbooked_due
from scheduling.selectors_ad_hoc import ad_hoc_to_book
from scheduling.services.ad_hoc import end_visit
from scheduling.services.bookings import book, cancel, confirm, mark_arrived, mark_no_show, move
from scheduling.web.forms import ReasonForm
from scheduling.web.refusals import explain
from scheduling.web.undo import seal, take_back
from scheduling.web.waiting import whom_it_fits

OFFERED = 40  # due doses in the dialog that books an empty place


@allow(BOOKINGS_VIEW)
@require_safe
def card(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """One booking in a dialog: who, when, and everything that can be done about it."""
    now = clock.now()
    booking = booking_of(request.actor, booking_id)
    record_read(
        subject=booking, patient_id=booking.patient_id, actor=request.actor, now=now, page="card"
    )
    return _card(request, booking, ReasonForm(initial={"version": booking.version}), now)


def _card(
    request: ClinicRequest, booking: Booking, form: ReasonForm, now: datetime, status: int = 200
) -> HttpResponse:
    today = local_date(now, request.clinic.time_zone)
    context = {
        "booking": booking,
        "patient": booking.patient,
        "form": form,
        "chairs": chairs_of(request.actor),
        "now": now,
        "is_today": booking.clinic_day.date == today,
        "may_change": request.actor.may(BOOKINGS_CHANGE),
        "may_arrive": request.actor.may(BOOKINGS_ARRIVE),
    }
    return render(request, "scheduling/grid/card.html", context, status=status)


@allow(BOOKINGS_CHANGE)
@require_safe
def create(request: ClinicRequest, day: date) -> HttpResponse:
    """Offer who could take an empty place: due doses, the most urgent first, then other visits."""
    now = clock.now()
    rows = unbooked_due(request.actor, day, now=now, limit=OFFERED)
    others = ad_hoc_to_book(request.actor, day, now=now, ahead=timedelta(0))
    chair = next(
        (c for c in chairs_of(request.actor) if str(c.pk) == request.GET.get("chair")), None
    )
    if chair is None:
        raise NotFound
    context = {
        "day": day,
        "start": f"{_time(request.GET, 'start'):%H:%M}",
        "chair": chair,
        "rows": [row for row in rows if row.earliest_on <= day and row.state != "prolonged_gap"],
        "ad_hoc": others[:OFFERED],
    }
    return render(request, "scheduling/grid/create.html", context)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def booking_what_if(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Show what a move would change; a POST moves. Whoever was faster is not overwritten."""
    booking = booking_of(request.actor, booking_id)

    def save(effect: Effect, wish: Wish, now: datetime) -> tuple[Booking, str]:
        before = {
            "chair": str(booking.chair_id),
            "start": booking.period.lower.isoformat() if booking.period else "",
            "rate": booking.rate_option,
        }
        moved = move(
            booking_id=booking_id, chair_id=wish.chair_id, start=wish.start,
            version=wish.version or booking.version, rate_option=effect.planned.rate_option,
            actor=request.actor, now=now,
        )  # fmt: skip
        return moved, seal("move", moved, **before) if before["start"] else ""

    return _answer(request, booking.visit_id, save, was=booking)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def visit_what_if(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Show what a new booking would change; a POST books."""

    def save(effect: Effect, wish: Wish, now: datetime) -> tuple[Booking, str]:
        booked = book(
            visit_id=visit_id, chair_id=wish.chair_id, start=wish.start,
            rate_option=effect.planned.rate_option, status=Booking.Status.CONFIRMED,
            actor=request.actor, now=now,
        )  # fmt: skip
        return booked, seal("book", booked)

    return _answer(request, visit_id, save)


def _answer(
    request: ClinicRequest,
    visit_id: UUID,
    save: Callable[[Effect, Wish, datetime], tuple[Booking, str]],
    *,
    was: Booking | None = None,
) -> HttpResponse:
    now = clock.now()
    wish = _wish(request)
    effect = what_if(request.actor, visit_id, wish, now=now)
    if request.method == "GET":
        record_read(
            subject=effect.visit, patient_id=effect.visit.patient_id, actor=request.actor,
            now=now, page="what-if",
        )  # fmt: skip
        return _preview(request, effect, effect.refused)
    try:
        saved, undo = save(effect, wish, now)
    except NotFound:
        raise
    except Refusal as refusal:
        return _preview(request, effect, [refusal], status=status_of(refusal))
    words = _("%(name)s: %(chair)s, %(at)s.") % {
        "name": _surname(effect), "chair": effect.chair.label,
        "at": display.clinical_datetime(saved.period.lower, _zone(request)),
    }  # fmt: skip
    if was is not None:
        words = f"{words} {whom_it_fits(request, was)}".strip()
    return done(request, words, undo)


def _preview(
    request: ClinicRequest, effect: Effect, refused: Sequence[Refusal], status: int = 200
) -> HttpResponse:
    context = {
        "effect": effect,
        "visit": effect.visit,
        "patient": effect.held.patient,
        "refused": refused,
        "stale": any(isinstance(refusal, Stale) for refusal in refused),
        "length": effect.leaves_at - effect.planned.period.lower,
        "fields": {name: _given(request).get(name, "") for name in FIELDS},
    }
    return render(request, "scheduling/grid/what_if.html", context, status=status)


FIELDS = ("day", "start", "chair", "version", "until")


def _wish(request: ClinicRequest) -> Wish:
    """Return what the person asks for. Raises Invalid for a time, day or chair that is none."""
    given = _given(request)
    try:
        day, chair_id = date.fromisoformat(given.get("day", "")), UUID(given.get("chair", ""))
        version = int(given.get("version", "") or 0) or None
    except ValueError as problem:
        raise Invalid(_("Say on which day, in which chair.")) from problem
    until = wall_instant(request.clinic, day, _time(given, "until")) if given.get("until") else None
    return Wish(
        chair_id=chair_id,
        start=wall_instant(request.clinic, day, _time(given, "start")),
        version=version,
        until=until,
    )


def _given(request: ClinicRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _time(given: QueryDict, name: str) -> time:
    try:
        return time.fromisoformat(given.get(name, ""))
    except ValueError as problem:
        raise Invalid(_("Say at what time.")) from problem


@allow(BOOKINGS_ARRIVE)
@require_POST
def act(request: ClinicRequest, booking_id: UUID, what: str) -> HttpResponse:
    """Do one of the card's acts. Refused, the card comes back with the reason."""
    now = clock.now()
    booking = booking_of(request.actor, booking_id)
    form = ReasonForm(request.POST if what == "cancel" else None, initial={"version": 0})
    if what not in ACTS or (what == "cancel" and not form.is_valid()):
        return _card(request, booking, form, now, status=422)
    try:
        words, undo = ACTS[what](request, booking, now)
    except NotFound:
        raise
    except Refusal as refusal:
        refused = ReasonForm({"reason": request.POST.get("reason", "-"), "version": ""})
        refused.is_valid()
        explain(refused, refusal)
        return _card(request, booking, refused, now, status=status_of(refusal))
    name = display.person_name(booking.patient.family_name, booking.patient.given_names)
    return done(request, words % {"name": name}, undo)


def _arrived(request: ClinicRequest, booking: Booking, now: datetime) -> tuple[str, str]:
    changed = mark_arrived(booking_id=booking.pk, actor=request.actor, now=now)
    return _("%(name)s has arrived."), seal("arrived", changed)


def _confirmed(request: ClinicRequest, booking: Booking, now: datetime) -> tuple[str, str]:
    confirm(booking_id=booking.pk, version=_version(request), actor=request.actor, now=now)
    return _("%(name)s is confirmed."), ""


def _missed(request: ClinicRequest, booking: Booking, now: datetime) -> tuple[str, str]:
    changed = mark_no_show(booking_id=booking.pk, actor=request.actor, now=now)
    words = _("%(name)s did not attend. It is on the due list again.")
    words = f"{words} {whom_it_fits(request, booking)}".strip()
    return words, seal("ended", changed, was=booking.status)


def _cancelled(request: ClinicRequest, booking: Booking, now: datetime) -> tuple[str, str]:
    changed = cancel(
        booking_id=booking.pk, reason=request.POST["reason"], version=_version(request),
        actor=request.actor, now=now,
    )  # fmt: skip
    words = _("The visit of %(name)s is cancelled. It is on the due list again.")
    words = f"{words} {whom_it_fits(request, booking)}".strip()
    return words, seal("ended", changed, was=booking.status)


def _over(request: ClinicRequest, booking: Booking, now: datetime) -> tuple[str, str]:
    end_visit(booking_id=booking.pk, actor=request.actor, now=now)
    return _("The visit of %(name)s is over."), ""


def _version(request: ClinicRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() else None


ACTS: dict[str, Callable[[ClinicRequest, Booking, datetime], tuple[str, str]]] = {
    "arrived": _arrived, "confirm": _confirmed, "no-show": _missed, "cancel": _cancelled,
    "over": _over,
}  # fmt: skip


@allow(BOOKINGS_ARRIVE)
@require_POST
def undo(request: ClinicRequest) -> HttpResponse:
    """Take back what was done a moment ago; refused in words when somebody was faster."""
    try:
        take_back(request.POST.get("token", ""), actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        words = _("Not taken back. %(why)s") % {"why": display.sentence(refusal.message)}
        return _said(request, words, tone="danger")
    return _said(request, _("Taken back."))


def done(request: ClinicRequest, words: str, undo_token: str = "") -> HttpResponse:
    """Say what was done; the dialog that asked for it stays as it is until it closes."""
    response = _said(request, words, undo_token)
    response["HX-Reswap"] = "none"
    return response


def _said(request: ClinicRequest, words: str, undo_token: str = "", tone: str = "") -> HttpResponse:
    """Say something and let the grid look again; that event comes before the dialog closes."""
    context = {"words": words, "token": undo_token, "tone": tone}
    response = render(request, "scheduling/grid/_toast.html", context)
    response["HX-Trigger-After-Settle"] = json.dumps({"day:changed": {}, "dialog:close": {}})
    return response


def _surname(effect: Effect) -> str:
    return effect.held.patient.family_name.upper()


def _zone(request: ClinicRequest) -> ZoneInfo:
    return ZoneInfo(request.clinic.time_zone)
