"""The charted events of an infusion, as the clinical core reads them. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from uuid import UUID

from clinical.findings import Finding
from clinical.model import Protocol, RateOption, ReactionSeverity
from clinical.premedication import PremedicationGiven, PremedicationKind
from clinical.protocol import load
from clinical.run import Event, EventKind, RunState, Story, replay, state_at, story_of
from clinical.titration import RatePlan, plan
from clinical.vitals import VitalsSchedule, with_schedule
from clinics.vitals import schedule_of
from infusion.bag import Bag
from infusion.models import Infusion, InfusionEvent
from scheduling.models import Course

Kind = InfusionEvent.Kind
BAG_RUNS_OUT = frozenset({"BEYOND-USE-RISK", "BEYOND-USE-PASSED"})
MOVES = {
    Kind.STARTED: EventKind.START,
    Kind.RATE_CHANGED: EventKind.RATE_CHANGED,
    Kind.PAUSED: EventKind.PAUSED,
    Kind.RESUMED: EventKind.RESUMED,
    Kind.VITALS: EventKind.VITALS,
    Kind.REACTION: EventKind.REACTION,
    Kind.SYMPTOMS_RESOLVED: EventKind.SYMPTOMS_RESOLVED,
    Kind.STOPPED: EventKind.STOPPED,
    Kind.COMPLETED: EventKind.COMPLETED,
}


def standing(events: Iterable[InfusionEvent]) -> list[InfusionEvent]:
    """Return the events that hold, oldest first: not amended, and not withdrawn by an amendment."""
    charted = list(events)
    amended = {event.amends_id for event in charted}
    kept = [
        event
        for event in charted
        if event.pk not in amended and not event.values.get("withdrawn", False)
    ]
    return sorted(kept, key=lambda event: (event.occurred_at, event.recorded_at, event.pk))


def clinical_event(event: InfusionEvent) -> Event:
    """Return the event in the core's words; KeyError for a kind that moves nothing."""
    rate, severity = event.values.get("rate_ml_h"), event.values.get("severity")
    return Event(
        id=str(event.pk),
        kind=MOVES[Kind(event.kind)],
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        rate_ml_h=None if rate is None else Fraction(rate),
        severity=None if severity is None else ReactionSeverity(severity),
        amends=str(event.amends_id) if event.amends_id else None,
        withdrawn=event.values.get("withdrawn", False),
    )


def clinical_events(events: Iterable[InfusionEvent]) -> list[Event]:
    """Return what the core replays; it settles amendments by itself."""
    return [clinical_event(event) for event in events if event.kind in MOVES]


def premedication(events: Iterable[InfusionEvent], *, since: datetime) -> list[PremedicationGiven]:
    """Return the medicines of this attendance that stand, oldest first.

    What was given before `since` belongs to a day on which no infusion followed. A drug without a
    purpose the rules know is left out.
    """
    return [
        PremedicationGiven(
            kind=PremedicationKind(event.values["purpose"]),
            drug=event.values["drug"],
            given_at=event.occurred_at,
            dose_mg=Fraction(event.values["dose_mg"]),
        )
        for event in standing(events)
        if event.kind == Kind.PREMEDICATION
        and event.values.get("purpose")
        and event.occurred_at >= since
    ]


def protocol_of(course: Course) -> Protocol:
    """Return the protocol under which the course is given, with its clinic's times for vitals."""
    return _scheduled(course.protocol, course.edition, schedule_of(course.clinic))


@lru_cache(maxsize=64)
def _scheduled(name: str, edition: str, schedule: VitalsSchedule) -> Protocol:
    return with_schedule(load(name, edition), schedule)


def plan_of(infusion: Infusion, course: Course) -> RatePlan:
    """Return the rate plan of the infusion's bag."""
    return _plan(protocol_of(course), infusion.dose_mg, infusion.rate_option, infusion.volume_ml)


@lru_cache(maxsize=128)
def _plan(protocol: Protocol, dose_mg: int, rate_option: str, volume_ml: Decimal) -> RatePlan:
    option, volume = RateOption(rate_option), Fraction(volume_ml)
    return plan(protocol, dose_mg=dose_mg, option=option, volume_ml=volume)


def bag_of(events: Iterable[InfusionEvent]) -> Bag | None:
    """Return the bag at the chair, the last one charted; None before there is one."""
    bags = [event for event in standing(events) if event.kind == Kind.BAG]
    return Bag.read(bags[-1].values) if bags else None


def run_state(
    infusion: Infusion, course: Course, events: Iterable[InfusionEvent], *, now: datetime
) -> RunState:
    """Return where the infusion stands at `now`, from the facts charted up to then; its margins
    are those to the bag's use-by time."""
    charted, protocol = list(events), protocol_of(course)
    bag = bag_of(charted)
    return replay(
        protocol,
        plan_of(infusion, course),
        clinical_events(charted),
        now=now,
        must_finish_by=None if bag is None else bag.use_by(protocol),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is charted on an infusion, as a key: a fact never changes, so its id says it all.

    Only for facts read from the database: one that is still being charted may yet be refused, and
    come again under the same id with other values.
    """

    ids: frozenset[UUID]
    protocol: Protocol
    bag: tuple[int, str, Decimal]  # dose in mg, rate option, volume in mL
    events: Sequence[InfusionEvent] = field(compare=False, repr=False)


@lru_cache(maxsize=512)
def _story(seen: _Seen) -> tuple[Story, datetime | None]:
    """Return the story of a chart, and by when its bag must be empty."""
    bag, made = bag_of(seen.events), _plan(seen.protocol, *seen.bag)
    story = story_of(seen.protocol, made, clinical_events(seen.events))
    return story, None if bag is None else bag.use_by(seen.protocol)


def seen_state(
    infusion: Infusion, course: Course, events: Sequence[InfusionEvent], *, now: datetime
) -> RunState:
    """Return `run_state` of facts read from the database, without telling the whole story again at
    each of a board's polls."""
    seen = _Seen(
        ids=frozenset(event.pk for event in events),
        protocol=protocol_of(course),
        bag=(infusion.dose_mg, infusion.rate_option, infusion.volume_ml),
        events=events,
    )
    story, use_by = _story(seen)
    return state_at(story, now, use_by)


def objections(
    infusion: Infusion,
    course: Course,
    events: Iterable[InfusionEvent],
    fact: InfusionEvent,
    *,
    now: datetime,
) -> list[Finding]:
    """Return what the rules say against adding `fact`: the findings it brings, also to facts
    charted for later. What is merely overdue is not one of them, and neither is that the bag's time
    runs out: a pause must be charted whatever it does to the bag."""
    charted = list(events)
    before = run_state(infusion, course, charted, now=now)
    after = run_state(infusion, course, [*charted, fact], now=now)
    known = Counter(item.id for item in before.warnings)
    stated = {item.finding.id for item in after.overdue} | BAG_RUNS_OUT
    new: list[Finding] = []
    for item in after.warnings:
        if known[item.id]:
            known[item.id] -= 1
        elif item.id not in stated:
            new.append(item)
    return new
