"""Whom a place that came free fits, and what stops the others.

On the masks that a search reads and by the rules that a booking obeys, so that what is offered
can be booked. Plain values in and out: no Django, no clock.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from scheduling.capacity import (
    Day,
    Load,
    free_for,
    mask,
    open_for,
    positions,
    room_for,
    with_load,
)
from scheduling.grid import SLOT
from scheduling.slot_search import SHORTEST, Sought, Wishes, rules_of
from scheduling.urgency import Urgency

ASKING = timedelta(minutes=15)  # to reach the patient and hear an answer, before their notice runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Free slots in a row in one chair of one day."""

    day: Day
    chair: UUID
    run: range


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One dose of the waitlist, as a free place meets it."""

    key: UUID
    load: Load
    due: date
    earliest: date
    latest: date
    urgency: Urgency
    joined: datetime
    booked_on: date | None = None  # None: it has no day yet
    wanted_from: date | None = None
    wishes: Wishes = field(default_factory=Wishes)
    notice: timedelta = timedelta(0)
    declined: frozenset[date] = frozenset()  # days the patient has said no to
    offered: bool = False  # has an offer that waits for an answer
    stops: Callable[[date], str] = lambda _day: ""  # why the protocol forbids a day

    def ranked(self, gain: int | None) -> tuple[Urgency, bool, int, datetime, UUID]:
        """Return the place in the queue: by urgency, then who has no day, then who gains most,
        then who waits longest."""
        return self.urgency, gain is not None, -(gain or 0), self.joined, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The earliest start of a gap that one dose may have; `gain` is in days sooner than booked,
    None for a dose that has no day."""

    one: Waiting
    slot: int
    gain: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """What stops one dose: the fewest rules that any start of the gap breaks."""

    one: Waiting
    broken: tuple[str, ...]


def free_runs(day: Day, chair: UUID, freed: range, now: datetime) -> Iterator[range]:
    """Yield what is still free, from now on, around the slots that came free in a chair.

    A run reaches as far as the chair is free, so two neighbours that came free are one gap. What
    is too short for any visit is left out.
    """
    passed = max((now - day.grid.midnight) // SLOT, 0)
    free = mask(day.open) & ~day.chairs.get(chair, -1) & ~mask(range(passed))
    wanted = mask(freed)
    while free:
        first = (free & -free).bit_length() - 1
        length = ((free >> first) + 1 & ~(free >> first)).bit_length() - 1
        run = range(first, first + length)
        if length >= SHORTEST and wanted & mask(run):
            yield run
        free &= ~mask(run)


def match(
    gap: Gap,
    waiting: Sequence[Waiting],
    *,
    today: date,
    now: datetime,
    promised: Sequence[Load] = (),
    seen: dict[tuple[UUID, date], Mapping[str, int]] | None = None,
) -> tuple[list[Fit], list[Misfit]]:
    """Return whom the gap fits, the first to be asked first, and what stops the others.

    `promised` are the visits that hold the day without a time: their room is not given away.
    `seen` keeps what was worked out about a day for the next gap of it.
    """
    fits: list[Fit] = []
    misfits: list[Misfit] = []
    for one in waiting:
        answer = _judge(gap, one, today, now, promised, {} if seen is None else seen)
        if isinstance(answer, Fit):
            fits.append(answer)
        else:
            misfits.append(answer)
    fits.sort(key=lambda fit: fit.one.ranked(fit.gain))
    misfits.sort(key=lambda misfit: (len(misfit.broken), misfit.one.ranked(None)))
    return fits, misfits


def broken_at(gap: Gap, one: Waiting, slot: int, *, today: date, now: datetime) -> tuple[str, ...]:
    """Return every rule and wish that a start at `slot` of the gap breaks; none when it fits."""
    day = gap.day.grid.day
    starts = _starts(gap, one, now, rules_of(gap.day, _sought(one, now)))
    return (*_against(one, day, today), *_broken(starts, slot))


def _judge(  # noqa: PLR0917 - private, and the one caller stands above
    gap: Gap,
    one: Waiting,
    today: date,
    now: datetime,
    promised: Sequence[Load],
    seen: dict[tuple[UUID, date], Mapping[str, int]],
) -> Fit | Misfit:
    date_ = gap.day.grid.day
    against = tuple(_against(one, date_, today))
    if against:
        return Misfit(one=one, broken=against)
    if (one.key, date_) not in seen:
        seen[one.key, date_] = rules_of(gap.day, _sought(one, now))
    starts = _starts(gap, one, now, seen[one.key, date_])
    allowed = mask(gap.run)
    for each in starts.values():
        allowed &= each
    for slot in positions(allowed):
        if _keeps_promises(gap, one.load, slot, promised):
            gain = None if one.booked_on is None else (one.booked_on - date_).days
            return Fit(one=one, slot=slot, gain=gain)
    if allowed:
        return Misfit(one=one, broken=("DAY-PROMISED",))
    return Misfit(one=one, broken=min((_broken(starts, slot) for slot in gap.run), key=len))


def _against(one: Waiting, day: date, today: date) -> Iterator[str]:
    """Yield what the day itself breaks.

    The window is never left by an offer: only a dose that is past it already, or booked past it,
    may be given after its latest day.
    """
    if one.offered:
        yield "OFFERED"
    if one.booked_on is not None and day >= one.booked_on:
        yield "NO-GAIN"
    late = today > one.latest or (one.booked_on is not None and one.booked_on > one.latest)
    if day < one.earliest:
        yield "WINDOW-BEFORE"
    elif day > one.latest and not late:
        yield "WINDOW-AFTER"
    if one.stops(day):
        yield "PROTOCOL"
    if one.wanted_from is not None and day < one.wanted_from:
        yield "WANTED-LATER"
    if day in one.declined:
        yield "DECLINED"


def _sought(one: Waiting, now: datetime) -> Sought:
    return Sought(
        load=one.load, due=one.due, earliest=one.earliest, latest=one.latest,
        not_before=one.earliest, now=now, wishes=one.wishes,
    )  # fmt: skip


def _starts(gap: Gap, one: Waiting, now: datetime, rules: Mapping[str, int]) -> dict[str, int]:
    """Return, for each rule and wish, the mask of the starts of the day it allows: those of the
    day, and what this chair and this patient add."""
    day, load = gap.day, one.load
    whole = mask(range(day.grid.count))
    # Rounded up: a quarter-hour that has begun gives less notice than was asked for.
    first = -((day.grid.midnight - now - one.notice - ASKING) // SLOT)
    here = {"GAP-ISOLATION": whole if gap.chair in day.isolation or not load.isolation else 0}
    chair = free_for(day, load, gap.chair) if here["GAP-ISOLATION"] else whole
    here["GAP-SHORT"] = chair & open_for(day, load) & mask(gap.run)
    here["NOTICE"] = whole & ~mask(range(min(max(first, 0), day.grid.count)))
    own = {"CHAIR-TAKEN", "CLINIC-HOURS", "CLINIC-CLOSED", "TIME-PAST"}
    return here | {code: starts for code, starts in rules.items() if code not in own}


def _broken(starts: Mapping[str, int], slot: int) -> tuple[str, ...]:
    return tuple(code for code, allowed in starts.items() if not allowed >> slot & 1)


def _keeps_promises(gap: Gap, load: Load, slot: int, promised: Sequence[Load]) -> bool:
    if not promised:
        return True
    after = with_load(gap.day, load, slot, gap.chair)
    return room_for(after, promised) or not room_for(gap.day, promised)
