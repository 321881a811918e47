"""The running infusion, worked out afresh from the plan, the chart and the time.

`replay` keeps nothing between calls and moves nothing forward by itself: it says what runs, what
is due, what is not allowed and when it would end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from clinical.charting import Story, rate_text, tell
from clinical.climb import Segment, policies_for
from clinical.events import Event, EventKind
from clinical.findings import Finding
from clinical.model import ClimbPolicy, Protocol, ReactionSeverity
from clinical.observation import observe_until
from clinical.projection import Projection, project_end
from clinical.run_warnings import (
    Overdue,
    bag_findings,
    beyond_use_findings,
    charted_findings,
    needs_stop,
    reaction_overdue,
)
from clinical.timeline import ReactionSeen, Recovery, RunStatus, Timeline
from clinical.titration import RatePlan, duration_of
from clinical.vitals import VitalsDue, VitalsWhy, Watched, vitals_due

__all__ = [
    "Action",
    "Event",
    "EventKind",
    "NextAction",
    "Overdue",
    "ReactionSeen",
    "RunState",
    "RunStatus",
    "Segment",
    "Story",
    "VitalsWhy",
    "rate_text",
    "replay",
    "state_at",
    "story_of",
]


class Action(StrEnum):
    """What the nurse would do next."""

    START = "start"
    INCREASE = "increase"
    REDUCE = "reduce"
    STOP = "stop"
    STOP_FOR_GOOD = "stop_for_good"
    RESUME = "resume"
    RESTART = "restart"
    CHART_END = "chart_end"
    OBSERVE = "observe"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """The next thing to do. `opens_at` None means it waits for something that is not a time."""

    action: Action
    opens_at: datetime | None
    rate_ml_h: Fraction | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Where an infusion stands at `now`. All instants are UTC, volumes exact mL, rates mL/h.

    `ran` and `ahead` are stretches in seconds from the start: what ran, and what follows if the
    rate rises as soon as it may. `margin` is what is left to the beyond-use time at the expected
    end, `worst_margin` at the worst case, both negative when it is passed.
    """

    now: datetime
    status: RunStatus
    started_at: datetime | None
    ended_at: datetime | None
    rate_ml_h: Fraction
    volume_in_ml: Fraction
    volume_left_ml: Fraction
    step: int | None
    next_action: NextAction
    next_rate_ml_h: Fraction | None
    earliest_increase: datetime | None
    why_not_sooner: tuple[Finding, ...]
    projected_end: datetime | None
    worst_case_end: datetime | None
    margin: timedelta | None
    worst_margin: timedelta | None
    observe_until: datetime | None
    vitals_due: datetime | None
    vitals_why: VitalsWhy | None
    overdue: tuple[Overdue, ...]
    warnings: tuple[Finding, ...]
    reactions: tuple[ReactionSeen, ...]
    symptoms_open: bool
    stopped_for_good: bool
    ran: tuple[Segment, ...]
    ahead: tuple[Segment, ...]


def _started(timeline: Timeline) -> datetime:
    """Return the start of an infusion that has one; before it, nothing here is asked."""
    if timeline.started_at is None:
        raise ValueError("the infusion has not started")
    return timeline.started_at


def _active(timeline: Timeline) -> bool:
    return (
        timeline.status in {RunStatus.RUNNING, RunStatus.PAUSED} and timeline.permanent_at is None
    )


def _step(timeline: Timeline) -> int | None:
    if timeline.status not in {RunStatus.RUNNING, RunStatus.PAUSED}:
        return None
    rates = [row.rate_ml_h for row in timeline.plan.table.steps]
    return rates.index(timeline.rate_ml_h) + 1 if timeline.rate_ml_h in rates else None


def _earliest_increase(timeline: Timeline, now: datetime) -> datetime | None:
    """Return when the rate may rise: time at this rate, and symptoms resolved; None when never, or
    when it waits for something else than time."""
    recovery = timeline.recovery
    if not _active(timeline) or (recovery is not None and not recovery.reduced):
        return None
    opened_s = timeline.opened_s()
    if opened_s is None:
        return None
    opened = _started(timeline) + duration_of(opened_s)
    if timeline.symptoms_open:
        return opened if now < opened else None
    return max(opened, timeline.resolved_at or opened)


