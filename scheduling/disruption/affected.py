"""Which bookings of a day cannot stay, and why. Pure: values in and out, no database, no clock.

The rule, in words: who is here stays first, then who was promised a time, then who was proposed
one, then who was promised the day; among equals, whoever has least room to be moved (the dose
whose latest day comes first), and then whoever was promised earlier. Each stays whom the day can
still carry beside those before; the others are affected. So nobody goes while somebody with a
weaker claim keeps the same room, and nobody goes who could have stayed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from scheduling.capacity import Day, Load, Obstacle, fits, mask, room_for, with_care

HERE, HELD = "arrived", "day_held"
CLAIMS = {HERE: 0, "confirmed": 1, "proposed": 2, HELD: 3}
NO_ROOM = "DAY-FULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One active booking as the rule sees it; no slot and no chair while only the day is held."""

    booking_id: UUID
    status: str
    load: Load
    latest: date
    promised_at: datetime
    slot: int | None = None
    chair: UUID | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """One booking that cannot stay as it is, and what stands in its way, the first thing first."""

    sitting: Sitting
    obstacles: tuple[Obstacle, ...]

    @property
    def cause(self) -> str:
        """The id of the first obstacle."""
        return self.obstacles[0].id


@dataclass(frozen=True, slots=True)
class Sorted:
    """A day's bookings sorted: who cannot stay, and the day with everybody who can."""

    affected: tuple[Affected, ...]
    day: Day
    promised: tuple[Load, ...]  # of the days held that still find room


def claim(sitting: Sitting) -> tuple[int, date, datetime, str]:
    """Return the order of who stays: the smallest first."""
    return (
        CLAIMS[sitting.status], sitting.latest, sitting.promised_at, str(sitting.booking_id),
    )  # fmt: skip


def sort_out(day: Day, sittings: Iterable[Sitting]) -> Sorted:
    """Say who of `sittings` cannot stay on `day`, which is given without any booking."""
    found: list[Affected] = []
    promised: list[Load] = []
    for sitting in sorted(sittings, key=claim):
        obstacles = _obstacles(day, sitting, promised)
        if obstacles:
            found.append(Affected(sitting, tuple(obstacles)))
        if sitting.slot is None:
            if not obstacles:
                promised.append(sitting.load)
        elif not obstacles or sitting.status == HERE:  # who is here is watched all the same
            day = _with(day, sitting)
    return Sorted(tuple(found), day, tuple(promised))


def _obstacles(day: Day, sitting: Sitting, promised: Sequence[Load]) -> list[Obstacle]:
    if sitting.slot is not None and sitting.chair is not None:
        return fits(day, sitting.load, sitting.slot, sitting.chair)
    if not day.open:
        return [Obstacle("CLINIC-CLOSED", day.closed_because)]
    if not any(day.nurses):
        return [Obstacle("NURSES-NONE", "No nurses are on duty that day.")]
    if not room_for(day, [*promised, sitting.load]):
        return [Obstacle(NO_ROOM, "The day has no room left for the visits it was promised to.")]
    return []


def _with(day: Day, sitting: Sitting) -> Day:
    """Return the day with one more sitting on it, in a chair that may be out of use."""
    assert sitting.slot is not None
    chairs = dict(day.chairs)
    if sitting.chair in chairs:
        chairs[sitting.chair] |= mask(range(sitting.slot, sitting.slot + sitting.load.chair))
    return replace(with_care(day, sitting.load, sitting.slot), chairs=chairs)
