"""Whether a visit may take a time, decided from rows already locked. Raises; writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from clinical.findings import Finding, Severity
from clinics.models import Clinic
from core.display import duration
from core.errors import Conflict, Invalid, Refusal, RuleBroken
from core.zones import local_date
from scheduling.capacity import Day, Load, Obstacle, fits, free_starts, load_of, room_for, with_load
from scheduling.days import Opening, capacity, mask_of, openings
from scheduling.grid import SLOT, Grid, grid_of
from scheduling.models import Booking, ClinicDay
from scheduling.standing import Standing
from scheduling.summary import phases_of, waiting

NEAREST = 3
SOMEBODY_THERE = {"CHAIR-TAKEN", "PATIENT-ELSEWHERE"}  # another booking, which may move


def local_day(start: datetime, clinic: Clinic) -> date:
    """Return the clinic's calendar day of `start`; raises Invalid off the quarter-hour."""
    if start.tzinfo is None:
        raise Invalid("Say when.", {"start": ["A time needs its zone."]})
    day = local_date(start, clinic.time_zone)
    if grid_of(day, clinic.time_zone).slot_of(start) is None:
        raise Invalid("Visits begin on a quarter-hour.", {"start": ["Choose a quarter-hour."]})
    return day


def refuse_past(start: datetime, now: datetime) -> None:
    """Raise RuleBroken when the quarter-hour of `start` is over."""
    if start + SLOT <= now:
        raise RuleBroken("That time has passed.")


def refuse_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Raise RuleBroken when a finding holds or blocks; return the cautions that remain."""
    worst_first = sorted(findings, key=lambda finding: -finding.severity.rank)
    stops = [finding for finding in worst_first if finding.severity.rank >= Severity.HOLD.rank]
    if stops:
        raise RuleBroken(stops[0].words, stops)
    return worst_first


class Locked(NamedTuple):
    """A locked day as a visit meets it, the loads that wait there for a time, and whose they are
    (without the visit's own)."""

    day: Day
    promised: list[Load]
    bookings: list[Standing]


def day_as_locked(clinic: Clinic, row: ClinicDay, *, without: UUID | None = None) -> Locked:
    """Return what stands on a locked day, leaving out the booking `without`."""
    others = [each for each in row.standing if each.pk != without]
    day = capacity(clinic, _opening(clinic, row), others, rooms=row.rooms)
    return Locked(day, waiting(others, clinic), others)


def _opening(clinic: Clinic, row: ClinicDay) -> Opening:
    if row.opens_at is None:
        return openings(clinic, [row.date])[row.date]
    return Opening(
        grid=grid_of(row.date, clinic.time_zone),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        closed_because="",
        nurses=tuple(row.nurses),
    )


def refuse_place(
    clinic: Clinic, row: ClinicDay, booking: Booking, *, chair_id: UUID, start: datetime
) -> list[Standing]:
    """Return the other bookings of the day when `booking` may have the time.

    Raises Conflict when the chair is taken or the patient sits in another, RuleBroken when hours,
    chairs or nurses do not allow the time, or when it would break the promise of a day already
    held for others.
    """
    day, promised, others = day_as_locked(clinic, row, without=booking.pk)
    slot = day.grid.slot_of(start)
    if slot is None:
        raise Invalid("Visits begin on a quarter-hour.", {"start": ["Choose a quarter-hour."]})
    load, theirs = load_of(phases_of(booking, clinic)), _as_patient_meets(day, others, booking)
    obstacles = fits(theirs, load, slot, chair_id)
    if obstacles:
        raise _refused(obstacles, theirs, load, slot)
    after = with_load(day, load, slot, chair_id)
    if promised and room_for(day, promised) and not room_for(after, promised):
        raise RuleBroken(
            "That time would leave no room for the visits whose day is already promised "
            f"({len(promised)})."
        )
    return others


def _as_patient_meets(day: Day, others: Iterable[Standing], booking: Booking) -> Day:
    """Return the day with the slots in which the patient sits for another visit."""
    theirs = [
        each
        for each in others
        if each.patient_id == booking.patient_id and each.visit_id != booking.visit_id
    ]
    met = seated(day.grid, theirs).get(booking.patient_id, 0)
    return replace(day, elsewhere=met) if met else day


def seated(grid: Grid, bookings: Iterable[Standing]) -> dict[UUID, int]:
    """Return, by patient, the mask of the slots in which they have a chair."""
    found: dict[UUID, int] = {}
    for each in bookings:
        if each.arrives is not None and each.leaves is not None:
            slots = mask_of(grid, _instant(each.arrives), _instant(each.leaves))
            found[each.patient_id] = found.get(each.patient_id, 0) | slots
    return found


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def refuse_day(clinic: Clinic, row: ClinicDay, booking: Booking) -> list[Standing]:
    """Return the day's other bookings; raise RuleBroken when it has no room for one more visit
    beside those promised."""
    day, promised, others = day_as_locked(clinic, row, without=booking.pk)
    load = load_of(phases_of(booking, clinic))
    if not day.open:
        raise RuleBroken(day.closed_because, [Obstacle("CLINIC-CLOSED", day.closed_because)])
    if not any(day.nurses):
        words = "No nurses are on duty that day."
        raise RuleBroken(words, [Obstacle("NURSES-NONE", words)])
    theirs = _as_patient_meets(day, others, booking)
    if not room_for(day, [*promised, load]) or not room_for(theirs, [load]):
        minutes = phases_of(booking, clinic).total
        raise RuleBroken(
            f"There is no room left on {row.date:%d-%b-%Y} for a visit of "
            f"{duration(timedelta(minutes=minutes))}."
        )
    return others


def _refused(obstacles: Sequence[Obstacle], day: Day, load: Load, slot: int) -> Refusal:
    words = " ".join(obstacle.words for obstacle in obstacles)
    near = sorted(free_starts(day, load), key=lambda free: (abs(free - slot), free))[:NEAREST]
    if near:
        words += f" Free in some chair at {', '.join(map(day.grid.label, sorted(near)))}."
    if any(obstacle.id in SOMEBODY_THERE for obstacle in obstacles):
        return Conflict(words)
    return RuleBroken(words, obstacles)


def period_end(booking: Booking, start: datetime) -> datetime:
    """Return when the chair is free again."""
    minutes = (
        booking.premedication_minutes
        + booking.infusion_minutes
        + booking.observation_minutes
        + booking.turnaround_minutes
    )
    return start + timedelta(minutes=minutes)
