"""One act at the chair, and the record it goes into. Nothing here writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from clinical.findings import Finding, Severity, by_severity
from clinical.model import Protocol, ReactionSeverity
from clinical.run import RunState
from clinical.titration import RatePlan
from clinics.permissions import INFUSIONS_CHART
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, RuleBroken
from infusion import record
from infusion.models import Infusion, InfusionEvent
from scheduling.models import Course

# A tap may be charted this long after the fact (a queued tap, hands that were busy).
CHARTED_WITHIN = timedelta(hours=24)
OUT_OF_ORDER = "EVENT-ORDER"
Kind = InfusionEvent.Kind


@dataclass(frozen=True, slots=True)
class Charted:
    """What a charting command answers. `repeated` means the fact was in the record already."""

    infusion_id: UUID
    event_id: UUID
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """One act at the chair: who, what the device called it, when it happened, when it arrived."""

    event_id: UUID
    kind: str
    occurred_at: datetime
    actor: Actor
    now: datetime

    @property
    def user_id(self) -> UUID:
        """Return the person who charts; only people do. Raises Forbidden for anybody else."""
        if self.actor.user_id is None:
            raise Forbidden("Only a person can chart.")
        return self.actor.user_id

    def fact(
        self,
        infusion: Infusion,
        values: Mapping[str, Any],
        *,
        reason: str = "",
        amends: UUID | None = None,
    ) -> InfusionEvent:
        """Return the tap as an event of `infusion`, unsaved."""
        return InfusionEvent(
            id=self.event_id, infusion=infusion, kind=self.kind, occurred_at=self.occurred_at,
            recorded_at=self.now, recorded_by_id=self.user_id, values=dict(values),
            reason=reason.strip(), amends_id=amends,
        )  # fmt: skip


class Chart:
    """An infusion with everything charted so far. Locked when `services.charting` opened it."""

    def __init__(self, infusion: Infusion) -> None:
        self.infusion = infusion
        self.events = list(infusion.events.order_by("occurred_at", "recorded_at", "pk"))

    @cached_property
    def course(self) -> Course:
        """The course this dose belongs to."""
        return Course.objects.select_related("clinic").get(visits=self.infusion.visit_id)

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol of the course."""
        return record.protocol_of(self.course)

    @cached_property
    def plan(self) -> RatePlan:
        """The rate plan of the bag."""
        return record.plan_of(self.infusion, self.course)

    def run(self, at: datetime) -> RunState:
        """Return the state as the facts up to `at` make it."""
        return record.run_state(self.infusion, self.course, self.events, now=at)

    def objections(self, fact: InfusionEvent, *, now: datetime) -> list[Finding]:
        """Return what the rules say against charting `fact`."""
        return record.objections(self.infusion, self.course, self.events, fact, now=now)


def check_tap(tap: Tap, permission: str = INFUSIONS_CHART) -> None:
    """Refuse who may not chart this, and times nobody could have meant.

    Raises Forbidden without the permission, Invalid for a time in the future or too long ago.
    """
    tap.actor.require(permission)
    refuse_future(tap)
    if tap.now - tap.occurred_at > CHARTED_WITHIN:
        raise Invalid(
            "This was more than a day ago. Use an amendment to correct the record.",
            {"occurred_at": ["More than a day ago."]},
        )


def check_amendment(tap: Tap, reason: str) -> None:
    """Refuse who may not chart, a time to come, and a correction without a reason.

    Raises Forbidden without the permission, Invalid otherwise; a correction is never too late.
    """
    tap.actor.require(INFUSIONS_CHART)
    check_correction(tap, reason)


def check_correction(tap: Tap, reason: str) -> None:
    """Refuse a time to come, and a correction without a reason. Raises Invalid."""
    refuse_future(tap)
    if not reason.strip():
        raise Invalid("Say why the entry is corrected.", {"reason": ["Say why."]})


def refuse_future(tap: Tap) -> None:
    """Raise Invalid for a time to come: a clock is wrong, or a finger slipped."""
    if tap.occurred_at > tap.now:
        raise Invalid(
            "This time has not come yet. Check the clock of the tablet.",
            {"occurred_at": ["This time has not come yet."]},
        )


def refuse_lessening(old: InfusionEvent, values: Mapping[str, Any]) -> None:
    """Raise Conflict for changing a life-threatening reaction: only a prescriber corrects one, as
    an error of charting. Making another one life-threatening is an assessment, not a correction."""
    fatal = ReactionSeverity.LIFE_THREATENING.value
    if old.values.get("severity") == fatal:
        raise Conflict("A life-threatening reaction is corrected by a prescriber only.")
    if values.get("severity") == fatal:
        raise Conflict("Assess the reaction instead: this ends the treatment.")


def weigh(findings: Iterable[Finding], *, reason: str, words: str) -> list[str]:
    """Return the ids of the findings that `reason` goes past; an empty list when there are none.

    A caution passes with a reason. Raises Conflict, saying `words`, for what does not fit the
    state of the infusion, and RuleBroken for everything else that stands in the way.
    """
    found = by_severity(findings)
    if any(item.id == OUT_OF_ORDER for item in found):
        raise Conflict(words)
    against = [
        item for item in found if item.severity is not Severity.CAUTION or not reason.strip()
    ]
    if against:
        raise RuleBroken(against[0].words, against)
    return list(dict.fromkeys(item.id for item in found))
