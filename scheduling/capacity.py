"""What a visit asks of chairs and nurses, quarter-hour by quarter-hour, and whether it fits.

A visit has phases. Premedication needs the chair and a nurse in the house; the start of the
infusion needs a nurse's hands for one quarter-hour; the infusion and the hour of observation
need a share of a nurse, counted in points; the turnaround needs only the chair. Plain values in
and out: no Django, no database, no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from scheduling.grid import MINUTES, Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """The minutes of a visit, and the points of a nurse its two watched phases cost."""

    premedication: int
    infusion: int
    observation: int
    turnaround: int
    points_infusion: int
    points_observation: int

    @property
    def care(self) -> int:
        """Minutes from arrival to the end of observation."""
        return self.premedication + self.infusion + self.observation

    @property
    def total(self) -> int:
        """Minutes from arrival until the chair is free again."""
        return self.care + self.turnaround


@dataclass(frozen=True, slots=True)
class Load:
    """A visit on the grid, from its first slot. A slot used in part counts as used."""

    chair: int  # slots until the chair is free again
    starts: tuple[int, ...]  # per slot of care: 1 where a nurse's hands are needed
    points: tuple[int, ...]  # per slot of care: points of watching

    @property
    def care(self) -> int:
        """Slots in which the patient is there."""
        return len(self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What one day offers and what is taken of it. Arrays run over the slots of `grid`.

    `chairs` maps each chair in use to the mask of its taken slots: bit n is slot n.
    """

    grid: Grid
    open: range  # no slots while the clinic is closed
    closed_because: str = ""
    nurses: Sequence[int]
    starts: Sequence[int]
    points: Sequence[int]
    chairs: Mapping[UUID, int]
    starts_per_nurse: int
    points_per_nurse: int

    def start_limit(self, slot: int) -> int:
        """How many infusions the nurses on duty may begin in `slot`."""
        return self.nurses[slot] * self.starts_per_nurse

    def point_limit(self, slot: int) -> int:
        """How many points the nurses on duty may watch in `slot`."""
        return self.nurses[slot] * self.points_per_nurse


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason a visit does not fit, in words; shaped like a finding of a clinical rule."""

    id: str
    words: str
    severity: str = "block"


def _slots(minutes: int) -> int:
    return -(-minutes // MINUTES)


def load_of(phases: Phases, *, offset: int = 0) -> Load:
    """Return the load of `phases` that begin `offset` minutes into their first slot."""
    starts_at = offset + phases.premedication
    watched_until = starts_at + phases.infusion
    care = _slots(offset + phases.care)
    first, after = starts_at // MINUTES, _slots(starts_at + MINUTES)
    points = [0] * care
    for slot in range(watched_until // MINUTES, care):
        points[slot] = phases.points_observation
    for slot in range(first, min(_slots(watched_until), care)):
        points[slot] = max(points[slot], phases.points_infusion)
    return Load(
        chair=_slots(offset + phases.total),
        starts=tuple(int(first <= slot < after) for slot in range(care)),
        points=tuple(points),
    )


def mask(slots: range) -> int:
    """Return the bit mask of a run of slots."""
    return (1 << slots.stop) - (1 << slots.start) if slots else 0


def fits(day: Day, load: Load, slot: int, chair: UUID) -> list[Obstacle]:
    """Return why the visit cannot begin at `slot` in `chair`: empty when it can.

    The patient must have left by closing time; the turnaround may run past it.
    """
    care = range(slot, slot + load.care)
    if not day.open:
        return [Obstacle("CLINIC-CLOSED", day.closed_because)]
    if care.start < day.open.start or care.stop > day.open.stop:
        opens, closes = day.grid.label(day.open.start), day.grid.label(day.open.stop)
        until = day.grid.label(care.stop)
        return [Obstacle("CLINIC-HOURS", f"Open {opens} to {closes}; this would end at {until}.")]
    if not any(day.nurses):
        return [Obstacle("NURSES-NONE", "No nurses are on duty that day.")]
    found = [_chair_obstacle(day, load, slot, chair), *_nurse_obstacles(day, load, slot)]
    return [obstacle for obstacle in found if obstacle is not None]


def _chair_obstacle(day: Day, load: Load, slot: int, chair: UUID) -> Obstacle | None:
    if chair not in day.chairs:
        return Obstacle("CHAIR-OUT", "That chair is not in use.")
    taken = day.chairs[chair] & mask(range(slot, slot + load.chair))
    if not taken:
        return None
    at = day.grid.label((taken & -taken).bit_length() - 1)
    return Obstacle("CHAIR-TAKEN", f"That chair is taken from {at}.")


def _nurse_obstacles(day: Day, load: Load, slot: int) -> list[Obstacle]:
    """Return the first slot with nobody on duty, with too many starts, with too many points."""
    first: dict[str, int] = {}
    for n, (start, points) in enumerate(zip(load.starts, load.points, strict=True), start=slot):
        if not day.nurses[n]:
            first.setdefault("NURSES-NONE", n)
            continue
        if start and day.starts[n] + start > day.start_limit(n):
            first.setdefault("NURSES-STARTS", n)
        if points and day.points[n] + points > day.point_limit(n):
            first.setdefault("NURSES-POINTS", n)
    return [Obstacle(code, _WORDS[code].format(day.grid.label(n))) for code, n in first.items()]


_WORDS = {
    "NURSES-NONE": "No nurse is on duty at {}.",
    "NURSES-STARTS": "The nurses are already starting as many infusions as they can at {}.",
    "NURSES-POINTS": "The nurses are already watching as much as they can at {}.",
}


def _runs(free: int, length: int) -> int:
    """Return the mask of slots from which `length` slots in a row are set in `free`."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        free &= free >> step
        covered += step
    return free


