"""The real end, the hour after it, and the door."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clinical.findings import Finding, Severity
from clinical.model import Protocol
from clinical.observation import check_discharge, observe_until
from clinics.selectors import holders_of
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, RuleBroken
from infusion import record
from infusion.chart import OUT_OF_ORDER, Chart, Charted, Kind, Tap, check_tap
from infusion.leaving import Leaving
from infusion.models import Infusion
from infusion.reminder_plans import plan_observation, void_observation
from infusion.selectors import visit_of
from infusion.services.charting import open_chart, repeat_of, write
from scheduling.services.attendance import complete_visit, observe_visit
from scheduling.services.desk import take_dose


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
    _, visit = take_dose(visit_of(infusion_id, actor), dates=None, actor=actor, now=now)
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
    leaving: Leaving,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the patient left; the visit and its booking are completed, the chair is free.

    Before the observation time from the real end has passed, or with symptoms open, a `reason` and
    somebody whose role may agree (`leaving.agreed_by`) are needed; both go to the ledger. Raises
    RuleBroken or Invalid without them, Invalid when line or advice are left out without a reason,
    Conflict when the end is not charted or the patient has left already.
    """
    tap = Tap(
        event_id=event_id, kind=Kind.DISCHARGED, occurred_at=occurred_at, actor=actor, now=now
    )
    check_tap(tap)
    held, visit = take_dose(visit_of(infusion_id, actor), actor=actor, now=now)
    chart = open_chart(infusion_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    if chart.infusion.status == Infusion.Status.DISCHARGED:
        raise Conflict("The patient has left already. Somebody else charted it.")
    _check_leaving(leaving, reason)
    found = _found_at_the_door(chart, occurred_at)
    against = _weigh_discharge(tap, found, leaving, reason)
    chart.infusion.status = Infusion.Status.DISCHARGED
    chart.infusion.discharged_at = occurred_at
    values = leaving.values() | {"findings": [item.id for item in found]}
    fact = tap.fact(chart.infusion, values, reason=reason)
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


def _check_leaving(leaving: Leaving, reason: str) -> None:
    """Refuse to leave out what every patient is owed at the door, unless somebody says why."""
    if reason.strip():
        return
    words = "Not done? Say why."
    problems = {name: [words] for name in leaving.left_out()}
    if problems:
        raise Invalid("Line and advice belong to every discharge.", problems)


def _found_at_the_door(chart: Chart, at: datetime) -> list[Finding]:
    """Return what stands in the way of leaving at `at`, and what is missing from the record."""
    ended_at = chart.infusion.ended_at
    if ended_at is not None and at < ended_at:
        words = "The infusion ended later than this."
        raise Invalid(words, {"occurred_at": [words]})
    run = chart.run(at)
    vitals = [
        item.occurred_at for item in record.standing(chart.events) if item.kind == Kind.VITALS
    ]
    found = check_discharge(
        chart.protocol, actual_end=run.ended_at, at=at, symptoms_open=run.symptoms_open,
        vitals=[taken for taken in vitals if taken <= at],
    ).findings  # fmt: skip
    if any(item.severity is Severity.BLOCK for item in found):
        raise Conflict("The end of the infusion is not charted.")
    return list(found)


def _weigh_discharge(
    tap: Tap, found: Collection[Finding], leaving: Leaving, reason: str
) -> list[str]:
    """Return the rules that `reason` goes past; refuse without one, and without a name.

    Missing vital signs after the end are a caution of the record, shown and never in the way.
    """
    holds = [item for item in found if item.severity is not Severity.CAUTION]
    if not holds:
        return []
    if not reason.strip():
        raise RuleBroken(_why(holds), holds)
    agreed_by = leaving.agreed_by or tap.user_id
    for item in holds:
        may_agree = {person.pk for person in holders_of(tap.actor.clinic_id, item.override_by)}
        if agreed_by not in may_agree:
            roles = " or ".join(item.override_by)
            words = f"Say which {roles} agreed."
            raise Invalid(f"{item.words} {words}", {"agreed_by": [words]})
    return [item.id for item in holds]


def _why(holds: list[Finding]) -> str:
    return f"{holds[0].words} To discharge now, give the reason and who agreed."
