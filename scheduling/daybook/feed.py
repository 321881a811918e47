"""What the day's grid draws, as plain values: wall times, words, and the minutes of each phase."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from core import display
from core.states import state
from scheduling.actuals import Actual
from scheduling.daybook.frame import Frame
from scheduling.grid import MINUTES
from scheduling.models import Booking, Visit
from scheduling.overruns import overruns
from scheduling.selectors import DayRow

MOVABLE = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED, Booking.Status.ARRIVED)
RUNNING = (Visit.Status.INFUSING, Visit.Status.OBSERVING)


def feed(frame: Frame, rows: Iterable[DayRow], *, may_change: bool) -> dict[str, Any]:
    """Return the grid's chairs, bookings and blocks. Instants become the clinic's wall time."""
    grid, shown = frame.opening.grid, frame.shown()
    timed = [row for row in rows if row.period is not None]
    return {
        "stamp": frame.stamp(),
        "day": frame.day.isoformat(),
        "from": grid.label(shown.start),
        "slots": len(shown),
        "may_change": may_change,
        "chairs": [{"id": str(chair.chair_id), "label": chair.label} for chair in frame.chairs],
        "bookings": [_booking(frame, row, may_change=may_change) for row in timed],
        "blocks": [*_blocks(frame), *_over_time(frame, timed)],
    }


def _booking(frame: Frame, row: DayRow, *, may_change: bool) -> dict[str, Any]:
    code = row.visit_status if row.visit_status in RUNNING else row.status
    shown = state(code)
    return {
        "id": str(row.booking_id),
        "version": row.version,
        "chair": str(row.chair_id),
        "starts": _wall(frame, row.period.lower),
        "ends": _wall(frame, _until_quarter(frame, row.period.upper)),
        "name": display.person_name(row.family_name, row.given_names),
        "facts": _facts(frame, row),
        "state": str(shown.label),
        "tone": shown.tone,
        "icon": shown.icon,
        "phases": [
            row.premedication_minutes, row.infusion_minutes, row.observation_minutes,
            row.turnaround_minutes,
        ],
        "happened": _happened(frame, row),
        "moves": may_change and row.status in MOVABLE,
        "resizes": may_change and row.status in MOVABLE[:2],
    }  # fmt: skip


def _until_quarter(frame: Frame, instant: datetime) -> datetime:
    """Return the end of the quarter-hour: a slot that is used in part is taken."""
    grid = frame.opening.grid
    return grid.instant(-(-grid.minute(instant) // MINUTES))


def _facts(frame: Frame, row: DayRow) -> str:
    born = display.clinical_date(row.birth_date, _zone(frame))
    return f"{_clock(frame, row.period.lower)} · {row.what_for} · {born}"


def _happened(frame: Frame, row: DayRow) -> list[list[int]]:
    """Return what really happened, as minutes from the booked arrival: one span per phase, in
    the order of `phases`; the phase that still runs ends now."""
    actual = frame.actuals.get(row.visit_id, Actual())
    edges = [row.arrived_at, actual.started_at, actual.ended_at, actual.discharged_at]
    known = [edge for edge in edges if edge is not None]
    if row.arrived_at is None or row.status == Booking.Status.NO_SHOW:
        return []
    if actual.discharged_at is None:
        known.append(max(frame.now, known[-1]))
    minutes = [round((edge - row.period.lower) / timedelta(minutes=1)) for edge in known]
    return [list(pair) for pair in pairwise(minutes)]


def _blocks(frame: Frame) -> Iterator[dict[str, Any]]:
    """Yield what lies behind the bookings: hours over, hours closed, chairs out of service."""
    grid, shown, opening = frame.opening.grid, frame.shown(), frame.opening
    everywhere = [str(chair.chair_id) for chair in frame.chairs]
    spans = [("past", range(shown.start, min(frame.past.stop, shown.stop)), "")]
    if not opening.slots:
        spans.append(("closed", shown, opening.closed_because))
    else:
        spans.append(("closed", range(shown.start, opening.slots.start), ""))
        spans.append(("closed", range(opening.slots.stop, shown.stop), ""))
    for kind, span, words in spans:
        if span:
            first, last = grid.instant(span.start), grid.instant(span.stop)
            yield _block(frame, kind, everywhere, first, last, words)
    for outage in frame.outages:
        chair = [str(outage.chair_id)]
        yield _block(frame, "out", chair, outage.starts, outage.ends, outage.reason)


def _over_time(frame: Frame, rows: Sequence[DayRow]) -> Iterator[dict[str, Any]]:
    """Yield the time after a booked end in which somebody is still expected to sit."""
    for overrun in overruns(rows, frame.leaving):
        last = _until_quarter(frame, overrun.chair_free_at)
        chair = [str(overrun.row.chair_id)]
        yield _block(frame, "overrun", chair, overrun.row.period.upper, last, "")


def _block(  # noqa: PLR0917 - private, and every caller stands above
    frame: Frame, kind: str, chairs: list[str], starts: datetime, ends: datetime, words: str
) -> dict[str, Any]:
    return {
        "kind": kind, "chairs": chairs, "starts": _wall(frame, starts), "ends": _wall(frame, ends),
        "words": words,
    }  # fmt: skip


def _zone(frame: Frame) -> ZoneInfo:
    return ZoneInfo(frame.clinic.time_zone)


def _wall(frame: Frame, instant: datetime) -> str:
    return instant.astimezone(_zone(frame)).strftime("%Y-%m-%dT%H:%M:%S")


def _clock(frame: Frame, instant: datetime) -> str:
    return display.clinical_time(instant, _zone(frame))
