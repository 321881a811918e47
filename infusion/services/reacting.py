"""A reaction: stamped in one tap, assessed as soon as hands are free, charted even after the door.

The first tap only says that something happens. Until somebody has assessed it, a reaction counts
as mild to moderate for the rate (the line is slowed, never raised) and as severe for the next
visit's rate table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from clinical.model import Protocol, ReactionSeverity
from clinical.reactions import suggest
from clinics.permissions import INFUSIONS_CHART
from core.actor import Actor
from core.db import command, joins
from core.errors import Conflict, Invalid
from infusion.chart import (
    CHARTED_WITHIN,
    OUT_OF_ORDER,
    Chart,
    Charted,
    Kind,
    Tap,
    check_tap,
    refuse_future,
    refuse_lessening,
)
from infusion.models import Infusion, InfusionEvent
from infusion.selectors import visit_of
from infusion.services.charting import open_chart, repeat_of, write
from infusion.services.stopping import stop_for_good
from scheduling.services.desk import CourseInHand, take_dose

ASSESSED = "Assessed"
FIRST_TAP = {"severity": ReactionSeverity.MILD_MODERATE.value, "assessed": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was seen, and how bad it was. `serious` is an axis of its own, beside the grade."""

    severity: ReactionSeverity
    grade: int | None = None
    signs: tuple[str, ...] = ()
    serious: bool = False
    note: str = ""

    @property
    def life_threatening(self) -> bool:
        """Nothing of this medicine is ever given again."""
        return self.severity is ReactionSeverity.LIFE_THREATENING

    def values(self) -> dict[str, Any]:
        """Return what the event keeps."""
        return {
            "severity": self.severity.value, "grade": self.grade, "signs": list(self.signs),
            "serious": self.serious, "assessed": True,
        }  # fmt: skip

    def against(self, protocol: Protocol) -> list[str]:
        """Return the rules this goes past: less severe than signs and grade suggest needs words.

        Raises Invalid without them, and for a sign or a grade the protocol does not know.
        """
        try:
            suggestion = suggest(protocol, signs=self.signs, grade=self.grade)
        except ValueError as unknown:
            raise Invalid("Check signs and grade.", {"signs": [f"{unknown}."]}) from None
        if self.severity.rank >= suggestion.severity.rank:
            return []
        if not self.note.strip():
            words = f"Signs and grade suggest: {suggestion.severity.words}. Say why it is less."
            raise Invalid(words, {"reason": [words]})
        return ["REACTION-SUGGESTED"]


@command
def chart_reaction(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    assessment: Assessment | None = None,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that a reaction began, with its assessment or, in one tap, without.

    While the line runs, in the observation hour, and after discharge within the protocol's window
    from the end. A life-threatening one does what `stopping.stop_for_good` says. Raises Conflict
    before the start, Invalid for a time outside these, and as `Assessment.against`.
    """
    tap = Tap(event_id=event_id, kind=Kind.REACTION, occurred_at=occurred_at, actor=actor, now=now)
    tap.actor.require(INFUSIONS_CHART)
    refuse_future(tap)
    held, chart = _take(infusion_id, assessment, actor, now)
    if done := repeat_of(tap, chart.infusion.visit_id):
        return done
    _check_time(chart, tap)
    against = assessment.against(chart.protocol) if assessment else []
    values = assessment.values() if assessment else FIRST_TAP
    fact = tap.fact(chart.infusion, values, reason=assessment.note if assessment else "")
    return _write(tap, held, chart, fact, assessment, against)


@command
def assess_reaction(
    *,
    reaction_id: UUID,
    event_id: UUID,
    assessment: Assessment,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart how bad a reaction was: an amendment of the first tap, at the first tap's time.

    A second assessment amends the first. Raises Conflict when it was assessed meanwhile or is
    life-threatening already, and as `Assessment.against`.
    """
    infusion_id, old = _reaction(reaction_id, actor)
    tap = Tap(
        event_id=event_id, kind=Kind.REACTION, occurred_at=old.occurred_at, actor=actor, now=now
    )
    tap.actor.require(INFUSIONS_CHART)
    held, chart = _take(infusion_id, assessment, actor, now)
    if done := repeat_of(tap, chart.infusion.visit_id):
        return done
    if any(event.amends_id == old.pk for event in chart.events):
        raise Conflict("Somebody assessed this reaction meanwhile. Look at the chart.")
    refuse_lessening(old, {})
    against = assessment.against(chart.protocol)
    note = assessment.note.strip() or ASSESSED
    fact = tap.fact(chart.infusion, assessment.values(), reason=note, amends=old.pk)
    return _write(tap, held, chart, fact, assessment, against)


@command
def chart_symptoms_resolved(
    *, infusion_id: UUID, event_id: UUID, occurred_at: datetime, actor: Actor, now: datetime
) -> Charted:
    """Chart that every symptom has gone. Raises Conflict when none was open."""
    tap = Tap(
        event_id=event_id, kind=Kind.SYMPTOMS_RESOLVED, occurred_at=occurred_at, actor=actor,
        now=now,
    )  # fmt: skip
    check_tap(tap)
    chart = open_chart(infusion_id, actor)
    if done := repeat_of(tap, chart.infusion.visit_id):
        return done
    fact = tap.fact(chart.infusion, {})
    if any(item.id == OUT_OF_ORDER for item in chart.objections(fact, now=now)):
        raise Conflict("No symptoms were open at that time. Look at the chart.")
    return write(tap, fact)


def _reaction(reaction_id: UUID, actor: Actor) -> tuple[UUID, InfusionEvent]:
    old = InfusionEvent.objects.filter(
        pk=reaction_id, kind=Kind.REACTION, infusion__clinic_id=actor.clinic_id
    ).first()
    if old is None:
        raise Conflict("There is no such reaction on the chart.")
    return old.infusion_id, old


@joins
def _take(
    infusion_id: UUID, assessment: Assessment | None, actor: Actor, now: datetime
) -> tuple[CourseInHand | None, Chart]:
    """Lock the chart; for a life-threatening reaction the whole course and its days before it."""
    held = None
    if assessment is not None and assessment.life_threatening:
        held, _ = take_dose(visit_of(infusion_id, actor), actor=actor, now=now)
    return held, open_chart(infusion_id, actor)


def _check_time(chart: Chart, tap: Tap) -> None:
    infusion = chart.infusion
    if infusion.started_at is None:
        raise Conflict("The infusion has not started.")
    if tap.occurred_at < infusion.started_at:
        words = "The infusion started later than this."
        raise Invalid(words, {"occurred_at": [words]})
    ended, window = infusion.ended_at, chart.protocol.reaction.window_after_end
    if ended is not None and tap.occurred_at > ended + window:
        hours = window // timedelta(hours=1)
        words = f"Later than {hours} hours after the end: note it on the patient's record."
        raise Invalid(words, {"occurred_at": [words]})
    late = tap.now - tap.occurred_at > CHARTED_WITHIN
    if late and infusion.status != Infusion.Status.DISCHARGED:
        words = "This was more than a day ago."
        raise Invalid(words, {"occurred_at": [words]})


@joins
def _write(  # noqa: PLR0917 - private, and both callers stand above
    tap: Tap,
    held: CourseInHand | None,
    chart: Chart,
    fact: InfusionEvent,
    assessment: Assessment | None,
    against: list[str],
) -> Charted:
    charted = write(tap, fact, against=against)
    if held is not None and assessment is not None and assessment.life_threatening:
        chart.events.append(fact)
        stop_for_good(tap, held, chart)
    return charted
