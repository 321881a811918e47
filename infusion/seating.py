"""From a booking, its infusion and its events to what the chair shows. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from clinical.model import Protocol, RateOption
from clinical.run import Action, RunState, RunStatus
from clinical.titration import rate_table
from core.zones import day_span, local_date
from infusion import record
from infusion.before_start import PARTS, prepared
from infusion.board import Act, Coming, Due, Errand, Medicine, Person, Place, Seated, by_time
from infusion.models import Infusion, InfusionEvent
from infusion.readiness import Readiness, readiness
from patients.models import Patient
from scheduling.models import Booking, Visit

ACT_OF = {
    Action.INCREASE: Act.RATE,
    Action.REDUCE: Act.RATE,
    Action.STOP: Act.PAUSE,
    Action.STOP_FOR_GOOD: Act.PAUSE,
    Action.CHART_END: Act.COMPLETE,
}
# Vital signs of the observation hour are offered this long before they are due.
VITALS_AHEAD = timedelta(minutes=5)


def person(patient: Patient) -> Person:
    """Return the patient as a card names them."""
    return Person(
        family_name=patient.family_name,
        given_names=patient.given_names,
        title=patient.title,
        birth_date=patient.birth_date,
        mrn=patient.mrn,
    )


def medicine(protocol: Protocol, visit: Visit, rate_option: str) -> Medicine:
    """Return the bag of a visit, as the protocol names it."""
    return Medicine(
        generic=protocol.drug,
        brand=protocol.brand,
        dose_mg=visit.milligrams,
        volume_ml=rate_table(protocol, RateOption(rate_option)).volume_ml,
    )


def errand(visit: Visit) -> Errand | None:
    """Return what an ad-hoc visit is for; None for a dose."""
    if not visit.is_ad_hoc:
        return None
    return Errand(
        purpose=visit.purpose,
        words=visit.what_for,
        length=timedelta(minutes=visit.minutes or 0),
        note=visit.note,
    )


def seated(
    booking: Booking,
    infusion: Infusion | None,
    events: Sequence[InfusionEvent],
    *,
    zone: str,
    now: datetime,
) -> Seated:
    """Return what the chair of an arrived booking shows at `now`."""
    if (why := errand(booking.visit)) is not None:
        return _visiting(booking, why)
    if infusion is None or infusion.status == Infusion.Status.PREPARING:
        return _before_start(booking, infusion, events, zone=zone, now=now)
    run = record.seen_state(infusion, booking.visit.own_course, events, now=now)
    if run.ended_at is not None:
        return _after_end(booking, infusion, run, events, now=now)
    return _while_running(booking, infusion, run, events, now=now)


def expected(
    booking: Booking, events: Sequence[InfusionEvent], *, zone: str, now: datetime
) -> Coming:
    """Return a booking whose patient is not here yet, with how much is prepared already."""
    coming = Coming(
        booking_id=booking.pk,
        visit_id=booking.visit_id,
        patient=person(booking.patient),
        arrives_at=booking.period.lower,
        errand=errand(booking.visit),
    )
    if coming.errand is not None:
        return coming
    since = day_span(local_date(now, zone), zone)[0]
    protocol = record.protocol_of(booking.visit.own_course)
    ready = readiness(protocol, record.premedication(events, since=since))
    done = prepared(events, since=since).parts_done(premedicated=ready.complete)
    return replace(coming, parts_done=done, parts=PARTS)


def _visiting(booking: Booking, why: Errand) -> Seated:
    """Return somebody here for no dose: expected to stay its length from the booked time on, or
    from when they came if that was later."""
    begins = max(booking.period.lower, booking.arrived_at or booking.period.lower)
    return Seated(
        booking_id=booking.pk,
        visit_id=booking.visit_id,
        infusion_id=None,
        patient=person(booking.patient),
        errand=why,
        place=Place.VISITING,
        headline=Due(act=Act.VISIT_OVER, at=begins + why.length),
        since=booking.arrived_at,
    )


def _before_start(
    booking: Booking,
    infusion: Infusion | None,
    events: Sequence[InfusionEvent],
    *,
    zone: str,
    now: datetime,
) -> Seated:
    visit = booking.visit
    protocol = record.protocol_of(visit.own_course)
    since = day_span(local_date(now, zone), zone)[0]
    ready = readiness(protocol, record.premedication(events, since=since))
    done = prepared(events, since=since)
    place, due = _first_steps(booking, ready, now)
    if place is Place.READY and done.todo:
        place = Place.PREMEDICATION
    given = tuple(
        (event.values["drug"], event.occurred_at)
        for event in record.standing(events)
        if event.kind == record.Kind.PREMEDICATION and event.occurred_at >= since
    )
    return Seated(
        booking_id=booking.pk,
        visit_id=visit.pk,
        infusion_id=infusion.pk if infusion else None,
        patient=person(booking.patient),
        medicine=medicine(protocol, visit, booking.rate_option),
        place=Place.PREMEDICATION if given and place is Place.ARRIVED else place,
        headline=due,
        parts_done=done.parts_done(premedicated=ready.complete),
        parts=PARTS,
        prepared=not done.todo,
        window_open=ready.start_from is not None and ready.complete and now >= ready.start_from,
        given=given,
        start_until=ready.start_until if ready.complete else None,
    )


def _first_steps(booking: Booking, ready: Readiness, now: datetime) -> tuple[Place, Due]:
    """Return the state before the start and what comes next.

    While it is too early the start is due when it opens; after that, by when it must have been.
    """
    if not ready.complete:
        at = max(booking.period.lower, booking.arrived_at or booking.period.lower)
        return Place.ARRIVED, Due(act=Act.PREMEDICATE, at=at)
    assert ready.start_from is not None
    assert ready.start_until is not None
    if now < ready.start_from:
        return Place.PREMEDICATION, Due(act=Act.START, at=ready.start_from)
    return Place.READY, Due(act=Act.START, at=max(ready.start_from, ready.start_until))


def _while_running(
    booking: Booking,
    infusion: Infusion,
    run: RunState,
    events: Sequence[InfusionEvent],
    *,
    now: datetime,
) -> Seated:
    protocol = record.protocol_of(booking.visit.own_course)
    option = RateOption(infusion.rate_option)
    move = _next_move(run)
    dues = by_time([*([move] if move else []), *_vitals(run)])
    paused = run.status is RunStatus.PAUSED
    done = move is not None and move.act is Act.COMPLETE and move.at <= now
    return Seated(
        booking_id=booking.pk,
        visit_id=booking.visit_id,
        infusion_id=infusion.pk,
        patient=person(booking.patient),
        medicine=medicine(protocol, booking.visit, option),
        place=Place.PAUSED if paused else Place.DONE if done else Place.RUNNING,
        headline=dues[0] if dues else None,
        others=dues[1:],
        rate_ml_h=run.rate_ml_h,
        step=run.step or 0,
        steps=len(rate_table(protocol, option).steps),
        ends_at=None if paused or done else run.projected_end,
        paused_at=_paused_at(events) if paused else None,
        symptoms_open=run.symptoms_open,
        unassessed=_unassessed(events),
    )


def _vitals(run: RunState) -> list[Due]:
    """Return the next set of vital signs, none after the last."""
    if run.vitals_due is None:
        return []
    return [Due(act=Act.VITALS, at=run.vitals_due, why=run.vitals_why)]


def _unassessed(events: Sequence[InfusionEvent]) -> bool:
    reactions = [item for item in record.standing(events) if item.kind == record.Kind.REACTION]
    return any(not item.values.get("assessed", True) for item in reactions)


def _next_move(run: RunState) -> Due | None:
    """Return what is due at the pump, None while it waits for something that is not a time.

    A pause is a state and no deadline: the nurse knows why, and vital signs go on being due.
    """
    action = run.next_action
    act = ACT_OF.get(action.action)
    if act is None or action.opens_at is None:
        return None
    return Due(act=act, at=action.opens_at, rate_ml_h=action.rate_ml_h)


def _paused_at(events: Sequence[InfusionEvent]) -> datetime | None:
    pauses = [item for item in record.standing(events) if item.kind == record.Kind.PAUSED]
    return pauses[-1].occurred_at if pauses else None


def _after_end(
    booking: Booking,
    infusion: Infusion,
    run: RunState,
    events: Sequence[InfusionEvent],
    *,
    now: datetime,
) -> Seated:
    protocol = record.protocol_of(booking.visit.own_course)
    assert run.observe_until is not None
    leave = Due(act=Act.DISCHARGE, at=run.observe_until)
    vitals = tuple(due for due in _vitals(run) if due.at - now <= VITALS_AHEAD)
    return Seated(
        booking_id=booking.pk,
        visit_id=booking.visit_id,
        infusion_id=infusion.pk,
        patient=person(booking.patient),
        medicine=medicine(protocol, booking.visit, infusion.rate_option),
        place=Place.OBSERVATION if now < run.observe_until else Place.HOUR_OVER,
        headline=leave,
        others=vitals,
        ends_at=run.ended_at,
        symptoms_open=run.symptoms_open,
        unassessed=_unassessed(events),
    )
