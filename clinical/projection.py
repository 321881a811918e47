"""When the bag would be empty: expected, if the rate rises as soon as it may, and at worst."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from clinical.climb import Rung, Segment, climb
from clinical.model import ClimbPolicy
from clinical.timeline import Timeline
from clinical.titration import duration_of, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Two ends (UTC; None before the start, and when the infusion may not go on) and the expected
    stretches, in seconds from the start."""

    end: datetime | None
    worst: datetime | None
    ahead: tuple[Segment, ...] = ()


def _hold_left(timeline: Timeline) -> timedelta | None:
    if timeline.recovery is not None and not timeline.recovery.reduced:
        return timeline.protocol.reaction.hold
    hold = timeline.hold()
    if hold is None:
        return None
    return duration_of(max(seconds(hold) - timeline.held_s(), Fraction(0)))


def _ahead(timeline: Timeline, policy: ClimbPolicy | None) -> tuple[Segment, ...]:
    stretches = climb(
        Rung(rate_ml_h=timeline.rate_to_run(), hold=_hold_left(timeline)),
        timeline.rising(policy),
        volume_ml=timeline.plan.volume_ml,
        left_ml=timeline.plan.volume_ml - timeline.charted_ml,
    )
    return tuple(
        replace(
            item,
            starts_s=timeline.until_s + item.starts_s,
            ends_s=timeline.until_s + item.ends_s,
        )
        for item in stretches
    )


def project_end(timeline: Timeline) -> Projection:
    """Return the expected and the worst end of `timeline`'s infusion.

    Expected: a pause ends now, open symptoms resolve by the time the rate may rise, the rate rises
    as soon as it may. Worst: from a reaction until the rate at onset is reached again, the rate
    stays where the reaction put it.
    """
    started, recovery = timeline.started_at, timeline.recovery
    if started is None or timeline.ended:
        return Projection(end=timeline.ended_at, worst=timeline.ended_at)
    if timeline.empty_s is not None:
        empty = started + duration_of(timeline.empty_s)
        return Projection(end=empty, worst=empty)
    if timeline.permanent_at is not None:
        return Projection(end=None, worst=None)
    ahead = _ahead(timeline, None)
    held = ahead
    if recovery is not None and timeline.rate_to_run() < recovery.reaction.onset_ml_h:
        held = _ahead(timeline, ClimbPolicy.HELD)
    return Projection(
        end=started + duration_of(ahead[-1].ends_s),
        worst=started + duration_of(held[-1].ends_s),
        ahead=ahead,
    )
