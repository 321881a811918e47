"""The day as chairs and hours: its picture, and the poll that keeps two schedulers together."""

from datetime import date
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from clinics.permissions import BOOKINGS_CHANGE, BOOKINGS_VIEW
from clinics.web.access import ClinicRequest, allow, polled
from core import clock
from scheduling.daybook import strip
from scheduling.daybook.conflicts import GRAVE, Conflict, conflicts
from scheduling.daybook.feed import feed
from scheduling.daybook.frame import Frame, read_frame
from scheduling.models import Booking
from scheduling.selectors import DayRow, day_bookings

NOT_COMING = (Booking.Status.NO_SHOW, Booking.Status.OFFERED)  # or not yet
PIECES = ("stats", "conflicts", "load", "held")


def counts(rows: list[DayRow]) -> dict[str, int]:
    """Return how many visits of a day are in which state."""
    status = [row.status for row in rows]
    return {
        "all": sum(one not in NOT_COMING for one in status),
        "confirmed": status.count(Booking.Status.CONFIRMED),
        "proposed": status.count(Booking.Status.PROPOSED),
        "held": status.count(Booking.Status.DAY_HELD),
        "here": status.count(Booking.Status.ARRIVED),
        "missed": status.count(Booking.Status.NO_SHOW),
    }


def sorted_out(found: list[Conflict]) -> dict[str, list[Conflict]]:
    """Return the conflicts to act on, and those to keep an eye on."""
    return {
        "grave": [each for each in found if each.tone == GRAVE],
        "mild": [each for each in found if each.tone != GRAVE],
    }


def picture(request: ClinicRequest, frame: Frame, rows: list[DayRow]) -> dict[str, Any]:
    """Return what the page shows around the grid, and the grid's own feed."""
    may_change = request.actor.may(BOOKINGS_CHANGE)
    slots, found = frame.shown(), conflicts(frame, rows)
    load, starts = strip.nurse_load(frame.capacity, slots), strip.starts(frame.capacity, slots)
    return {
        "counts": counts(rows),
        **sorted_out(found),
        "strips": [("load", load), ("starts", starts)],
        "hours": [line.at for line in load.lines if line.at.endswith(":00")],
        "held": [row for row in rows if row.period is None],
        "may_change": may_change,
        "feed": feed(frame, rows, may_change=may_change),
    }


@polled
@allow(BOOKINGS_VIEW)
@require_safe
def changes(request: ClinicRequest, day: date) -> HttpResponse:
    """Return the day anew when it has changed since the viewer's `seen`; 204 when it has not.

    Nobody's record is read for a 204, and none is written to the ledger.
    """
    now = clock.now()
    frame = read_frame(request.clinic, day, now=now)
    if request.GET.get("seen") == frame.stamp():
        return HttpResponse(status=204)
    shown = picture(request, frame, day_bookings(request.actor, day, now=now))
    pieces = {
        f"day-{name}": render_to_string(f"scheduling/grid/_{name}.html", shown, request)
        for name in PIECES
    }
    return JsonResponse({**shown["feed"], "pieces": pieces})
