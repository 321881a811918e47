"""Everyone due and not booked, the most urgent first: nobody is forgotten here."""

from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinics.permissions import BOOKINGS_CHANGE, VISITS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock, states
from core.web.tables import csv_response
from core.zones import local_date
from scheduling.selectors import SHOWN, DueRow, unbooked_due
from scheduling.selectors_ad_hoc import ad_hoc_to_book

WEEKS = (2, 6, 13, 26)
DEFAULT_WEEKS = 6
STATES = ("prolonged_gap", "overdue", "due", "due_soon")
NO_SHOW, NO_REASON = "no_show", "no_reason"
CSV_HEADER = (
    "days_past_due", "state", "due", "earliest", "latest", "dose", "mg", "last_given",
    "no_shows", "delay_reason", "mrn", "family_name", "given_names", "birth_date",
)  # fmt: skip


@allow(VISITS_VIEW)
@require_safe
def due_list(request: ClinicRequest) -> HttpResponse:
    """Show who should be booked now."""
    now, today, weeks = _asked(request)
    ahead = timedelta(weeks=weeks)
    rows = unbooked_due(request.actor, today, now=now, ahead=ahead)
    others = ad_hoc_to_book(request.actor, today, now=now, ahead=ahead)
    state = request.GET.get("state", "")
    late = [row.days_past_due for row in rows if row.days_past_due > 0]
    context = {
        "rows": [row for row in rows if _wanted(row, state)],
        "weeks": weeks,
        "weeks_offered": WEEKS,
        "state": state,
        "states": [
            *((name, states.state(name).label) for name in STATES),
            (NO_SHOW, _("Did not attend before")),
            (NO_REASON, _("Late without a reason")),
        ],
        "counts": {name: sum(row.state == name for row in rows) for name in STATES},
        "longest": max(late, default=0),
        "days_late": sum(late),
        "people_late": len(late),
        "missed": sum(row.nobody_came for row in rows),
        "ad_hoc": [(row.days_late(today), row) for row in others],
        "cut_off": len(rows) >= SHOWN,
        "may_book": request.actor.may(BOOKINGS_CHANGE),
    }
    return render(request, "scheduling/due.html", context)


def _wanted(row: DueRow, state: str) -> bool:
    if state == NO_SHOW:
        return row.nobody_came
    if state == NO_REASON:
        return row.days_past_due > 0 and not row.delay
    return state not in STATES or row.state == state


@allow(VISITS_VIEW)
@require_safe
def as_csv(request: ClinicRequest) -> HttpResponse:
    """Give the due list to a spreadsheet."""
    now, today, weeks = _asked(request)
    rows = unbooked_due(request.actor, today, now=now, ahead=timedelta(weeks=weeks))
    cells = (
        (
            row.days_past_due, row.state, row.due_on, row.earliest_on, row.latest_on,
            row.dose_number, row.dose_mg, row.last_given_on, row.no_shows, row.delay, row.mrn,
            row.family_name, row.given_names, row.birth_date,
        )
        for row in rows
    )  # fmt: skip
    return csv_response("due.csv", CSV_HEADER, cells)


def _asked(request: ClinicRequest) -> tuple[datetime, date, int]:
    """Return now, the clinic's today, and how many weeks ahead to look."""
    asked, now = request.GET.get("weeks", ""), clock.now()
    weeks = int(asked) if asked in {str(offered) for offered in WEEKS} else DEFAULT_WEEKS
    return now, local_date(now, request.clinic.time_zone), weeks
