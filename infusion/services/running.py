"""While the line runs: rate, pause, resume, vital signs. The pump governs; this is its record."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.actor import Actor
from core.db import command
from core.display import number
from core.errors import Conflict, Invalid
from infusion.chart import Charted, Kind, Tap, check_tap, weigh
from infusion.models import Infusion
from infusion.services.charting import open_chart, repeat_of, write
from infusion.vitals import check_vitals

FITS_NOT = "This does not fit: the infusion is not in that state at that time. Look at the chart."


@command
def change_rate(
    *,
    infusion_id: UUID,
    event_id: UUID,
    rate_ml_h: Decimal,
    occurred_at: datetime,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the pump now runs at `rate_ml_h` (mL per hour).

    The plan's next rate, once it is open, needs no reason; any other rate does, and goes to the
    ledger. Raises RuleBroken for a rate above the maximum or a rise with symptoms open, Conflict
    when the line does not run or already runs at this rate.
    """
    tap = Tap(
        event_id=event_id, kind=Kind.RATE_CHANGED, occurred_at=occurred_at, actor=actor, now=now
    )
    check_tap(tap)
    if rate_ml_h <= 0:
        raise Invalid("A rate is above 0.", {"rate_ml_h": ["Above 0; a stop is a pause."]})
    return _move(tap, infusion_id, {"rate_ml_h": number(rate_ml_h)}, reason)


@command
def pause(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the pump was stopped for a while. Raises Invalid without a reason, Conflict
    unless it runs."""
    tap = Tap(event_id=event_id, kind=Kind.PAUSED, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    if not reason.strip():
        raise Invalid("Say why it was paused.", {"reason": ["Say why."]})
    return _move(tap, infusion_id, {}, reason)


@command
def resume(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    rate_ml_h: Decimal,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the pump runs again, at `rate_ml_h` (mL per hour).

    Raises Conflict unless it is paused, RuleBroken after a severe reaction with symptoms open or
    above half of the rate at onset, and for a rate off the plan without a reason.
    """
    tap = Tap(event_id=event_id, kind=Kind.RESUMED, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    if rate_ml_h <= 0:
        raise Invalid("A rate is above 0.", {"rate_ml_h": ["Above 0."]})
    return _move(tap, infusion_id, {"rate_ml_h": number(rate_ml_h)}, reason)


@command
def chart_vitals(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    vitals: Mapping[str, Decimal | int | None],
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart vital signs, before, during or after the infusion until discharge.

    `vitals` by the names of infusion.vitals.RANGES. Raises Invalid for none at all or for what no
    living patient has, Conflict after discharge.
    """
    tap = Tap(event_id=event_id, kind=Kind.VITALS, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    values = check_vitals(vitals)
    chart = open_chart(infusion_id, actor)
    if done := repeat_of(tap, chart.infusion.visit_id):
        return done
    if chart.infusion.status == Infusion.Status.DISCHARGED:
        raise Conflict("The patient has left.")
    return write(tap, tap.fact(chart.infusion, values))


def _move(tap: Tap, infusion_id: UUID, values: Mapping[str, Any], reason: str) -> Charted:
    """Chart what happened to the line, if the rules let it."""
    chart = open_chart(infusion_id, tap.actor)
    if done := repeat_of(tap, chart.infusion.visit_id):
        return done
    fact = tap.fact(chart.infusion, values, reason=reason)
    _refuse_no_change(tap, values, chart.run(tap.occurred_at).rate_ml_h)
    against = weigh(chart.objections(fact, now=tap.now), reason=reason, words=FITS_NOT)
    return write(tap, fact, against=against)


def _refuse_no_change(tap: Tap, values: Mapping[str, Any], rate_now: object) -> None:
    if tap.kind == Kind.RATE_CHANGED and rate_now == Decimal(values["rate_ml_h"]):
        raise Conflict(f"It runs at {values['rate_ml_h']} mL/h already. Somebody charted it.")