def _nurses_allow(day: Day, load: Load) -> int:
    slots = range(day.grid.count)
    allowed = _runs(mask_where(day.nurses[n] > 0 for n in slots), load.care)
    hands = mask_where(day.starts[n] < day.start_limit(n) for n in slots)
    watch = {
        points: mask_where(day.points[n] + points <= day.point_limit(n) for n in slots)
        for points in set(load.points)
    }
    for after, (start, points) in enumerate(zip(load.starts, load.points, strict=True)):
        if start:
            allowed &= hands >> after
        if points:
            allowed &= watch[points] >> after
    return allowed


def mask_where(flags: Iterable[bool]) -> int:
    """Return the mask of the positions at which `flags` is true."""
    return sum(1 << n for n, flag in enumerate(flags) if flag)


def free_starts(
    day: Day, load: Load, chairs: Iterable[UUID] | None = None
) -> dict[int, list[UUID]]:
    """Return each slot at which the visit can begin, with the chairs that are free for it.

    Exactly the pairs for which `fits` finds nothing, found by shifting masks. `chairs` narrows
    the search; None means every chair in use.
    """
    last = day.open.stop - load.care
    if not day.open or last < day.open.start:
        return {}
    allowed = _nurses_allow(day, load) & mask(range(day.open.start, last + 1))
    found: dict[int, list[UUID]] = {}
    everything = mask(range(day.grid.count + load.chair))
    for chair in day.chairs if chairs is None else chairs:
        starts = _runs(everything & ~day.chairs[chair], load.chair) & allowed
        while starts:
            slot = (starts & -starts).bit_length() - 1
            found.setdefault(slot, []).append(chair)
            starts &= starts - 1
    return dict(sorted(found.items()))


def with_load(day: Day, load: Load, slot: int, chair: UUID) -> Day:
    """Return the day with one more visit on it."""
    starts, points = list(day.starts), list(day.points)
    add(starts, load.starts, slot)
    add(points, load.points, slot)
    taken = day.chairs[chair] | mask(range(slot, slot + load.chair))
    return replace(day, starts=starts, points=points, chairs={**day.chairs, chair: taken})


def add(totals: list[int], values: Sequence[int], slot: int) -> None:
    """Add `values` onto `totals` from `slot` on; what falls off the day's end is dropped."""
    for n, value in enumerate(values, start=slot):
        if 0 <= n < len(totals):
            totals[n] += value


def room_for(day: Day, loads: Sequence[Load]) -> bool:
    """Whether all of `loads` still find a time: longest first, each at its earliest start.

    A quick plan: yes is a proof, no means only that this plan did not find room.
    """
    for load in sorted(loads, key=lambda load: load.chair, reverse=True):
        starts = free_starts(day, load)
        if not starts:
            return False
        slot, chairs = next(iter(starts.items()))
        day = with_load(day, load, slot, chairs[0])
    return True
