"""How long a made-up bag may be used: a fridge budget and a room budget, in real elapsed time.

Time in the fridge and time out of it are counted apart; the infusion itself is time out of it. The
strict reading gives a bag that was ever refrigerated one life from dilution. All instants are UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from clinical.findings import Finding
from clinical.model import Protocol
from clinical.titration import RatePlan


class Place(StrEnum):
    """Where a bag is kept."""

    FRIDGE = "fridge"
    ROOM = "room"


class Limit(StrEnum):
    """Which limit a use-by time comes from."""

    FRIDGE = "fridge"
    ROOM = "room"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """From `since` on the bag is in `place`, until the next entry."""

    place: Place
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondUse:
    """Until when a bag may be used.

    `must_finish_by` is the latest instant at which the infusion may still be running. For a bag in
    the fridge it supposes the bag is taken out by `take_out_by`; `fridge_used` and `room_used`
    count up to the last change of place.
    """

    must_finish_by: datetime
    limited_by: Limit
    take_out_by: datetime | None
    fridge_used: timedelta
    room_used: timedelta


def _checked(prepared_at: datetime, storage: Sequence[Kept]) -> list[tuple[Place, datetime]]:
    moments = [prepared_at, *(kept.since for kept in storage)]
    if any(moment.utcoffset() is None for moment in moments):
        raise ValueError("storage times must carry a time zone")
    if not storage:
        raise ValueError("storage must say where the bag was put")
    periods = [(kept.place, kept.since.astimezone(UTC)) for kept in storage]
    if periods[0][1] != prepared_at.astimezone(UTC):
        raise ValueError("storage must begin when the bag was prepared")
    if any(after[1] < before[1] for before, after in pairwise(periods)):
        raise ValueError("storage times must not go backwards")
    return periods


def _budgets_end(
    budgets: dict[Place, timedelta], periods: list[tuple[Place, datetime]]
) -> tuple[datetime, Limit, datetime | None, dict[Place, timedelta]]:
    """Walk the periods; return when the budgets end the bag's life, which of them did, by when a
    bag in the fridge comes out, and what was used up to the last change of place."""
    used = dict.fromkeys(Place, timedelta(0))
    for (place, since), (_, until) in pairwise(periods):
        left = budgets[place] - used[place]
        if until - since > left:
            return since + left, Limit(place), None, used
        used[place] += until - since
    place, since = periods[-1]
    out_by = since + budgets[place] - used[place]
    if place is Place.ROOM:
        return out_by, Limit.ROOM, None, used
    return out_by + budgets[Place.ROOM] - used[Place.ROOM], Limit.ROOM, out_by, used


def beyond_use(
    protocol: Protocol,
    *,
    prepared_at: datetime,
    storage: Sequence[Kept],
    strict: bool | None = None,
) -> BeyondUse:
    """Return until when a bag prepared at `prepared_at` and kept as in `storage` may be used.

    `strict` None takes the protocol's reading. Source: article S8; EU-PL and L26 (24 h cold and
    then 8 h at room temperature, the infusion included). Raises ValueError for naive times, and for
    storage that is empty, does not begin at preparation or goes backwards.
    """
    rules = protocol.preparation
    periods = _checked(prepared_at, storage)
    budgets = {Place.FRIDGE: rules.fridge_limit, Place.ROOM: rules.room_limit}
    ends, limited_by, out_by, used = _budgets_end(budgets, periods)
    refrigerated = any(place is Place.FRIDGE for place, _ in periods)
    if (rules.strict if strict is None else strict) and refrigerated:
        life_ends = prepared_at.astimezone(UTC) + rules.strict_life
        if life_ends < ends:
            ends, limited_by = life_ends, Limit.STRICT
            out_by = None if out_by is None else min(out_by, life_ends)
    return BeyondUse(
        must_finish_by=ends,
        limited_by=limited_by,
        take_out_by=out_by,
        fridge_used=used[Place.FRIDGE],
        room_used=used[Place.ROOM],
    )


def day_ends(moment: datetime, zone: tzinfo) -> datetime:
    """Return the first instant, in UTC, of the local day after the one `moment` falls on."""
    following = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(following, time(), zone).astimezone(UTC)


def finish_by(
    protocol: Protocol, *, must_finish_by: datetime, start: datetime, zone: tzinfo
) -> datetime:
    """Return by when an infusion begun at `start` must be over: the beyond-use time, and by
    protocol no later than the end of the local day it starts on."""
    limit = must_finish_by.astimezone(UTC)
    return min(limit, day_ends(start, zone)) if protocol.preparation.same_day else limit


def latest_start(
    protocol: Protocol, plan: RatePlan, *, must_finish_by: datetime, zone: tzinfo
) -> datetime:
    """Return the last instant, in UTC, at which `plan` may start and end both by the beyond-use
    time and on the day it starts. It may lie before the bag was made: then it is too late."""
    start = must_finish_by.astimezone(UTC) - plan.total_duration
    return min(
        start,
        finish_by(protocol, must_finish_by=must_finish_by, start=start, zone=zone)
        - plan.total_duration,
    )


def start_findings(
    protocol: Protocol,
    plan: RatePlan,
    *,
    start: datetime,
    must_finish_by: datetime,
    zone: tzinfo,
) -> list[Finding]:
    """Return what stands in the way of starting `plan` at `start` with this bag; ending exactly at
    a limit is allowed."""
    end = start.astimezone(UTC) + plan.total_duration
    findings: list[Finding] = []
    if end > must_finish_by.astimezone(UTC):
        words = (
            f"It would end at {end.isoformat()}, after the beyond-use time "
            f"{must_finish_by.astimezone(UTC).isoformat()}."
        )
        findings.append(protocol.finding("BAG-BEYOND-USE", words))
    if protocol.preparation.same_day and end > day_ends(start, zone):
        words = f"It would end at {end.astimezone(zone).isoformat()}, on another day."
        findings.append(protocol.finding("BAG-SAME-DAY", words))
    return findings
