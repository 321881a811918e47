"""The active bookings of a day as its arithmetic needs them: plain rows, cheap to read by the
hundred. Whoever shows them to a person reads `days.bookings_of`."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from core.prepared import array, ask
from scheduling.models import Booking


class Standing(NamedTuple):
    """One active booking: its chair, its arrival in seconds since 1970, what it takes of the
    clinic. Without a time it holds the day."""

    pk: UUID
    visit_id: UUID
    patient_id: UUID
    hold_expires_at: datetime | None
    chair_id: UUID | None
    arrives: int | None
    premedication: int
    infusion: int
    observation: int
    turnaround: int
    rate_option: str
    watched_closely: bool
    isolation: bool

    @property
    def takes(self) -> tuple[object, ...]:
        """The columns that say how long it is and how closely it is watched."""
        return self[6:]

    @property
    def leaves(self) -> int | None:
        """When its chair is free again, in seconds since 1970; None while it holds the day."""
        minutes = self.premedication + self.infusion + self.observation + self.turnaround
        return None if self.arrives is None else self.arrives + 60 * minutes

    def is_over(self, now: datetime) -> bool:
        """Whether it was held only until `now` or before."""
        return self.hold_expires_at is not None and self.hold_expires_at <= now


_STANDING = """
    SELECT clinic_day_id, id, visit_id, patient_id, hold_expires_at, chair_id,
        extract(epoch FROM lower(period))::bigint, premedication_minutes, infusion_minutes,
        observation_minutes, turnaround_minutes, rate_option, watched_closely, isolation
    FROM scheduling_booking
    WHERE clinic_day_id = ANY({days}) AND status = ANY(%s) ORDER BY created_at, id
"""
_ON_ROWS = _STANDING.format(days="%s")
_ON_DATES = _STANDING.format(
    days="ARRAY(SELECT id FROM scheduling_clinicday WHERE clinic_id = %s AND date = ANY(%s))"
)


def standing_on(days: Collection[UUID]) -> dict[UUID, list[Standing]]:
    """Return what counts against each clinic's day (by id), offers included, in the order it was
    made: one query, as every booking asks for it under its lock."""
    rows = ask(_ON_ROWS, [array(days), array(Booking.COUNTED)])()
    return {day: [] for day in days} | _by_day(rows)


def ask_standing(
    clinic_id: UUID, dates: Collection[date]
) -> Callable[[], Mapping[UUID, list[Standing]]]:
    """Ask as `standing_on` does for the days of a clinic and return what reads the answer, of those
    days where something stands: for use within `core.together`."""
    answer = ask(_ON_DATES, [clinic_id, array(dates), array(Booking.COUNTED)])
    return lambda: _by_day(answer())


def _by_day(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, list[Standing]]:
    found: dict[UUID, list[Standing]] = {}
    for day, *rest in rows:
        found.setdefault(day, []).append(Standing(*rest))
    return found


def standing_of(booking: Booking) -> Standing:
    """Return a booking that is at hand as the arithmetic needs it."""
    arrives = None if booking.period is None else int(booking.period.lower.timestamp())
    return Standing(
        booking.pk, booking.visit_id, booking.patient_id, booking.hold_expires_at,
        booking.chair_id, arrives,
        booking.premedication_minutes, booking.infusion_minutes, booking.observation_minutes,
        booking.turnaround_minutes, booking.rate_option, booking.watched_closely,
        booking.isolation,
    )  # fmt: skip
