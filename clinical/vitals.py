"""When the next vital signs are due, and why. All of it policy: no label names a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from clinical.model import ObservationRules, Protocol


class VitalsWhy(StrEnum):
    """Why a set of vital signs is due, the most pressing first."""

    REACTION = "reaction"
    BASELINE = "baseline"
    RATE_CHANGE = "rate_change"
    GAP = "gap"
    END = "end"
    AFTER_END = "after_end"

    @property
    def rank(self) -> int:
        """Position among reasons for one and the same instant."""
        return list(VitalsWhy).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalsDue:
    """The next set: from when it is due, in UTC, and why."""

    at: datetime
    why: VitalsWhy


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalsSchedule:
    """What a clinic asks for itself; None, and no times, keep the protocol's values."""

    gap: timedelta | None = None
    gap_in_reaction: timedelta | None = None
    at_rate_changes: bool = True
    after_end: tuple[timedelta, ...] = ()  # besides the protocol's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the next set depends on. `changed_at` is the last charted change of the rate,
    `rises_at` when the rate may rise next; `reaction_at` when the last reaction began."""

    started_at: datetime | None
    ended_at: datetime | None = None
    vitals: Sequence[datetime] = ()
    symptoms_open: bool = False
    reaction_at: datetime | None = None
    changed_at: datetime | None = None
    rises_at: datetime | None = None


def with_schedule(protocol: Protocol, schedule: VitalsSchedule) -> Protocol:
    """Return the protocol with a clinic's own times: never rarer than its own, and in a reaction
    never closer than its least gap. What a clinic sets beyond these limits counts as the limit."""
    if schedule == VitalsSchedule():
        return protocol
    rules = protocol.observation
    gap = min(schedule.gap or rules.vitals_gap, rules.vitals_gap)
    in_reaction = schedule.gap_in_reaction or rules.vitals_gap_in_reaction
    least, most = rules.vitals_gap_in_reaction_least, rules.vitals_gap_in_reaction
    own = replace(
        rules,
        vitals_gap=gap,
        vitals_gap_in_reaction=min(max(in_reaction, least), most, gap),
        vitals_at_rate_changes=rules.vitals_at_rate_changes and schedule.at_rate_changes,
        vitals_after_end=tuple(sorted({*rules.vitals_after_end, *schedule.after_end})),
    )
    return replace(protocol, observation=own)


def missing_after_end(
    protocol: Protocol, ended_at: datetime, vitals: Sequence[datetime]
) -> VitalsDue | None:
    """Return the first set of vital signs after the end that is not charted, None after the last.

    One counts for a set when it was taken in the second half of the time before it, or later;
    for the set at the end itself, when it was taken shortly before it, or later.
    """
    rules, end, before = protocol.observation, ended_at.astimezone(UTC), timedelta(0)
    for offset in rules.vitals_after_end:
        opens = end + (before + offset) / 2 if offset else end - rules.vitals_counts_for
        if not any(taken >= opens for taken in vitals):
            return VitalsDue(at=end + offset, why=VitalsWhy.AFTER_END if offset else VitalsWhy.END)
        before = offset
    return None


def vitals_due(protocol: Protocol, seen: Watched) -> VitalsDue | None:
    """Return when the next vital signs are due; None before the start and after the last set.

    A baseline by the start; then at most one gap apart, with a set for each change of the rate; a
    shorter gap from a reaction until its symptoms resolve; then the set times after the end.
    """
    if seen.started_at is None:
        return None
    taken = sorted(at.astimezone(UTC) for at in seen.vitals)
    if seen.ended_at is not None:
        return missing_after_end(protocol, seen.ended_at, taken)
    started = seen.started_at.astimezone(UTC)
    if not taken:
        return VitalsDue(at=started, why=VitalsWhy.BASELINE)
    every = _while_running(protocol.observation, seen, started, taken[-1])
    return min(every, key=lambda due: (due.at, due.why.rank))


def _while_running(
    rules: ObservationRules, seen: Watched, started: datetime, last: datetime
) -> Iterator[VitalsDue]:
    yield VitalsDue(at=max(last, started) + rules.vitals_gap, why=VitalsWhy.GAP)
    if seen.symptoms_open and seen.reaction_at is not None:
        since = max(last, seen.reaction_at.astimezone(UTC))
        yield VitalsDue(at=since + rules.vitals_gap_in_reaction, why=VitalsWhy.REACTION)
    if not rules.vitals_at_rate_changes:
        return
    for change in (seen.changed_at, seen.rises_at):
        if change is not None and last < change.astimezone(UTC) - rules.vitals_counts_for:
            yield VitalsDue(at=change.astimezone(UTC), why=VitalsWhy.RATE_CHANGE)
