"""What a reaction at one minute of an infusion would lead to, under every way back up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from clinical.climb import Segment, policies_for
from clinical.observation import observe_until
from clinical.protocol import ClimbPolicy, Protocol, ReactionSeverity, load
from clinical.reactions import ReactionOutcome, Suggestion, suggest, what_if
from clinical.titration import RatePlan
from core.errors import Invalid
from reference.questions.titration import Bag, minutes, plan_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionQuestion:
    """Minutes count from the start of the infusion, `symptom_free_after` from the onset.

    `policy` None takes the one the protocol names for this table. Signs and grade only suggest a
    severity; what is reckoned with is `severity`, as the clinician says it.
    """

    bag: Bag
    onset_minute: Fraction
    severity: ReactionSeverity
    symptom_free_after: Fraction | None = None
    policy: ClimbPolicy | None = None
    start: datetime | None = None
    signs: tuple[str, ...] = ()
    grade: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEnd:
    """When the bag would be empty under one policy. The two instants need a start."""

    policy: ClimbPolicy
    chosen: bool
    worst: bool
    ends_after: timedelta
    delay: timedelta
    ends_at: datetime | None
    observe_until: datetime | None
    path: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionAnswer:
    """`ends` is empty when the infusion may not go on (or not yet): see `outcome`.

    `suggestion` is what signs and grade suggest, None without either.
    """

    protocol: Protocol
    plan: RatePlan
    start: datetime | None
    policy: ClimbPolicy
    onset: timedelta
    outcome: ReactionOutcome
    ends: tuple[PolicyEnd, ...]
    suggestion: Suggestion | None

    @property
    def suggests_more(self) -> bool:
        """Whether signs and grade ask for more than the severity that was reckoned with."""
        found = self.suggestion
        if found is None:
            return False
        goes_on = self.outcome.severity is not ReactionSeverity.LIFE_THREATENING
        worse = found.severity.rank > self.outcome.severity.rank
        return worse or (found.stop_for_good and goes_on)

    @property
    def chosen(self) -> PolicyEnd | None:
        """The end under the chosen policy."""
        return next((end for end in self.ends if end.chosen), None)

    @property
    def worst(self) -> PolicyEnd | None:
        """The latest end: the rate is held where the reaction put it."""
        return next((end for end in self.ends if end.worst), None)


def _end(
    protocol: Protocol, outcome: ReactionOutcome, policy: ClimbPolicy, chosen: ClimbPolicy,
    start: datetime | None,
) -> PolicyEnd:  # fmt: skip
    ends_at = None if start is None else start + outcome.end(policy)
    return PolicyEnd(
        policy=policy,
        chosen=policy is chosen,
        worst=policy is ClimbPolicy.HELD,
        ends_after=outcome.end(policy),
        delay=outcome.delay(policy),
        ends_at=ends_at,
        observe_until=observe_until(protocol, ends_at) if ends_at else None,
        path=outcome.paths[policy],
    )


def _policy(made: RatePlan, wanted: ClimbPolicy | None) -> ClimbPolicy:
    chosen = wanted or made.table.climb
    if chosen not in policies_for(made.table):
        words = f"The {made.option} table has no increment to climb by."
        raise Invalid("The request is not valid.", {"policy": [words]})
    return chosen


def _suggestion(protocol: Protocol, asked: ReactionQuestion) -> Suggestion | None:
    if not asked.signs and asked.grade is None:
        return None
    return suggest(protocol, signs=asked.signs, grade=asked.grade)


def answer(asked: ReactionQuestion) -> ReactionAnswer:
    """Return what the reaction leads to.

    Raises Invalid for a dose the table is not for, a policy the table cannot follow, and a minute
    at which nothing runs.
    """
    protocol = load("ocrelizumab", asked.bag.edition)
    made = plan_of(protocol, asked.bag)
    policy = _policy(made, asked.policy)
    free = asked.symptom_free_after
    onset = minutes(asked.onset_minute)
    if made.rate_at(onset) == 0:
        ends = made.total_duration // timedelta(minutes=1)
        words = f"Nothing is running at that minute: this bag is empty after {ends} minutes."
        raise Invalid("The request is not valid.", {"onset_minute": [words]})
    outcome = what_if(
        protocol,
        made,
        onset=onset,
        severity=asked.severity,
        symptom_free_after=None if free is None else minutes(free),
    )
    return ReactionAnswer(
        protocol=protocol,
        plan=made,
        start=asked.start,
        policy=policy,
        onset=onset,
        outcome=outcome,
        ends=tuple(_end(protocol, outcome, each, policy, asked.start) for each in outcome.paths),
        suggestion=_suggestion(protocol, asked),
    )
