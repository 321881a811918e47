"""How a fact gets into the record: under a lock, once per tap, with its entry in the ledger.

A device makes the id of what it charts. The same id again is the same fact: the first answer
is given again and nothing is written. Facts are never changed; `amending` adds corrections.
Every command locks what it needs in core.locks.LOCK_ORDER; a course before its visit.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from clinical.model import RateOption
from clinical.titration import rate_table
from core import audit
from core.actor import Actor
from core.db import joins, refusing
from core.errors import Conflict, NotFound
from core.locks import lock_row
from infusion import record
from infusion.chart import Chart, Charted, Tap
from infusion.models import Infusion, InfusionEvent
from patients.models import SignOff
from scheduling.models import Booking, Override, Visit
from scheduling.services.desk import CourseInHand


@joins
def lock_visit(visit_id: UUID, actor: Actor) -> Visit:
    """Lock one visit of the actor's clinic. Raises NotFound for any other."""
    return lock_row(Visit.objects.filter(pk=visit_id, clinic_id=actor.clinic_id))


@joins
def lock_booking(visit: Visit) -> Booking:
    """Lock the booking the patient came on. Raises Conflict when nobody has arrived."""
    try:
        return lock_row(Booking.objects.filter(visit=visit, status=Booking.Status.ARRIVED))
    except NotFound:
        raise Conflict("This patient is not marked as arrived.") from None


@joins
def arrived_booking(held: CourseInHand, visit: Visit) -> Booking:
    """Return the locked booking the patient came on. Raises Conflict when nobody has arrived."""
    booking = held.bookings.get(visit.pk)
    if booking is None or booking.status != Booking.Status.ARRIVED:
        raise Conflict("This patient is not marked as arrived.")
    return booking


@joins
def open_chart(infusion_id: UUID, actor: Actor) -> Chart:
    """Lock one infusion of the actor's clinic and read its record. Raises NotFound for others."""
    return Chart(lock_row(Infusion.objects.filter(pk=infusion_id, clinic_id=actor.clinic_id)))


@joins
def chart_of_visit(visit: Visit) -> Chart | None:
    """Lock the visit's infusion and read its record; None before anything was prepared."""
    try:
        return Chart(lock_row(Infusion.objects.filter(visit=visit)))
    except NotFound:
        return None


@joins
def preparing_chart(visit: Visit, *, now: datetime) -> Chart:
    """Return the locked chart of a locked visit whose line does not run yet.

    The first entry before the start makes the infusion's row, whichever it is. Raises Conflict
    unless the patient has arrived, and once the infusion has started; NotFound for a visit that is
    not for a dose.
    """
    if visit.is_ad_hoc:
        raise NotFound
    booking = lock_booking(visit)
    chart = chart_of_visit(visit) or Chart(_new_infusion(visit, booking, now))
    if chart.infusion.status != Infusion.Status.PREPARING:
        raise Conflict("The infusion has started. Nothing can be charted before it now.")
    return chart


def _new_infusion(visit: Visit, booking: Booking, now: datetime) -> Infusion:
    protocol = record.protocol_of(visit.own_course)
    table = rate_table(protocol, RateOption(booking.rate_option))
    return Infusion.objects.create(
        clinic_id=visit.clinic_id, visit=visit, patient_id=visit.patient_id,
        rate_option=booking.rate_option, dose_mg=visit.milligrams,
        volume_ml=Decimal(table.volume_ml.numerator) / table.volume_ml.denominator,
        updated_at=now,
    )  # fmt: skip


@joins
def repeat_of(tap: Tap, visit_id: UUID) -> Charted | None:
    """Return the first answer when this tap is in the record, None when it is new.

    Call it under the lock that writing takes: a twin of the tap has then committed or waits.
    Raises Conflict when the id belongs to another act: a device never uses an id twice.
    """
    first = InfusionEvent.objects.filter(pk=tap.event_id).select_related("infusion").first()
    if first is None:
        return None
    if first.kind != tap.kind or first.infusion.visit_id != visit_id:
        raise _id_used()
    return Charted(first.infusion_id, first.pk, repeated=True)


@joins
def write(
    tap: Tap,
    fact: InfusionEvent,
    *,
    against: Collection[str] = (),
    signed: Collection[SignOff] = (),
) -> Charted:
    """Append the fact to the record, save its infusion one version on, and audit it.

    Each rule in `against` goes to the ledger of overrides with the fact's reason and person, each
    of the `signed` decisions it rests on with the reason and the person of the decision. Raises
    Conflict when another infusion has a fact of this id.
    """
    with refusing(infusion_infusionevent_pkey=_id_used()), transaction.atomic():
        fact.save(force_insert=True)
    infusion = fact.infusion
    infusion.version += 1
    infusion.updated_at = tap.now
    infusion.save()
    for rule_id in against:
        _override(fact, infusion, rule_id, fact.reason, fact.recorded_by_id)
    for decision in signed:
        _override(fact, infusion, decision.rule_id, decision.reason, decision.signed_by_id)
    audit.record(
        f"infusion.{tap.kind}", infusion, actor=tap.actor, now=tap.now,
        patient_id=infusion.patient_id, event=str(fact.pk),
        overrides=[*against, *(decision.rule_id for decision in signed)],
    )  # fmt: skip
    return Charted(infusion.pk, fact.pk)


def _override(fact: InfusionEvent, infusion: Infusion, rule_id: str, reason: str, by: UUID) -> None:
    Override.objects.create(
        clinic_id=infusion.clinic_id, patient_id=infusion.patient_id, visit_id=infusion.visit_id,
        rule_id=rule_id, reason=reason, overridden_at=fact.recorded_at, overridden_by_id=by,
    )  # fmt: skip


def _id_used() -> Conflict:
    return Conflict("This entry's id was used for something else. Chart it again.")
