"""What a visit asks of chairs and nurses, quarter-hour by quarter-hour, and whether it fits.

A visit has phases. Premedication needs the chair and a nurse in the house; the start of the
infusion needs a nurse's hands for one quarter-hour; the infusion and the hour of observation
need a share of a nurse, counted in points; the turnaround needs only the chair. Plain values in
and out: no Django, no database, no clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from operator import le, lt, sub
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
    isolation: bool = False  # only a chair that stands apart will do
    bag: bool = True  # the pharmacy makes one ready for the start

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
    isolation: bool = False
    bag: bool = True

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
    isolation: frozenset[UUID] = frozenset()  # the chairs that stand apart
    pharmacy_limit: int = 0  # bags the pharmacy makes ready per slot; 0 is no limit
    bagless: Sequence[int] = ()  # of `starts` those that need no bag; empty: each needs one
    elsewhere: int = 0  # the mask of the slots in which this very patient has another visit
    # Of the taken slots those in which the chair is out of service: for words only.
    broken: Mapping[UUID, int] = field(default_factory=dict, compare=False)

    def start_limit(self, slot: int) -> int:
        """How many infusions the nurses on duty may begin in `slot`."""
        return self.nurses[slot] * self.starts_per_nurse

    def point_limit(self, slot: int) -> int:
        """How many points the nurses on duty may watch in `slot`."""
        return self.nurses[slot] * self.points_per_nurse

    @property
    def bags(self) -> Sequence[int]:
        """How many bags the pharmacy makes ready, by slot."""
        return list(map(sub, self.starts, self.bagless)) if self.bagless else self.starts


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
    for slot in range(watched_until // MINUTES, care if phases.observation else 0):
        points[slot] = phases.points_observation
    for slot in range(first, min(_slots(watched_until), care)):
        points[slot] = max(points[slot], phases.points_infusion)
    return Load(
        chair=_slots(offset + phases.total),
        starts=tuple(int(first <= slot < after) for slot in range(care)),
        points=tuple(points),
        isolation=phases.isolation,
        bag=phases.bag,
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
    found = [
        _chair_obstacle(day, load, slot, chair), _patient_obstacle(day, load, slot),
        *_nurse_obstacles(day, load, slot),
    ]  # fmt: skip
    return [obstacle for obstacle in found if obstacle is not None]


def _chair_obstacle(day: Day, load: Load, slot: int, chair: UUID) -> Obstacle | None:
    if chair not in day.chairs:
        return Obstacle("CHAIR-OUT", "That chair is not in use.")
    if load.isolation and chair not in day.isolation:
        return Obstacle("CHAIR-ISOLATION", "This visit needs an isolation room.")
    taken = day.chairs[chair] & mask(range(slot, slot + load.chair))
    if not taken:
        return None
    first = taken & -taken
    at = day.grid.label(first.bit_length() - 1)
    is_broken = day.broken.get(chair, 0) & first
    words = "out of service" if is_broken else "taken"
    return Obstacle("CHAIR-TAKEN", f"That chair is {words} from {at}.")


def _patient_obstacle(day: Day, load: Load, slot: int) -> Obstacle | None:
    met = day.elsewhere & mask(range(slot, slot + load.chair))
    if not met:
        return None
    at = day.grid.label((met & -met).bit_length() - 1)
    return Obstacle("PATIENT-ELSEWHERE", f"The patient has another visit at {at}.")


def _nurse_obstacles(day: Day, load: Load, slot: int) -> list[Obstacle]:
    """Return the first slot with nobody on duty, with too many starts, with too many points."""
    first: dict[str, int] = {}
    limit = day.pharmacy_limit if load.bag else 0
    for n, (start, points) in enumerate(zip(load.starts, load.points, strict=True), start=slot):
        if not day.nurses[n]:
            first.setdefault("NURSES-NONE", n)
            continue
        if start and day.starts[n] + start > day.start_limit(n):
            first.setdefault("NURSES-STARTS", n)
        if start and 0 < limit < day.bags[n] + start:
            first.setdefault("PHARMACY-FULL", n)
        if points and day.points[n] + points > day.point_limit(n):
            first.setdefault("NURSES-POINTS", n)
    return [Obstacle(code, _WORDS[code].format(day.grid.label(n))) for code, n in first.items()]


_WORDS = {
    "NURSES-NONE": "No nurse is on duty at {}.",
    "NURSES-STARTS": "The nurses are already starting as many infusions as they can at {}.",
    "NURSES-POINTS": "The nurses are already watching as much as they can at {}.",
    "PHARMACY-FULL": "The pharmacy already has as many bags to make ready as it can for {}.",
}


def _runs(free: int, length: int) -> int:
    """Return the mask of slots from which `length` slots in a row are set in `free`."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        free &= free >> step
        covered += step
    return free


