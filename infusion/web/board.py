"""The chair board: every chair, live. A poll answers only with the cards that have changed."""

from collections.abc import Collection
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinics.permissions import BOARD_VIEW, BOOKINGS_ARRIVE, REMINDERS_ACKNOWLEDGE
from clinics.web.access import ClinicRequest, ClinicView, allow, polled
from core import clock, display
from core.errors import Forbidden, Invalid, NotFound, Refusal
from infusion.board import Board, ChairCard
from infusion.selectors import board as read_board
from infusion.services.reading import record_board_read
from infusion.web import outbox
from infusion.web.cards import STRIP_AHEAD, lines, shown
from infusion.web.forms.base import CLOCK_TOLERANCE
from infusion.web.outbox import own_entries_only
from infusion.web.words import on_the_wall
from reminders.services.acknowledging import acknowledge
from scheduling.services.attendance import mark_arrived, undo_arrived

P = ParamSpec("P")


@allow(BOARD_VIEW)
@require_safe
def board(request: ClinicRequest) -> HttpResponse:
    """The whole room."""
    room = read_board(request.actor, clock.now())
    _record(request, room.cards, "board")
    return render(request, "infusion/board.html", context_of(request, room))


@polled
@allow(BOARD_VIEW)
@require_safe
def live(request: ClinicRequest) -> HttpResponse:
    """What changed since the viewer's cards were written; 204 when nothing did.

    The page sends the fingerprint of each card it shows (`seen`), of the strip and of the
    layout. Another set of cards brings the whole room.
    """
    room = read_board(request.actor, clock.now())
    same_room = request.GET.get("layout") == room.layout()
    changed = changed_cards(room, request.GET.getlist("seen")) if same_room else list(room.cards)
    strip_same = request.GET.get("strip") == room.strip(within=STRIP_AHEAD)
    if same_room and strip_same and not changed:
        return HttpResponse(status=204)
    _record(request, changed, "board poll")
    return HttpResponse(pieces(request, room, changed, whole=not same_room))


def changed_cards(room: Board, seen: Collection[str]) -> list[ChairCard]:
    """Return the cards whose fingerprint the viewer does not have."""
    return [card for card in room.cards if card.digest() not in seen]


def pieces(
    request: ClinicRequest, room: Board, changed: Collection[ChairCard], *, whole: bool = False
) -> str:
    """Return the changed cards and the strip, each to be put in the place of its old self."""
    context = context_of(request, room)
    if whole:
        return render_to_string("infusion/_room.html", {**context, "oob": True}, request)
    keys = {card.key for card in changed}
    context["cards"] = [each for each in context["cards"] if each.card.key in keys]
    return render_to_string("infusion/_changes.html", {**context, "oob": True}, request)


def context_of(request: ClinicRequest, room: Board) -> dict[str, Any]:
    """Return what the board's templates show."""
    slug = request.clinic.slug
    return {
        "now": room.now,
        "cards": [shown(card, slug, request.actor, room.now) for card in room.cards],
        "lines": lines(room, slug, request.actor),
        "strip": room.strip(within=STRIP_AHEAD),
        "layout": room.layout(),
        "live_url": reverse("board_live", args=[slug]),
    }


def _record(request: ClinicRequest, cards: Collection[ChairCard], page: str) -> None:
    visits = {card.seated.visit_id for card in cards if card.seated}
    visits |= {card.coming.visit_id for card in cards if card.coming}
    record_board_read(
        clinic=request.clinic, visits=visits, page=page, actor=request.actor, now=clock.now()
    )


def tapped(view: ClinicView[P]) -> ClinicView[P]:
    """Answer a refused tap with its words and the room as it is; without scripts, with a page."""

    @wraps(view)
    def run(request: ClinicRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (NotFound, Forbidden):
            raise
        except Refusal as refusal:
            if not request.headers.get("HX-Request") or outbox.asked(request):
                raise  # an outbox is told by the middleware
            return done(request, on_the_wall(refusal.message), tone="danger")

    return run


@allow(BOOKINGS_ARRIVE)
@require_POST
@own_entries_only
@tapped
def arrived(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """The patient is here since the tap, whenever it gets through. It can be taken back."""
    now = clock.now()
    booking = mark_arrived(
        booking_id=booking_id, arrived_at=tap_of(request, now), actor=request.actor, now=now
    )
    name = display.person_name(booking.patient.family_name, booking.patient.given_names)
    words = _("%(name)s has arrived.") % {"name": name}
    undo = reverse("board_not_arrived", args=[request.clinic.slug, booking_id])
    return answered(request, words, undo_url=undo)


@allow(BOOKINGS_ARRIVE)
@require_POST
@tapped
def not_arrived(request: ClinicRequest, booking_id: UUID) -> HttpResponse:
    """Take back an arrival tapped by mistake."""
    undo_arrived(booking_id=booking_id, actor=request.actor, now=clock.now())
    return done(request, _("Arrival taken back."))


@allow(REMINDERS_ACKNOWLEDGE)
@require_POST
@tapped
def reminder_seen(request: ClinicRequest, reminder_id: UUID) -> HttpResponse:
    """Somebody has read a reminder in the strip. The step itself stays due."""
    acknowledge(reminder_id=reminder_id, actor=request.actor, now=clock.now())
    return done(request, _("Reminder seen."))


def tap_of(request: ClinicRequest, now: datetime) -> datetime | None:
    """Return the instant of the tap, which an outbox sends along; None when there is none."""
    try:
        given = forms.DateTimeField(required=False).clean(request.POST.get("tapped_at", ""))
    except forms.ValidationError:
        raise Invalid("This is no time.", {"tapped_at": ["This is no time."]}) from None
    return now if given is not None and now < given <= now + CLOCK_TOLERANCE else given


def answered(request: ClinicRequest, words: str, *, undo_url: str = "") -> HttpResponse:
    """Answer a tap, whether a browser's outbox sent it or the page itself."""
    if not outbox.asked(request):
        return done(request, words, undo_url=undo_url)
    html = ""
    if outbox.watched(request) and "layout" in request.POST:
        html = done(request, words, undo_url=undo_url).content.decode()
    return outbox.applied(words, html=html)


def done(request: ClinicRequest, words: str, *, undo_url: str = "", tone: str = "") -> HttpResponse:
    """Answer a tap on the board: the changed pieces and a toast, or the page again without JS."""
    if not request.headers.get("HX-Request"):
        messages.success(request, words)
        return redirect("board", request.clinic.slug)
    room = read_board(request.actor, clock.now())
    same_room = request.POST.get("layout") == room.layout()
    changed = changed_cards(room, request.POST.getlist("seen")) if same_room else room.cards
    _record(request, changed, "board")
    body = pieces(request, room, changed, whole=not same_room)
    response = HttpResponse(body + toast(request, words, undo_url=undo_url, tone=tone))
    response["HX-Reswap"] = "none"
    # After the swap: an htmx swap into the dialog opens it (static/js/dialogs.js).
    response["HX-Trigger-After-Settle"] = "dialog:close"
    return response


def toast(request: ClinicRequest, words: str, *, undo_url: str = "", tone: str = "") -> str:
    """Return a word after a tap, to be put among the page's toasts."""
    shown = {
        "text": words, "undo_url": undo_url, "tone": tone, "oob": True, "event_id": uuid4(),
        "keeps": "/chair/undo/" in undo_url,  # an entry's; an arrival is taken back at once or not
    }  # fmt: skip
    return render_to_string("infusion/_toast.html", shown, request)
