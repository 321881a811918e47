"""What somebody has to look at in the weeks to come, each with what can be done about it; and whom
to telephone because the clinic changed a visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from clinics.permissions import (
    BOOKINGS_CHANGE,
    BOOKINGS_VIEW,
    DISRUPTIONS_RECORD,
    REMINDERS_ACKNOWLEDGE,
)
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.web.tables import csv_response
from reminders.services.acknowledging import acknowledge
from scheduling.disruption import troubles
from scheduling.disruption.calls import to_telephone
from scheduling.disruption.troubles import Trouble
from scheduling.selectors import DayRow, bookings_listed

CSV_HEADER = (
    "day", "from", "chair", "conflict", "words", "state", "dose", "purpose", "mrn", "family_name",
    "given_names", "birth_date",
)  # fmt: skip
LABELS = {
    troubles.CLOSED: gettext_lazy("Clinic closed"),
    troubles.CHAIR: gettext_lazy("Chair out of use"),
    troubles.NURSES: gettext_lazy("Over capacity"),
    troubles.ROOM: gettext_lazy("No room on the day"),
    troubles.OVERRUN: gettext_lazy("Overrun"),
    troubles.EARLY: gettext_lazy("Too early"),
    troubles.WINDOW: gettext_lazy("Outside the window"),
    troubles.HOLD: gettext_lazy("Hold not cleared"),
    troubles.PROPOSAL: gettext_lazy("Not confirmed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """One booking and one reason to look at it, with whom it is about."""

    trouble: Trouble
    row: DayRow
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictDay:
    """The conflicts of one day; `to_rebook` of them can be settled in one step."""

    day: date
    rows: list[ConflictRow]
    to_rebook: int


@allow(BOOKINGS_VIEW)
@require_safe
def conflicts(request: ClinicRequest) -> HttpResponse:
    """Show every conflict from today on, the soonest first."""
    rows = _rows(request)
    kinds = [row.trouble.kind for row in rows]
    now = clock.now()
    context = {
        "days": [_day(day, list(here)) for day, here in groupby(rows, lambda row: row.trouble.day)],
        "counts": [(LABELS[kind], kinds.count(kind)) for kind in LABELS if kind in kinds],
        "calls": to_telephone(request.actor, now=now),
        "weeks": troubles.WEEKS,
        "may_change": request.actor.may(BOOKINGS_CHANGE),
        "may_record": request.actor.may(DISRUPTIONS_RECORD),
        "may_acknowledge": request.actor.may(REMINDERS_ACKNOWLEDGE),
    }
    return render(request, "scheduling/conflicts.html", context)


@allow(BOOKINGS_VIEW)
@require_safe
def count(request: ClinicRequest) -> HttpResponse:
    """Say how many bookings cannot stay as they are, for the buttons that lead here. No names."""
    found = troubles.find(request.clinic, now=clock.now())
    grave = len({each.booking_id for each in found if each.is_grave})
    words = ngettext("%d conflict", "%d conflicts", grave) % grave
    context = {"grave": grave, "words": words}
    return render(request, "scheduling/_conflict_count.html", context)


@allow(BOOKINGS_VIEW)
@require_safe
def as_csv(request: ClinicRequest) -> HttpResponse:
    """Give the conflicts to a spreadsheet, in the clinic's own time."""
    zone = ZoneInfo(request.clinic.time_zone)
    return csv_response("conflicts.csv", CSV_HEADER, (_cells(row, zone) for row in _rows(request)))


def _cells(found: ConflictRow, zone: ZoneInfo) -> Sequence[object]:
    trouble, row = found.trouble, found.row
    at = display.clinical_time(trouble.at, zone) if trouble.at is not None else ""
    return (
        trouble.day, at, row.chair_label, trouble.kind, trouble.words, row.status, row.dose_number,
        row.purpose, row.mrn, row.family_name, row.given_names, row.birth_date,
    )  # fmt: skip


@allow(REMINDERS_ACKNOWLEDGE)
@require_POST
def telephoned(request: ClinicRequest, reminder_id: UUID) -> HttpResponse:
    """Somebody has telephoned a patient about a change."""
    acknowledge(reminder_id=reminder_id, actor=request.actor, now=clock.now())
    return redirect("conflicts", request.clinic.slug)


def _rows(request: ClinicRequest) -> list[ConflictRow]:
    now = clock.now()
    found = troubles.find(request.clinic, now=now)
    ids = {each.booking_id for each in found}
    known = bookings_listed(request.actor, ids, now=now, page="conflicts")
    return [
        ConflictRow(trouble=each, row=known[each.booking_id], label=str(LABELS[each.kind]))
        for each in found
        if each.booking_id in known
    ]


def _day(day: date, rows: list[ConflictRow]) -> ConflictDay:
    together = {row.trouble.booking_id for row in rows if row.trouble.kind in troubles.CANNOT_STAY}
    return ConflictDay(day=day, rows=rows, to_rebook=len(together))
