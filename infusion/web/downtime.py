"""The downtime sheet: the room and the day of each clinic as files that print without a server.

One HTML file per clinic, named by its id, and a PDF where one can be made. A file is replaced as a
whole, so whoever opens it never sees half of it.
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone

from clinical.model import RateOption
from clinical.titration import plan
from clinics.models import Clinic
from clinics.permissions import BOARD_VIEW, BOOKINGS_VIEW
from core import clock
from core.actor import system_actor
from core.errors import Unavailable
from core.pdf import STATIC, pdf_of
from core.zones import local_date
from infusion import record, segments
from infusion.seating import errand
from infusion.selectors import board as read_board
from infusion.services.reading import record_board_read
from infusion.web.handover import context_of
from scheduling.models import Booking, Visit
from scheduling.selectors import DayRow, day_bookings

EVERY = timedelta(minutes=5)
STALE = timedelta(minutes=15)
# A second driver comes this soon after the first and finds the work done.
FRESH = timedelta(minutes=4)
SHEET = "record.css"
OVER = {Booking.Status.COMPLETED, Booking.Status.NO_SHOW}


def write_sheets(now: datetime) -> int:
    """Write the sheet of every clinic whose file is not fresh; return how many were written."""
    folder = _folder()
    written = 0
    for clinic in Clinic.objects.order_by("pk"):
        page = folder / f"{clinic.pk}.html"
        if page.exists() and now - _made_at(page) < FRESH:
            continue
        html = sheet_of(clinic, now)
        _replace(folder / SHEET, _style(), now)
        _replace(page, html.replace(f"{STATIC}pdf/", "").encode(), now)
        try:
            _replace(page.with_suffix(".pdf"), pdf_of(html), now)
        except Unavailable:
            # A PDF of another hour beside a page of this one would be read as current.
            page.with_suffix(".pdf").unlink(missing_ok=True)
        written += 1
    return written


def stale() -> str | None:
    """Return a line when a clinic's sheet is older than a quarter of an hour; for /readyz.

    Before the first one is made there is nothing that could mislead.
    """
    pages = list(settings.DOWNTIME_DIR.glob("*.html"))
    if any(clock.now() - _made_at(page) > STALE for page in pages):
        return "a downtime sheet is older than 15 minutes"
    return None


def sheet_of(clinic: Clinic, now: datetime) -> str:
    """Return the page of one clinic; that it was read goes to the ledger like any reading."""
    actor = system_actor(clinic.pk, BOARD_VIEW, BOOKINGS_VIEW)
    with timezone.override(clinic.time_zone):
        room = read_board(actor, now)
        today = local_date(now, clinic.time_zone)
        rows = [row for row in day_bookings(actor, today, now=now) if row.status not in OVER]
        seated = {card.seated.visit_id for card in room.cards if card.seated}
        record_board_read(clinic=clinic, visits=seated, page="downtime sheet", actor=actor, now=now)
        context = {
            **context_of(room),
            "clinic": clinic,
            "today": today,
            "bookings": _with_plans(rows),
        }
        return render_to_string("infusion/downtime.html", context)


def _with_plans(rows: Iterable[DayRow]) -> list[dict[str, Any]]:
    """Return the day's bookings, each with the steps of its rate plan, or with its errand."""
    listed = list(rows)
    wanted = Visit.objects.filter(pk__in=[row.visit_id for row in listed])
    visits = {visit.pk: visit for visit in wanted.select_related("course__clinic")}
    return [
        {
            "row": row,
            "patient": {"family_name": row.family_name, "given_names": row.given_names},
            "arrives_at": row.period.lower if row.period else None,
            "errand": errand(visits[row.visit_id]),
            "steps": _steps(visits[row.visit_id], row.rate_option),
        }
        for row in listed
    ]


def _steps(visit: Visit, rate_option: str) -> Sequence[segments.Stretch]:
    """Return the steps of a dose's rate plan; none for a visit that is no dose."""
    if visit.is_ad_hoc:
        return ()
    protocol, option = record.protocol_of(visit.own_course), RateOption(rate_option)
    return segments.planned(plan(protocol, dose_mg=visit.milligrams, option=option), None)


def _folder() -> Path:
    folder: Path = settings.DOWNTIME_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _style() -> bytes:
    return Path(str(finders.find(f"pdf/{SHEET}"))).read_bytes()


def _replace(path: Path, body: bytes, now: datetime) -> None:
    """Put a whole file in the place of the old one, dated `now`."""
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=".half-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        os.utime(half, (now.timestamp(), now.timestamp()))
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise


def _made_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
