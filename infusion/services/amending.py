"""Corrections. Nothing charted is changed: an amendment stands in its place, both stay visible."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from clinical.observation import observe_until
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.zones import local_date
from infusion.bag import Bag
from infusion.chart import (
    OUT_OF_ORDER,
    Chart,
    Charted,
    Kind,
    Tap,
    check_amendment,
    refuse_lessening,
)
from infusion.models import Infusion, InfusionEvent
from infusion.reminder_plans import plan_observation
from infusion.services.charting import open_chart, repeat_of, write
from infusion.vitals import check_vitals

# These carry a visit from one state to the next: their time can be corrected, but taking one
# back would also have to take back what followed from it.
STATE_KINDS = frozenset({Kind.STARTED, Kind.STOPPED, Kind.COMPLETED, Kind.DISCHARGED})
UNDO_WITHIN = timedelta(seconds=30)  # ten on the screen, and the way there and back
TAKEN_BACK = "Taken back at once"


@command
def amend_event(
    *,
    event_id: UUID,
    amends: UUID,
    reason: str,
    occurred_at: datetime | None = None,
    values: Mapping[str, Any] | None = None,
    withdrawn: bool = False,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart a correction of the event `amends`: another time, other values, or that it never was.

    What is not given stays as it was. The truth is charted even where a rule would have refused
    the act. Raises Invalid without a reason, Conflict when the event is corrected already, when
    the chart would contradict itself, or for taking back a start, an end or a discharge.
    """
    old = InfusionEvent.objects.filter(pk=amends, infusion__clinic_id=actor.clinic_id).first()
    if old is None:
        raise NotFound
    return _amend(
        old, event_id=event_id, occurred_at=occurred_at or old.occurred_at, values=values or {},
        withdrawn=withdrawn, reason=reason, actor=actor, now=now,
    )  # fmt: skip


def _amend(
    old: InfusionEvent,
    *,
    event_id: UUID,
    occurred_at: datetime,
    values: Mapping[str, Any],
    withdrawn: bool,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Charted:
    tap = Tap(event_id=event_id, kind=old.kind, occurred_at=occurred_at, actor=actor, now=now)
    check_amendment(tap, reason)
    chart = open_chart(old.infusion_id, actor)
    if done := repeat_of(tap, chart.infusion.visit_id):
        return done
    if any(event.amends_id == old.pk for event in chart.events):
        raise Conflict("This entry has been corrected already. Correct the correction.")
    if withdrawn and old.kind in STATE_KINDS:
        raise Conflict("A start, an end or a discharge cannot be taken back, only its time.")
    _refuse_taking_the_bag(chart, old, withdrawn=withdrawn)
    if old.kind == Kind.REACTION:
        refuse_lessening(old, values)
    fact = tap.fact(
        chart.infusion,
        _merged(chart, old, values, withdrawn=withdrawn),
        reason=reason,
        amends=old.pk,
    )
    if any(item.id == OUT_OF_ORDER for item in chart.objections(fact, now=now)):
        raise Conflict("The chart would contradict itself. Look at the entries around this one.")
    _restate(chart, fact)
    charted = write(tap, fact)
    if fact.kind == Kind.COMPLETED and chart.infusion.status == Infusion.Status.OBSERVING:
        plan_observation(chart.infusion, now=now)
    return charted


@command
def take_back(
    *, event_id: UUID, entry: UUID, actor: Actor, now: datetime, tapped_at: datetime | None = None
) -> Charted:
    """Chart that an entry of one's own, made moments before the tap, was a slip.

    The tap may arrive long after it was made. Raises NotFound for another clinic's entry,
    Forbidden for somebody else's, Conflict later than UNDO_WITHIN after it, for a start, an end or
    a discharge, and when something rests on it.
    """
    old = InfusionEvent.objects.filter(pk=entry, infusion__clinic_id=actor.clinic_id).first()
    if old is None:
        raise NotFound
    if old.recorded_by_id != actor.user_id:
        raise Forbidden("Only who charted it can take it back.")
    if min(tapped_at or now, now) - old.recorded_at > UNDO_WITHIN:
        raise Conflict("It is too late to take this back. Correct the entry with a reason.")
    return _amend(
        old, event_id=event_id, occurred_at=old.occurred_at, values={}, withdrawn=True,
        reason=TAKEN_BACK, actor=actor, now=now,
    )  # fmt: skip


def _merged(
    chart: Chart, old: InfusionEvent, values: Mapping[str, Any], *, withdrawn: bool
) -> dict[str, Any]:
    kept = {name: value for name, value in old.values.items() if name != "withdrawn"}
    merged = {**kept, **values}
    if old.kind == Kind.VITALS:
        merged = dict(check_vitals(merged))
    if old.kind == Kind.BAG:
        merged = _whole_bag(chart, merged)
    return {**merged, "withdrawn": True} if withdrawn else merged


def _whole_bag(chart: Chart, merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bag as corrected; what could not be read again would blind the whole board."""
    try:
        bag = Bag.read({**merged, "dose_mg": int(merged["dose_mg"])})
        bag.use_by(chart.protocol)
        bag.mg_per_ml  # noqa: B018 - a bag of no volume divides by nothing
    except (ArithmeticError, KeyError, TypeError, ValueError):
        raise Invalid("A bag cannot be like this.", {"values": ["Not a bag."]}) from None
    return bag.values()


def _refuse_taking_the_bag(chart: Chart, old: InfusionEvent, *, withdrawn: bool) -> None:
    """A bag that runs, or ran, has its use-by time and its lots: it is corrected, never gone."""
    if withdrawn and old.kind == Kind.BAG and chart.infusion.status != Infusion.Status.PREPARING:
        raise Conflict("This bag was started. Correct what is wrong with it.")


def _restate(chart: Chart, fact: InfusionEvent) -> None:
    """Put a corrected time into the column that restates it."""
    infusion, at = chart.infusion, fact.occurred_at
    if fact.kind == Kind.BAG:
        infusion.volume_ml = Decimal(fact.values["volume_ml"])
    if fact.kind == Kind.STARTED:
        if local_date(at, infusion.clinic.time_zone) != infusion.visit.given_on:
            raise Conflict("The dose counts as given on another day than this.")
        infusion.started_at = at
    if fact.kind in {Kind.COMPLETED, Kind.STOPPED}:
        infusion.ended_at, infusion.observe_until = at, observe_until(chart.protocol, at)
    if fact.kind == Kind.DISCHARGED:
        infusion.discharged_at = at
    ended, left = infusion.ended_at, infusion.discharged_at
    if ended is not None and left is not None and left < ended:
        words = "The patient would have left before the end of the infusion."
        raise Invalid(words, {"occurred_at": [words]})
