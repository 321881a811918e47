"""One day of a clinic: who comes when, in which chair, and what can be done about it."""

from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.views.decorators.http import require_safe

from clinics.permissions import BOOKINGS_ARRIVE, BOOKINGS_CHANGE, BOOKINGS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.web.tables import csv_response
from core.zones import local_date
from scheduling.daybook.conflicts import over_time
from scheduling.daybook.frame import read_frame
from scheduling.overruns import leaving
from scheduling.selectors import DayRow, day_bookings
from scheduling.web.grid import counts, picture, sorted_out

CSV_HEADER = (
    "from", "until", "chair", "state", "dose", "mg", "purpose", "mrn", "family_name", "given_names",
    "birth_date",
)  # fmt: skip


VIEW = "day_view"  # the session remembers which tab somebody works in
LIST, GRID = "list", "grid"


@allow(BOOKINGS_VIEW)
@require_safe
def today(request: ClinicRequest) -> HttpResponse:
    """Go to the clinic's today; `?on=` goes to the day chosen in the page's own date field."""
    day = local_date(clock.now(), request.clinic.time_zone)
    with suppress(ValueError):
        day = date.fromisoformat(request.GET.get("on", ""))
    if settings.HAS_DAY_GRID and VIEW not in request.session:
        request.session[VIEW] = GRID
    _view(request)
    return redirect("day_on", request.clinic.slug, day)


@allow(BOOKINGS_VIEW)
@require_safe
def on(request: ClinicRequest, day: date) -> HttpResponse:
    """Show the bookings of one day, as chairs and hours or as a list."""
    now = clock.now()
    view = _view(request)
    context = {
        "day": day,
        "now": now,
        "weekday": WEEKDAYS[day.weekday()],
        "is_today": day == local_date(now, request.clinic.time_zone),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "view": view,
        "has_grid": settings.HAS_DAY_GRID,
        "nobody": UUID(int=0),
        "may_arrive": request.actor.may(BOOKINGS_ARRIVE),
    }
    rows = day_bookings(request.actor, day, now=now)
    if view == GRID:
        frame = read_frame(request.clinic, day, now=now)
        return render(request, "scheduling/day_grid.html", context | picture(request, frame, rows))
    expected = leaving([row.visit_id for row in rows], now=now)
    context |= {
        "rows": [row for row in rows if row.period is not None],
        **sorted_out(list(over_time(rows, expected, ZoneInfo(request.clinic.time_zone)))),
        "held": [row for row in rows if row.period is None],
        "counts": counts(rows),
        "may_change": request.actor.may(BOOKINGS_CHANGE),
    }
    return render(request, "scheduling/day.html", context)


def _view(request: ClinicRequest) -> str:
    """Return the tab that is asked for, else the one last used, else the list."""
    asked = request.GET.get("view", "")
    if asked in {LIST, GRID} and request.session.get(VIEW) != asked:
        request.session[VIEW] = asked
    chosen: str = request.session.get(VIEW, LIST)
    return chosen if settings.HAS_DAY_GRID else LIST


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
        *span, row.chair_label, row.status, row.dose_number, row.dose_mg, row.purpose,
        row.mrn,
        row.family_name, row.given_names, row.birth_date,
    )  # fmt: skip
