"""The real end, the hour after it, and the door."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clinical.findings import Finding, Severity
from clinical.model import Protocol
from clinical.observation import check_discharge, observe_until
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, RuleBroken
from infusion.chart import OUT_OF_ORDER, Chart, Charted, Kind, Tap, check_tap
from infusion.models import Infusion
from infusion.reminder_plans import plan_observation, void_observation
from infusion.selectors import visit_of
from infusion.services.charting import open_chart, repeat_of, write
from scheduling.services.attendance import complete_visit, observe_visit
from scheduling.services.desk import take_visit


@command
def complete_infusion(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    volume_ml: Decimal,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart the real end and the volume really given; the hour of observation counts from it.

    `volume_ml` in millilitres. Less than the bag needs a `reason`. Raises Invalid for a volume no
    bag of this dose holds, Conflict unless the infusion runs, or when something was charted for
    later than this end.
    """
    tap = Tap(event_id=event_id, kind=Kind.COMPLETED, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    _, visit = take_visit(visit_of(infusion_id, actor), dates=None, actor=actor, now=now)
    chart = open_chart(infusion_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    _check_volume(chart, volume_ml, reason)
    fact = tap.fact(chart.infusion, {"volume_ml": str(volume_ml)}, reason=reason)
    if any(item.id == OUT_OF_ORDER for item in chart.objections(fact, now=now)):
        raise Conflict("This does not fit: it does not run, or something later is charted.")
    chart.infusion.status = Infusion.Status.OBSERVING
    chart.infusion.ended_at = occurred_at
    chart.infusion.observe_until = observe_until(chart.protocol, occurred_at)
    charted = write(tap, fact)
    observe_visit(visit, now=now)
    plan_observation(chart.infusion, now=now)
    return charted


@command
def discharge(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the patient left; the visit and its booking are completed, the chair is free.

    Before the observation time from the real end has passed, or with symptoms open, a `reason` is
    needed and goes to the ledger with the person's name. Raises RuleBroken without one, Conflict
    when the end is not charted or the patient has left already.
    """
    tap = Tap(
        event_id=event_id, kind=Kind.DISCHARGED, occurred_at=occurred_at, actor=actor, now=now
    )
    check_tap(tap)
    held, visit = take_visit(visit_of(infusion_id, actor), actor=actor, now=now)
    chart = open_chart(infusion_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    if chart.infusion.status == Infusion.Status.DISCHARGED:
        raise Conflict("The patient has left already. Somebody else charted it.")
    against = _weigh_discharge(chart, occurred_at, reason)
    chart.infusion.status = Infusion.Status.DISCHARGED
    chart.infusion.discharged_at = occurred_at
    fact = tap.fact(chart.infusion, {}, reason=reason)
    charted = write(tap, fact, against=against)
    void_observation(chart.infusion, now=now)
    complete_visit(held, visit, actor=actor, now=now)
    return charted


def _check_volume(chart: Chart, volume_ml: Decimal, reason: str) -> None:
    """Refuse what the bag cannot have held, and a part of it without a reason.

    A bag may hold the drug's own volume on top of its label when no diluent was taken out.
    """
    bag = chart.infusion.volume_ml
    most = bag + _drug_ml(chart.protocol, chart.infusion.dose_mg)
    if not 0 < volume_ml <= most:
        raise Invalid(
            "This volume cannot be right.", {"volume_ml": [f"Above 0 and at most {most:f} mL."]}
        )
    tolerance = chart.protocol.titration.volume_tolerance_ml
    if bag - volume_ml > tolerance and not reason.strip():
        words = "Less than the bag: say why the rest was not given."
        raise Invalid(words, {"reason": [words]})


def _drug_ml(protocol: Protocol, dose_mg: int) -> Decimal:
    volume = protocol.preparation.vial_ml * dose_mg / protocol.preparation.vial_mg
    return Decimal(volume.numerator) / volume.denominator


def _weigh_discharge(chart: Chart, at: datetime, reason: str) -> list[str]:
    """Return the rules that `reason` goes past; refuse without one.

    Missing vital signs after the end are a caution of the record, shown and never in the way.
    """
    ended_at = chart.infusion.ended_at
    if ended_at is not None and at < ended_at:
        words = "The infusion ended later than this."
        raise Invalid(words, {"occurred_at": [words]})
    run = chart.run(at)
    found = check_discharge(
        chart.protocol, actual_end=run.ended_at, at=at, symptoms_open=run.symptoms_open
    ).findings
    holds = [item for item in found if item.severity is not Severity.CAUTION]
    if any(item.severity is Severity.BLOCK for item in holds):
        raise Conflict("The end of the infusion is not charted.")
    if holds and not reason.strip():
        raise RuleBroken(_why(holds), holds)
    return [item.id for item in holds]


def _why(holds: list[Finding]) -> str:
    return f"{holds[0].words} To discharge now, give the reason."
