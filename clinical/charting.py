"""What each charted event does to a running infusion, and which rules it runs into."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from clinical.events import Event, EventKind, settle
from clinical.model import ClimbPolicy, Protocol, ReactionSeverity
from clinical.timeline import Recovery, RunStatus, Timeline
from clinical.titration import RatePlan


def rate_text(rate_ml_h: Fraction) -> str:
    """Return a rate as a pump shows it: up to two decimals, no trailing zeros."""
    text = f"{float(rate_ml_h):.2f}".rstrip("0").rstrip(".")
    return f"{text} mL/h"


def _out_of_order(timeline: Timeline, event: Event) -> None:
    what = event.kind.replace("_", " ")
    state = timeline.status.replace("_", " ")
    words = f"{what} at {event.occurred_at.isoformat()}: the infusion is {state}."
    timeline.note("EVENT-ORDER", words)


def _check_increase(timeline: Timeline, rate: Fraction, event: Event) -> None:
    when = event.occurred_at.isoformat()
    allowed = timeline.next_rate()
    in_table = any(row.rate_ml_h == rate for row in timeline.plan.table.steps)
    if allowed is None or rate > allowed or not (in_table or rate == allowed):
        to = "the rate stays" if allowed is None else f"the plan has {rate_text(allowed)} next"
        timeline.note("RATE-OFF-PLAN", f"{rate_text(rate)} at {when}: {to}.")
    opened = timeline.opened_s()
    if allowed is not None and (opened is None or timeline.at_s(event.occurred_at) < opened):
        words = f"{rate_text(rate)} at {when}: the time at the rate before had not passed."
        timeline.note("INCREASE-TOO-SOON", words)
    if timeline.symptoms_open:
        timeline.note("INCREASE-SYMPTOMS", f"{rate_text(rate)} at {when}: symptoms were open.")


def _check_decrease(timeline: Timeline, rate: Fraction, event: Event) -> None:
    in_table = any(row.rate_ml_h == rate for row in timeline.plan.table.steps)
    recovery = timeline.recovery
    if in_table or (recovery is not None and rate <= recovery.ceiling_ml_h):
        return
    words = f"{rate_text(rate)} at {event.occurred_at.isoformat()}: not a rate of the plan."
    timeline.note("RATE-OFF-PLAN", words)


def _put_rate(timeline: Timeline, rate: Fraction, event: Event) -> None:
    maximum = timeline.plan.table.maximum_ml_h
    if rate > maximum:
        words = f"{rate_text(rate)} is above the maximum of {rate_text(maximum)}."
        timeline.note("RATE-ABOVE-MAXIMUM", words)
    elif rate > timeline.rate_ml_h:
        _check_increase(timeline, rate, event)
    elif rate < timeline.rate_ml_h:
        _check_decrease(timeline, rate, event)
    timeline.set_rate(rate, event.occurred_at)


def _start(timeline: Timeline, event: Event) -> None:
    if timeline.status is not RunStatus.NOT_STARTED:
        _out_of_order(timeline, event)
        return
    first = timeline.plan.table.steps[0].rate_ml_h
    rate = event.rate_ml_h or first
    if rate > timeline.plan.table.maximum_ml_h:
        _put_rate(timeline, rate, event)
    elif rate != first:
        words = f"started at {rate_text(rate)}: the plan starts at {rate_text(first)}."
        timeline.note("RATE-OFF-PLAN", words)
    if timeline.symptoms_open:
        timeline.note("RESTART-SYMPTOMS", "Started with symptoms of a reaction open.")
    timeline.rate_ml_h = rate
    timeline.status, timeline.started_at = RunStatus.RUNNING, event.occurred_at


def _rate_changed(timeline: Timeline, event: Event) -> None:
    if event.rate_ml_h is None or timeline.started_at is None or timeline.ended:
        _out_of_order(timeline, event)
        return
    _put_rate(timeline, event.rate_ml_h, event)


def _paused(timeline: Timeline, event: Event) -> None:
    if timeline.status is RunStatus.RUNNING:
        timeline.pause()
    else:
        _out_of_order(timeline, event)


def _check_restart(timeline: Timeline, recovery: Recovery, event: Event) -> None:
    when = event.occurred_at.isoformat()
    if timeline.permanent_at is not None:
        timeline.note("REACTION-PERMANENT", f"Resumed at {when} after a life-threatening reaction.")
        return
    if recovery.severity is not ReactionSeverity.SEVERE:
        return
    if timeline.symptoms_open:
        timeline.note("RESTART-SYMPTOMS", f"Resumed at {when} with symptoms open.")
    if not recovery.reduced:
        words = (
            f"Resumed at {when} with {rate_text(timeline.rate_ml_h)}; "
            f"{rate_text(recovery.ceiling_ml_h)} at most."
        )
        timeline.note("RESTART-RATE", words)


def _resumed(timeline: Timeline, event: Event) -> None:
    if timeline.status not in {RunStatus.PAUSED, RunStatus.STOPPED}:
        _out_of_order(timeline, event)
        return
    if timeline.status is RunStatus.STOPPED:
        _out_of_order(timeline, event)
    if event.rate_ml_h is not None:
        _put_rate(timeline, event.rate_ml_h, event)
    if timeline.recovery is not None:
        _check_restart(timeline, timeline.recovery, event)
    timeline.status, timeline.ended_at = RunStatus.RUNNING, None


def _reaction(timeline: Timeline, event: Event) -> None:
    if event.severity is not None:
        timeline.react(event.occurred_at, event.severity)


def _resolved(timeline: Timeline, event: Event) -> None:
    timeline.resolve(event.occurred_at)


def _vitals(timeline: Timeline, event: Event) -> None:
    timeline.vitals.append(event.occurred_at)


def _ended(timeline: Timeline, event: Event) -> None:
    if timeline.started_at is None or timeline.ended:
        _out_of_order(timeline, event)
        return
    if event.kind is EventKind.STOPPED:
        timeline.end(event.occurred_at, RunStatus.STOPPED)
        return
    timeline.end(event.occurred_at, RunStatus.COMPLETED)
    missing = timeline.plan.volume_ml - timeline.charted_ml
    if missing > timeline.protocol.titration.volume_tolerance_ml:
        words = f"Completed with {float(missing):.1f} mL still in the bag by the charted rates."
        timeline.note("ENDED-SHORT", words)


_HANDLERS: dict[EventKind, Callable[[Timeline, Event], None]] = {
    EventKind.START: _start,
    EventKind.RATE_CHANGED: _rate_changed,
    EventKind.PAUSED: _paused,
    EventKind.RESUMED: _resumed,
    EventKind.REACTION: _reaction,
    EventKind.SYMPTOMS_RESOLVED: _resolved,
    EventKind.VITALS: _vitals,
    EventKind.STOPPED: _ended,
    EventKind.COMPLETED: _ended,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A settled chart, and what it comes to by its last event. To be asked any number of times."""

    events: tuple[Event, ...]
    timeline: Timeline

    def at(self, now: datetime) -> Timeline:
        """Return what has run by `now` (UTC); events later than that have not happened."""
        timeline = self.timeline
        if self.events and now < self.events[-1].occurred_at:
            happened = [event for event in self.events if event.occurred_at <= now]
            timeline = _fold(timeline.protocol, timeline.plan, timeline.policy, happened)
        else:
            timeline = timeline.copy()
        timeline.advance(timeline.at_s(now))
        return timeline


def tell(protocol: Protocol, plan: RatePlan, policy: ClimbPolicy, events: Iterable[Event]) -> Story:
    """Return the story of a chart whose entries came in whatever order."""
    settled = tuple(settle(events))
    return Story(events=settled, timeline=_fold(protocol, plan, policy, settled))


def _fold(
    protocol: Protocol, plan: RatePlan, policy: ClimbPolicy, events: Iterable[Event]
) -> Timeline:
    timeline = Timeline(protocol=protocol, plan=plan, policy=policy)
    for event in events:
        timeline.advance(timeline.at_s(event.occurred_at))
        _HANDLERS[event.kind](timeline, event)
    return timeline
