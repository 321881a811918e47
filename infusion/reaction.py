"""The reaction that is open at a chair: what the protocol asks for, and what is done. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from clinical.model import ReactionSeverity
from clinical.run import RunState
from infusion import record
from infusion.models import InfusionEvent

Kind = InfusionEvent.Kind


class Task(StrEnum):
    """What a reaction asks of the nurse, in the order of the protocol (S9 to S11)."""

    PUMP = "pump"  # stop it, or slow it to half
    VITALS = "vitals"
    ASSESS = "assess"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task, and when it was charted as done."""

    task: Task
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReaction:
    """The last reaction of an infusion, while it matters.

    `rate_ml_h` is the highest rate allowed until it is over, None when nothing may run.
    """

    event: InfusionEvent
    severity: ReactionSeverity
    assessed: bool
    symptoms_open: bool
    rate_ml_h: Fraction | None
    steps: tuple[Step, ...]

    @property
    def for_good(self) -> bool:
        """Whether this ends the treatment."""
        return self.severity is ReactionSeverity.LIFE_THREATENING

    @property
    def severe(self) -> bool:
        """Whether the line stands still until every symptom has gone."""
        return self.severity is ReactionSeverity.SEVERE


def open_reaction(
    events: Sequence[InfusionEvent], run: RunState, *, fraction: Fraction
) -> OpenReaction | None:
    """Return the reaction that nobody has assessed yet, the first of them, else the last one
    while its symptoms are open.

    `fraction` of the rate really running at onset is what may run at most.
    """
    kept = record.standing(events)
    reactions = [event for event in kept if event.kind == Kind.REACTION]
    if not reactions:
        return None
    waiting = [event for event in reactions if not event.values.get("assessed", True)]
    last = waiting[0] if waiting else reactions[-1]
    assessed = not waiting
    severity = ReactionSeverity(last.values["severity"])
    if assessed and not run.symptoms_open and severity is not ReactionSeverity.LIFE_THREATENING:
        return None
    onsets = [seen.onset_ml_h for seen in run.reactions if seen.at == last.occurred_at]
    onset = onsets[-1] if onsets else Fraction(0)
    over = run.ended_at is not None or severity is ReactionSeverity.LIFE_THREATENING
    return OpenReaction(
        event=last,
        severity=severity,
        assessed=assessed,
        symptoms_open=run.symptoms_open,
        rate_ml_h=None if over else onset * fraction,
        steps=_steps(last, kept, assessed=assessed),
    )


def _steps(
    reaction: InfusionEvent, kept: Sequence[InfusionEvent], *, assessed: bool
) -> tuple[Step, ...]:
    def first(*kinds: str) -> datetime | None:
        later = (
            event.occurred_at
            for event in kept
            if event.kind in kinds and event.occurred_at >= reaction.occurred_at
        )
        return min(later, default=None)

    left = [event.occurred_at for event in kept if event.kind == Kind.DISCHARGED]
    at_the_chair = (
        Step(
            task=Task.PUMP,
            done_at=first(Kind.PAUSED, Kind.RATE_CHANGED, Kind.STOPPED, Kind.COMPLETED),
        ),
        Step(task=Task.VITALS, done_at=first(Kind.VITALS)),
    )
    return (
        *(() if left and reaction.occurred_at >= left[0] else at_the_chair),
        Step(task=Task.ASSESS, done_at=reaction.recorded_at if assessed else None),
        Step(task=Task.RESOLVED, done_at=first(Kind.SYMPTOMS_RESOLVED)),
    )