def _why_not_sooner(timeline: Timeline, now: datetime, earliest: datetime | None) -> list[Finding]:
    if not _active(timeline) or timeline.next_rate() is None:
        return []
    findings: list[Finding] = []
    if timeline.symptoms_open:
        words = "Symptoms are not charted as resolved; the rate stays."
        findings.append(timeline.protocol.finding("INCREASE-SYMPTOMS", words))
    if earliest is not None and now < earliest:
        words = f"The rate may rise from {earliest.isoformat()}."
        findings.append(timeline.protocol.finding("INCREASE-TOO-SOON", words))
    elif earliest is None and not timeline.symptoms_open:
        words = "The time at this rate stands still until the infusion runs at it."
        findings.append(timeline.protocol.finding("INCREASE-TOO-SOON", words))
    return findings


def _do(
    action: Action, words: str, *, opens_at: datetime | None, rate_ml_h: Fraction | None = None
) -> NextAction:
    return NextAction(action=action, opens_at=opens_at, rate_ml_h=rate_ml_h, words=words)


def _after_reaction(timeline: Timeline, recovery: Recovery) -> NextAction | None:
    """Return what an open reaction asks for before anything else."""
    if needs_stop(timeline, recovery):
        return _do(Action.STOP, "Stop the infusion and treat.", opens_at=recovery.reaction.at)
    rate = timeline.rate_to_run()
    if timeline.flowing:
        if recovery.reduced:
            return None
        words = f"Reduce the rate to {rate_text(rate)}."
        return _do(Action.REDUCE, words, opens_at=recovery.reaction.at, rate_ml_h=rate)
    if recovery.severity is not ReactionSeverity.SEVERE:
        return None
    words = f"Restart at {rate_text(rate)} once every symptom has resolved."
    opens_at = None if timeline.symptoms_open else timeline.resolved_at
    return _do(Action.RESTART, words, opens_at=opens_at, rate_ml_h=rate)


def _running_on(
    timeline: Timeline, projection: Projection, earliest: datetime | None, now: datetime
) -> NextAction:
    if not timeline.flowing:
        rate = timeline.rate_to_run()
        words = f"Resume at {rate_text(rate)}."
        return _do(Action.RESUME, words, opens_at=now, rate_ml_h=rate)
    following = timeline.next_rate()
    if following is None or _goes_on_so(timeline, projection):
        return _do(Action.CHART_END, "Chart the end of the infusion.", opens_at=projection.end)
    words = f"Increase to {rate_text(following)} if it is tolerated."
    opens_at = None if timeline.symptoms_open else earliest
    return _do(Action.INCREASE, words, opens_at=opens_at, rate_ml_h=following)


def _goes_on_so(timeline: Timeline, projection: Projection) -> bool:
    """Whether the bag will be empty at the rate that runs, before that may rise. A rise that is
    due, even the last one, is the first stretch ahead, at another rate."""
    ahead = projection.ahead
    return len(ahead) == 1 and ahead[0].rate_ml_h == timeline.rate_ml_h


def _next_action(
    timeline: Timeline, projection: Projection, earliest: datetime | None, now: datetime
) -> NextAction:
    if timeline.permanent_at is not None and not timeline.ended:
        words = "Stop, treat, never give it again."
        return _do(Action.STOP_FOR_GOOD, words, opens_at=timeline.permanent_at)
    if timeline.started_at is None:
        rate = timeline.plan.table.steps[0].rate_ml_h
        return _do(Action.START, f"Start at {rate_text(rate)}.", opens_at=None, rate_ml_h=rate)
    if timeline.ended_at is not None:
        until = observe_until(timeline.protocol, timeline.ended_at)
        return _do(Action.OBSERVE, f"Observe until {until.isoformat()}.", opens_at=until)
    if timeline.recovery is not None:
        asked = _after_reaction(timeline, timeline.recovery)
        if asked is not None:
            return asked
    if timeline.empty_s is not None:
        return _do(Action.CHART_END, "Chart the end of the infusion.", opens_at=projection.end)
    return _running_on(timeline, projection, earliest, now)


def _overdue(timeline: Timeline, due: VitalsDue | None, now: datetime) -> tuple[Overdue, ...]:
    overdue = reaction_overdue(timeline)
    if due is not None and due.at < now:
        words = f"Vital signs were due at {due.at.isoformat()}."
        finding = timeline.protocol.finding("VITALS-OVERDUE", words)
        overdue.append(Overdue(finding=finding, since=due.at))
    return tuple(overdue)


