"""Charted events folded, one after the other, into what has really run."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from clinical.climb import Rung, Segment, rungs, table_hold
from clinical.model import ClimbPolicy, Protocol, ReactionSeverity
from clinical.reactions import reduced_rate
from clinical.titration import RatePlan, seconds, volume_in

ZERO = Fraction(0)


class RunStatus(StrEnum):
    """Where an infusion stands, by what is charted."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionSeen:
    """One charted reaction and the rate that was really running when it began."""

    at: datetime
    severity: ReactionSeverity
    onset_ml_h: Fraction


@dataclass(slots=True, kw_only=True)
class Recovery:
    """What the last reaction asks of the rate. `ceiling_ml_h` is half of the rate at onset; until
    `reduced`, the rate is above it."""

    reaction: ReactionSeen
    severity: ReactionSeverity
    ceiling_ml_h: Fraction
    stopped: bool
    reduced: bool = False
    climbing: bool = False


@dataclass(slots=True, kw_only=True)
class Note:
    """A rule a charted event ran into, and its words."""

    rule_id: str
    words: str


@dataclass(slots=True, kw_only=True)
class Timeline:
    """The fold's running state. Seconds count from the start of the infusion."""

    protocol: Protocol
    plan: RatePlan
    policy: ClimbPolicy
    status: RunStatus = RunStatus.NOT_STARTED
    started_at: datetime | None = None
    ended_at: datetime | None = None
    until_s: Fraction = ZERO
    changed_at: datetime | None = None
    charted_ml: Fraction = ZERO
    rate_ml_h: Fraction = ZERO
    clock: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    spans: list[Segment] = field(default_factory=list)
    reactions: list[ReactionSeen] = field(default_factory=list)
    recovery: Recovery | None = None
    symptoms_open: bool = False
    resolved_at: datetime | None = None
    permanent_at: datetime | None = None
    vitals: list[datetime] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    empty_s: Fraction | None = None

    def copy(self) -> "Timeline":
        """Return a twin that can go on by itself."""
        return replace(
            self,
            clock=[*self.clock],
            spans=[*self.spans],
            reactions=[*self.reactions],
            recovery=None if self.recovery is None else replace(self.recovery),
            vitals=[*self.vitals],
            notes=[*self.notes],
        )

    @property
    def flowing(self) -> bool:
        """Whether the pump runs, by what is charted."""
        return self.status is RunStatus.RUNNING

    @property
    def ended(self) -> bool:
        """Whether the end of the infusion is charted."""
        return self.status in {RunStatus.STOPPED, RunStatus.COMPLETED}

    def at_s(self, at: datetime) -> Fraction:
        """Return `at` as seconds since the start, 0 before it."""
        return ZERO if self.started_at is None else seconds(at - self.started_at)

    def note(self, rule_id: str, words: str) -> None:
        """Remember that an event ran into a rule."""
        self.notes.append(Note(rule_id=rule_id, words=words))

    def advance(self, to_s: Fraction) -> None:
        """Let the time pass up to `to_s` at the present rate."""
        lasted = to_s - self.until_s
        if lasted <= 0 or self.status not in {RunStatus.RUNNING, RunStatus.PAUSED}:
            self.until_s = max(self.until_s, to_s)
            return
        rate = self.rate_ml_h if self.flowing else ZERO
        if self.flowing:
            self._pour(lasted)
            self.clock.append((self.until_s, to_s))
        self._lengthen(rate, to_s)
        self.until_s = to_s

    def _pour(self, lasted_s: Fraction) -> None:
        poured = self.charted_ml + volume_in(self.rate_ml_h, lasted_s)
        if self.empty_s is None and poured >= self.plan.volume_ml:
            missing = self.plan.volume_ml - self.charted_ml
            share = missing / (poured - self.charted_ml)
            self.empty_s = self.until_s + lasted_s * share
        self.charted_ml = poured

    def _lengthen(self, rate: Fraction, to_s: Fraction) -> None:
        """Add a stretch to what has run, joined to the last one when the rate is the same."""
        starts = self.until_s
        if self.spans and self.spans[-1].rate_ml_h == rate and self.spans[-1].ends_s == starts:
            starts = self.spans.pop().starts_s
        given = min(self.charted_ml, self.plan.volume_ml)
        self.spans.append(
            Segment(rate_ml_h=rate, starts_s=starts, ends_s=to_s, cumulative_ml=given)
        )

    # -- the step clock: how long the present rate has really run --

    def hold(self) -> timedelta | None:
        """Return how long the present rate is kept before it may rise; None at the top."""
        if self.next_rate() is None:
            return None
        rules, recovery = self.protocol.reaction, self.recovery
        if recovery is None:
            return table_hold(self.plan.table, self.rate_ml_h)
        if not recovery.climbing:
            return rules.hold
        if self.policy is ClimbPolicy.INCREMENT:
            return rules.increase_every
        onset = min(recovery.reaction.onset_ml_h, self.plan.table.maximum_ml_h)
        if self.policy is ClimbPolicy.RETURN and self.rate_ml_h == onset:
            return rules.return_step
        return table_hold(self.plan.table, self.rate_ml_h)

    def next_rate(self) -> Fraction | None:
        """Return the next higher rate: the table's, or the climb policy's after a reaction."""
        first = next(self.rising(), None)
        return first.rate_ml_h if first else None

    def rate_to_run(self) -> Fraction:
        """Return the rate that should run now: at most half the onset rate after a reaction."""
        if self.recovery is None or self.recovery.reduced:
            return self.rate_ml_h
        return self.recovery.ceiling_ml_h

    def rising(self, policy: ClimbPolicy | None = None) -> Iterator[Rung]:
        """Yield the rates above the one that should run: the table's own until a reaction, then
        by `policy` (the infusion's when None)."""
        rate, onset = self.rate_to_run(), self.rate_ml_h
        chosen = policy or (ClimbPolicy.LADDER if self.recovery is None else self.policy)
        if self.recovery is not None:
            onset = self.recovery.reaction.onset_ml_h
        return rungs(
            self.plan.table, self.protocol.reaction, chosen, rate_ml_h=rate, onset_ml_h=onset
        )

    def held_s(self) -> Fraction:
        """Return how many seconds the present rate has run, pauses left out."""
        return sum((end - start for start, end in self.clock), ZERO)

    def opened_s(self) -> Fraction | None:
        """Return when the time at the present rate was, or at this pace will be, long enough.

        None at the top of the table, and while a pause stops the clock short of it.
        """
        hold = self.hold()
        if hold is None:
            return None
        missing = seconds(hold)
        for start, end in self.clock:
            if end - start >= missing:
                return start + missing
            missing -= end - start
        return self.until_s + missing if self.flowing else None

    # -- what each event does --

    def set_rate(self, rate_ml_h: Fraction, at: datetime) -> None:
        """Put the pump at `rate_ml_h`; the step clock starts again only for another rate."""
        before, recovery = self.rate_ml_h, self.recovery
        if rate_ml_h == before:
            return
        self.rate_ml_h, self.changed_at = rate_ml_h, at
        self.clock = []
        if recovery is None:
            return
        if not recovery.reduced:
            recovery.reduced = rate_ml_h <= recovery.ceiling_ml_h
        elif rate_ml_h > before:
            recovery.climbing = True

    def react(self, at: datetime, severity: ReactionSeverity) -> None:
        """Take in a reaction: half of the rate really running is the new ceiling."""
        seen = ReactionSeen(at=at, severity=severity, onset_ml_h=self.rate_ml_h)
        self.reactions.append(seen)
        open_before = self.recovery.severity if self.recovery and self.symptoms_open else severity
        self.symptoms_open, self.resolved_at = True, None
        if severity is ReactionSeverity.LIFE_THREATENING:
            self.permanent_at = self.permanent_at or at
        if self.rate_ml_h == 0 or self.ended:
            return
        self.clock = []
        self.recovery = Recovery(
            reaction=seen,
            severity=max(severity, open_before, key=lambda item: item.rank),
            ceiling_ml_h=reduced_rate(self.protocol, self.rate_ml_h),
            stopped=self.status is RunStatus.PAUSED,
        )

    def resolve(self, at: datetime) -> None:
        """Take in that every symptom has gone."""
        if not self.symptoms_open:
            self.note("EVENT-ORDER", f"Symptoms resolved at {at.isoformat()}: none were open.")
            return
        self.symptoms_open, self.resolved_at = False, at

    def pause(self) -> None:
        """Stop the pump; the step clock stops with it."""
        self._stop(RunStatus.PAUSED)

    def end(self, at: datetime, status: RunStatus) -> None:
        """Take in the charted end."""
        self._stop(status)
        self.ended_at = at

    def _stop(self, status: RunStatus) -> None:
        """Whatever is charted for it, a pump that stands has done what a severe reaction asks."""
        self.status = status
        if self.recovery is not None:
            self.recovery.stopped = True
