"""The whole record of one visit: everything charted, decided and overridden, as it stands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinical.model import Protocol
from clinical.run import RunState
from clinical.titration import RatePlan
from clinics.models import Clinic
from clinics.permissions import INFUSIONS_VIEW
from core.actor import Actor
from core.errors import NotFound
from core.zones import day_span, local_date
from infusion import record
from infusion.bedside import Entry, entries_of
from infusion.before_start import Prepared, prepared
from infusion.billing import BillingTimes, billing_times, hour_rules
from infusion.board import Medicine
from infusion.models import Infusion, InfusionEvent
from patients.models import Patient, SignOff
from scheduling.models import Booking, Override, Visit

SEATED = (*Booking.ACTIVE, Booking.Status.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRecord:
    """One infusion from the first question to the door. `run` is None while nothing ran.

    `events` holds every entry, `standing` those that hold, `log` all of them with what became of
    each, the first recorded first.
    """

    now: datetime
    clinic: Clinic
    visit: Visit
    patient: Patient
    booking: Booking | None
    infusion: Infusion
    protocol: Protocol
    medicine: Medicine
    plan: RatePlan
    run: RunState | None
    done: Prepared
    events: tuple[InfusionEvent, ...]
    standing: tuple[InfusionEvent, ...]
    log: tuple[Entry, ...]
    overrides: tuple[Override, ...]
    sign_offs: tuple[SignOff, ...]
    billing: BillingTimes

    @property
    def chair(self) -> str:
        """The label of the chair, empty without one."""
        return self.booking.chair.label if self.booking and self.booking.chair else ""

    def last(self, kind: str) -> InfusionEvent | None:
        """Return the last standing entry of a kind."""
        found = [event for event in self.standing if event.kind == kind]
        return found[-1] if found else None

    def all_of(self, kind: str) -> list[InfusionEvent]:
        """Return the standing entries of a kind, oldest first."""
        return [event for event in self.standing if event.kind == kind]


def whole_record(visit_id: UUID, actor: Actor, now: datetime) -> WholeRecord:
    """Return the record of a visit of the actor's clinic, in a constant number of queries.

    Raises NotFound for any other visit, and for one of which nothing is charted.
    """
    actor.require(INFUSIONS_VIEW)
    infusion = (
        Infusion.objects.filter(visit_id=visit_id, clinic_id=actor.clinic_id)
        .select_related("clinic", "patient", "visit__course__clinic")
        .first()
    )
    if infusion is None:
        raise NotFound
    return _assembled(infusion, now)


def _assembled(infusion: Infusion, now: datetime) -> WholeRecord:
    visit, course = infusion.visit, infusion.visit.own_course
    events = tuple(
        infusion.events.select_related("recorded_by").order_by("occurred_at", "recorded_at", "pk")
    )
    protocol, plan = record.protocol_of(course), record.plan_of(infusion, course)
    run = None
    if infusion.status != Infusion.Status.PREPARING:
        run = record.run_state(infusion, course, events, now=now)
    return WholeRecord(
        now=now,
        clinic=infusion.clinic,
        visit=visit,
        patient=infusion.patient,
        booking=_booking(visit),
        infusion=infusion,
        protocol=protocol,
        medicine=Medicine(
            generic=protocol.drug, brand=protocol.brand, dose_mg=infusion.dose_mg,
            volume_ml=plan.volume_ml,
        ),
        plan=plan,
        run=run,
        done=prepared(events, since=_day_began(infusion, events, now)),
        events=events,
        standing=tuple(record.standing(events)),
        log=tuple(reversed(entries_of(events))),
        overrides=_overrides(visit),
        sign_offs=_sign_offs(events),
        billing=billing_times(run, hour_rules()),
    )  # fmt: skip


def _booking(visit: Visit) -> Booking | None:
    rows = Booking.objects.filter(visit=visit, status__in=SEATED).select_related("chair")
    return rows.order_by("-created_at").first()


def _overrides(visit: Visit) -> tuple[Override, ...]:
    rows = Override.objects.filter(visit=visit).select_related("overridden_by")
    return tuple(rows.order_by("overridden_at", "rule_id"))


def _day_began(infusion: Infusion, events: tuple[InfusionEvent, ...], now: datetime) -> datetime:
    """Return the midnight of the attendance: of the start, else of the last entry."""
    zone = infusion.clinic.time_zone
    at = infusion.started_at or max((each.occurred_at for each in events), default=now)
    return day_span(local_date(at, zone), zone)[0]


def _sign_offs(events: tuple[InfusionEvent, ...]) -> tuple[SignOff, ...]:
    """Return the decisions on which the start rested: the start names them."""
    named = {
        sign_off
        for event in record.standing(events)
        if event.kind == record.Kind.STARTED
        for sign_off in event.values.get("signed_off", {}).values()
    }
    rows = SignOff.objects.filter(pk__in=named).select_related("signed_by")
    return tuple(rows.order_by("signed_at"))


def visits_with_record(patient_id: UUID, actor: Actor) -> list[Infusion]:
    """Return a patient's infusions of which there is a record, the newest first."""
    actor.require(INFUSIONS_VIEW)
    rows = Infusion.objects.filter(patient_id=patient_id, clinic_id=actor.clinic_id)
    return list(rows.select_related("visit").order_by("-visit__dose_number", "-updated_at"))


def reaction_events(patient_id: UUID, actor: Actor) -> list[InfusionEvent]:
    """Return every entry about a patient's reactions and their end, corrected ones too."""
    actor.require(INFUSIONS_VIEW)
    return list(
        InfusionEvent.objects.filter(
            infusion__patient_id=patient_id,
            infusion__clinic_id=actor.clinic_id,
            kind__in=[record.Kind.REACTION, record.Kind.SYMPTOMS_RESOLVED],
        ).order_by("occurred_at", "recorded_at", "pk")
    )