def nurses_allow(day: Day, load: Load) -> dict[str, int]:
    """Return, for each rule about people, the mask of the starts it allows; keys as in `fits`.

    A slot with nobody on duty breaks only the first rule: there is no nurse to be too busy.
    """
    whole, nurses = mask(range(day.grid.count)), tuple(day.nurses)
    duty = _duty(nurses)
    off = ~duty
    hands = off | mask_where(map(lt, day.starts, _limits(nurses, day.starts_per_nurse, 0)))
    bags, limit = whole, day.pharmacy_limit if load.bag else 0
    if limit:
        bags = off | mask_where(taken < limit for taken in day.bags)
    starts = made = watching = whole
    for after in _hands_on(load.starts):
        starts &= hands >> after
        made &= bags >> after if limit else whole
    for points, after, length in _watched(load.points):
        most = _limits(nurses, day.points_per_nurse, points)
        enough = off | mask_where(map(le, day.points, most))
        watching &= _runs(enough, length) >> after
    rules = {
        "NURSES-NONE": _runs(duty, load.care),
        "NURSES-STARTS": starts,
        "NURSES-POINTS": watching,
        "PHARMACY-FULL": made,
    }
    if day.elsewhere:
        everything = mask(range(day.grid.count + load.chair))
        rules["PATIENT-ELSEWHERE"] = _runs(everything & ~day.elsewhere, load.chair)
    return rules


# What follows is the same for every day of a search: rosters and kinds of visits repeat.


@lru_cache(maxsize=512)
def _duty(nurses: tuple[int, ...]) -> int:
    return mask_where(count > 0 for count in nurses)


@lru_cache(maxsize=2048)
def _limits(nurses: tuple[int, ...], each: int, less: int) -> tuple[int, ...]:
    """Return how much may be there in each slot so that `less` more still is not too much."""
    return tuple(count * each - less for count in nurses)


@lru_cache(maxsize=512)
def _hands_on(starts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(after for after, start in enumerate(starts) if start)


@lru_cache(maxsize=512)
def _watched(points: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    """Return the stretches of a visit that cost points: how many, from which slot, how long."""
    return tuple(
        (cost, after, length)
        for cost in sorted(set(points) - {0})
        for after, length in stretches_of(points, cost)
    )


def stretches_of(values: Sequence[int], wanted: int) -> list[tuple[int, int]]:
    """Return where `wanted` stands in a row in `values`: (first position, how many)."""
    found, position = [], 0
    for value, group in groupby(values):
        length = len(list(group))
        if value == wanted:
            found.append((position, length))
        position += length
    return found


def mask_where(flags: Iterable[bool]) -> int:
    """Return the mask of the positions at which `flags` is true."""
    return int(bytes(flags).translate(_DIGITS)[::-1] or b"0", 2)


_DIGITS = bytes.maketrans(b"\x00\x01", b"01")


def open_for(day: Day, load: Load) -> int:
    """Return the mask of the starts from which the patient leaves by closing time."""
    return mask(range(day.open.start, day.open.stop - load.care + 1)) if day.open else 0


def free_for(day: Day, load: Load, chair: UUID) -> int:
    """Return the mask of the starts from which `chair` is free until it is turned round."""
    if load.isolation and chair not in day.isolation:
        return 0
    everything = mask(range(day.grid.count + load.chair))
    return _runs(everything & ~day.chairs[chair], load.chair)


def free_anywhere(day: Day, load: Load) -> int:
    """Return the mask of the starts from which some chair is free: `free_for` of them all at once.

    The chairs lie side by side in one wide number, each in a lane that no visit reaches past.
    """
    taken: Iterable[int] = day.chairs.values()
    if load.isolation:
        taken = [day.chairs[chair] for chair in day.isolation if chair in day.chairs]
    lanes = [each.to_bytes(LANE, "little") for each in taken]
    everything = mask(range(day.grid.count + load.chair))
    free = _lanes(everything, len(lanes)) & ~int.from_bytes(b"".join(lanes), "little")
    free = _runs(free, load.chair)
    found = 0
    while free:
        found |= free & everything
        free >>= 8 * LANE
    return found & mask(range(day.grid.count))


@lru_cache(maxsize=512)
def _lanes(value: int, count: int) -> int:
    return int.from_bytes(value.to_bytes(LANE, "little") * count, "little")


LANE = 40  # bytes: the hundred slots of a long day, and a visit as long as another day and more


def free_starts(
    day: Day, load: Load, chairs: Iterable[UUID] | None = None
) -> dict[int, list[UUID]]:
    """Return each slot at which the visit can begin, with the chairs that are free for it.

    Exactly the pairs for which `fits` finds nothing, found by shifting masks. `chairs` narrows
    the search; None means every chair in use.
    """
    allowed = open_for(day, load)
    for starts in nurses_allow(day, load).values() if allowed else ():
        allowed &= starts
    found: dict[int, list[UUID]] = {}
    for chair in (day.chairs if chairs is None else chairs) if allowed else ():
        for slot in positions(free_for(day, load, chair) & allowed):
            found.setdefault(slot, []).append(chair)
    return dict(sorted(found.items()))


def positions(starts: int) -> Iterator[int]:
    """Yield the slots set in a mask, the earliest first."""
    while starts:
        yield (starts & -starts).bit_length() - 1
        starts &= starts - 1


def with_load(day: Day, load: Load, slot: int, chair: UUID) -> Day:
    """Return the day with one more visit on it."""
    taken = day.chairs[chair] | mask(range(slot, slot + load.chair))
    return replace(with_care(day, load, slot), chairs={**day.chairs, chair: taken})


def with_care(day: Day, load: Load, slot: int) -> Day:
    """Return the day with what one more visit asks of people, whatever it sits in."""
    starts, points, bagless = list(day.starts), list(day.points), day.bagless
    add(starts, load.starts, slot)
    add(points, load.points, slot)
    if not load.bag:
        bagless = list(bagless or [0] * len(starts))
        add(bagless, load.starts, slot)
    return replace(day, starts=starts, points=points, bagless=bagless)


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
