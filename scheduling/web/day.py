"""One day of a clinic as a list: who comes when, in which chair, and what can be done about it."""

from contextlib import suppress
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.views.decorators.http import require_safe

from clinics.permissions import BOOKINGS_ARRIVE, BOOKINGS_CHANGE, BOOKINGS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.web.tables import csv_response
from core.zones import local_date
from scheduling.models import Booking
from scheduling.selectors import DayRow, day_bookings

CSV_HEADER = (
    "from", "until", "chair", "state", "dose", "mg", "mrn", "family_name", "given_names",
    "birth_date",
)  # fmt: skip


@allow(BOOKINGS_VIEW)
@require_safe
def today(request: ClinicRequest) -> HttpResponse:
    """Go to the clinic's today; `?on=` goes to the day chosen in the page's own date field."""
    day = local_date(clock.now(), request.clinic.time_zone)
    with suppress(ValueError):
        day = date.fromisoformat(request.GET.get("on", ""))
    return redirect("day_on", request.clinic.slug, day)


@allow(BOOKINGS_VIEW)
@require_safe
def on(request: ClinicRequest, day: date) -> HttpResponse:
    """Show the bookings of one day."""
    now = clock.now()
    rows = day_bookings(request.actor, day, now=now)
    context = {
        "day": day,
        "now": now,
        "weekday": WEEKDAYS[day.weekday()],
        "is_today": day == local_date(now, request.clinic.time_zone),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "rows": [row for row in rows if row.period is not None],
        "held": [row for row in rows if row.period is None],
        "counts": _counts(rows),
        "may_change": request.actor.may(BOOKINGS_CHANGE),
        "may_arrive": request.actor.may(BOOKINGS_ARRIVE),
    }
    return render(request, "scheduling/day.html", context)


@allow(BOOKINGS_VIEW)
@require_safe
def as_csv(request: ClinicRequest, day: date) -> HttpResponse:
    """Give the day's list to a spreadsheet, in the clinic's own time."""
    zone = ZoneInfo(request.clinic.time_zone)
    rows = day_bookings(request.actor, day, now=clock.now())
    return csv_response(f"day-{day}.csv", CSV_HEADER, (_cells(row, zone) for row in rows))


def _cells(row: DayRow, zone: ZoneInfo) -> tuple[object, ...]:
    span: tuple[str, ...] = ("", "")
    if row.period is not None:
        span = tuple(
            display.clinical_time(edge, zone) for edge in (row.period.lower, row.period.upper)
        )
    return (
        *span, row.chair_label, row.status, row.dose_number, row.dose_mg, row.mrn,
        row.family_name, row.given_names, row.birth_date,
    )  # fmt: skip


def _counts(rows: list[DayRow]) -> dict[str, int]:
    status = [row.status for row in rows]
    return {
        "all": len(rows) - status.count(Booking.Status.NO_SHOW),
        "confirmed": status.count(Booking.Status.CONFIRMED),
        "proposed": status.count(Booking.Status.PROPOSED),
        "held": status.count(Booking.Status.DAY_HELD),
        "here": status.count(Booking.Status.ARRIVED),
        "missed": status.count(Booking.Status.NO_SHOW),
    }