def _margin(must_finish_by: datetime | None, end: datetime | None) -> timedelta | None:
    return None if must_finish_by is None or end is None else must_finish_by - end


def replay(
    protocol: Protocol,
    plan: RatePlan,
    events: Iterable[Event],
    now: datetime,
    *,
    policy: ClimbPolicy | None = None,
    must_finish_by: datetime | None = None,
) -> RunState:
    """Return where the infusion stands at `now`, from `plan` and everything charted so far.

    `events` may arrive in any order, late, repeated and amended; those after `now` have not
    happened. `policy` None takes the rate table's own. Raises ValueError for a naive `now` or
    `must_finish_by`, and for a policy the rate table cannot follow.
    """
    return state_at(story_of(protocol, plan, events, policy=policy), now, must_finish_by)


def story_of(
    protocol: Protocol,
    plan: RatePlan,
    events: Iterable[Event],
    *,
    policy: ClimbPolicy | None = None,
) -> Story:
    """Return a chart ready to be asked for its state again and again; as `replay` otherwise."""
    climb_by = policy or plan.table.climb
    if climb_by not in policies_for(plan.table):
        raise ValueError(f"the {plan.option} table cannot climb by {climb_by}")
    return tell(protocol, plan, climb_by, events)


def state_at(story: Story, now: datetime, must_finish_by: datetime | None = None) -> RunState:
    """Return where the infusion of a story stands at `now`; as `replay` otherwise."""
    for moment in (now, must_finish_by):
        if moment is not None and moment.utcoffset() is None:
            raise ValueError("now and must_finish_by must carry a time zone")
    now = now.astimezone(UTC)
    limit = None if must_finish_by is None else must_finish_by.astimezone(UTC)
    return _state(story.at(now), now, limit)


def _vitals_due(
    timeline: Timeline, following: NextAction, earliest: datetime | None
) -> VitalsDue | None:
    """Return the next set of vital signs; a rise counts only while it is what comes next."""
    seen = Watched(
        started_at=timeline.started_at,
        ended_at=timeline.ended_at,
        vitals=timeline.vitals,
        symptoms_open=timeline.symptoms_open,
        reaction_at=timeline.reactions[-1].at if timeline.reactions else None,
        changed_at=timeline.changed_at,
        rises_at=earliest if following.action is Action.INCREASE else None,
    )
    return vitals_due(timeline.protocol, seen)


def _warnings(
    timeline: Timeline,
    projection: Projection,
    overdue: tuple[Overdue, ...],
    limit: datetime | None,
) -> tuple[Finding, ...]:
    return (
        *charted_findings(timeline),
        *(item.finding for item in overdue),
        *bag_findings(timeline),
        *beyond_use_findings(
            timeline, end=projection.end, worst=projection.worst, must_finish_by=limit
        ),
    )


def _state(timeline: Timeline, now: datetime, limit: datetime | None) -> RunState:
    projection, earliest = project_end(timeline), _earliest_increase(timeline, now)
    following = _next_action(timeline, projection, earliest, now)
    due = _vitals_due(timeline, following, earliest)
    overdue = _overdue(timeline, due, now)
    given = min(timeline.charted_ml, timeline.plan.volume_ml)
    flows, end = timeline.flowing and timeline.empty_s is None, timeline.ended_at
    return RunState(
        now=now,
        status=timeline.status,
        started_at=timeline.started_at,
        ended_at=end,
        rate_ml_h=timeline.rate_ml_h if flows else Fraction(0),
        volume_in_ml=given,
        volume_left_ml=timeline.plan.volume_ml - given,
        step=_step(timeline),
        next_action=following,
        next_rate_ml_h=timeline.next_rate() if _active(timeline) else None,
        earliest_increase=earliest,
        why_not_sooner=tuple(_why_not_sooner(timeline, now, earliest)),
        projected_end=projection.end,
        worst_case_end=projection.worst,
        margin=_margin(limit, projection.end),
        worst_margin=_margin(limit, projection.worst),
        observe_until=None if end is None else observe_until(timeline.protocol, end),
        vitals_due=due.at if due else None,
        vitals_why=due.why if due else None,
        overdue=overdue,
        warnings=_warnings(timeline, projection, overdue, limit),
        reactions=tuple(timeline.reactions),
        symptoms_open=timeline.symptoms_open,
        stopped_for_good=timeline.permanent_at is not None,
        ran=tuple(timeline.spans),
        ahead=projection.ahead,
    )
