"""One patient at one chair: everything the chair side page and its forms show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from clinical.findings import Finding, Severity
from clinical.model import Protocol, RateOption
from clinical.observation import check_discharge, reaction_window_until
from clinical.premedication import PremedicationKind, steroid_dose_mg
from clinical.run import RunState
from clinical.titration import RatePlan, Step, duration_of, plan
from clinics.models import Clinic
from clinics.permissions import BOARD_VIEW
from core.actor import Actor
from core.errors import NotFound
from core.zones import day_span, local_date
from infusion import record
from infusion.before_start import Prepared, prepared
from infusion.board import Act, Seated, acts_of, primary_act
from infusion.leaving import NextDose, next_dose
from infusion.models import Infusion, InfusionEvent
from infusion.reaction import OpenReaction, open_reaction
from infusion.readiness import Readiness, readiness
from infusion.seating import seated
from infusion.vitals import out_of_range
from patients.models import Patient
from scheduling.models import Booking, Visit
from scheduling.treatment import age_on, rates_offered

LEAVING_RULES = frozenset({"OBSERVATION-SHORT", "OBSERVATION-SYMPTOMS"})
# Charted this long after it happened, an entry is marked late.
LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step of the plan beside what was really run."""

    step: Step
    planned_at: datetime | None
    begun_at: datetime | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the event log, with what became of it."""

    event: InfusionEvent
    late: bool
    amended: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bedside:
    """One visit at one moment. `here` is None unless the patient sits in a chair now."""

    now: datetime
    clinic: Clinic
    visit: Visit
    patient: Patient
    booking: Booking | None
    infusion: Infusion | None
    protocol: Protocol
    plan: RatePlan
    run: RunState | None
    ready: Readiness
    here: Seated | None
    steps: tuple[PlannedStep, ...]
    entries: tuple[Entry, ...]
    done: Prepared
    reaction: OpenReaction | None = None

    @property
    def began_at(self) -> datetime:
        """When this attendance began: the arrival or the first entry; now while nothing has."""
        known = [entry.event.occurred_at for entry in self.entries]
        arrived = self.booking.arrived_at if self.booking else None
        return min([self.now, *known, *([arrived] if arrived else [])])

    @property
    def use_by(self) -> datetime | None:
        """By when the bag must be empty; None before there is a bag."""
        bag = self.done.the_bag
        return None if bag is None else bag.use_by(self.protocol)

    @property
    def chair(self) -> str:
        """The label of the chair, empty for a visit without one."""
        return self.booking.chair.label if self.booking and self.booking.chair else ""

    @property
    def acts(self) -> list[Act]:
        """What may be done now, the next act first."""
        return acts_of(self.here.place, self.here, None, self.now) if self.here else []

    @property
    def primary(self) -> Act | None:
        """The act that is due now."""
        here = self.here
        return primary_act(here.place, here, self.acts, self.now) if here else None

    def next_rate(self) -> Fraction | None:
        """Return the rate the plan has next, or goes on at after a pause, in mL/h."""
        if self.run is None:
            return None
        return self.run.next_action.rate_ml_h or self.run.next_rate_ml_h

    def rates_offered(self) -> tuple[RateOption, ...]:
        """Return the rate tables this visit may run today, slowest first."""
        day = local_date(self.now, self.clinic.time_zone)
        return rates_offered(self.protocol, self.visit, self.patient, on=day).options

    def steroid_mg(self) -> Fraction:
        """Return the dose of the first-choice glucocorticoid for this patient, in mg."""
        day = local_date(self.now, self.clinic.time_zone)
        weight = self.patient.weight_kg
        return steroid_dose_mg(
            self.protocol,
            age_years=age_on(self.patient.birth_date, day),
            weight_kg=None if weight is None else Fraction(weight),
        )

    def vitals(self) -> list[InfusionEvent]:
        """Return the vital signs that stand, the last taken first."""
        kept = [
            entry.event
            for entry in self.entries
            if entry.event.kind == record.Kind.VITALS and not entry.amended and not entry.withdrawn
        ]
        return sorted(kept, key=lambda event: event.occurred_at, reverse=True)

    def sets_taken(self) -> list[tuple[InfusionEvent, list[str]]]:
        """Return the vital signs that stand, the last first, each with what is out of range."""
        return [(event, out_of_range(self.protocol, event.values)) for event in self.vitals()]

    def unusual(self) -> list[str]:
        """Return what is out of range in the last set of vital signs."""
        return self.sets_taken()[0][1] if self.vitals() else []

    def discharge_findings(self) -> tuple[Finding, ...]:
        """Return what stands in the way of leaving now, and what is missing from the record."""
        return check_discharge(
            self.protocol,
            actual_end=self.run.ended_at if self.run else None,
            at=self.now,
            vitals=[event.occurred_at for event in self.vitals()],
            symptoms_open=self.run is not None and self.run.symptoms_open,
        ).findings

    def too_early_to_leave(self) -> bool:
        """Whether leaving now needs a reason and somebody who agrees."""
        return any(item.severity is Severity.HOLD for item in self.discharge_findings())

    def may_agree_to_leave(self) -> set[str]:
        """Return the roles that may agree to it."""
        holds = [item for item in self.protocol.rules.values() if item.id in LEAVING_RULES]
        return {role for item in holds for role in item.override_by}

    def reactions_until(self) -> datetime | None:
        """Return until when signs count as a reaction to this infusion; None before its end."""
        if self.run is None or self.run.ended_at is None:
            return None
        return reaction_window_until(self.protocol, self.run.ended_at)

    def next_dose(self) -> NextDose | None:
        """Return the dose after this visit's."""
        return next_dose(self.visit)

    def missing(self) -> PremedicationKind | None:
        """Return the mandatory medicine to give next, None when all are given."""
        return self.ready.missing[0] if self.ready.missing else None


def bedside(visit_id: UUID, actor: Actor, now: datetime) -> Bedside:
    """Return everything about one visit of the actor's clinic that is for a dose; NotFound for any
    other."""
    actor.require(BOARD_VIEW)
    visit = (
        Visit.objects.filter(pk=visit_id, clinic_id=actor.clinic_id)
        .select_related("clinic", "patient", "course__clinic")
        .first()
    )
    if visit is None or visit.is_ad_hoc:
        raise NotFound
    booking = _booking(visit)
    infusion = Infusion.objects.filter(visit=visit).first()
    events = _events(infusion)
    protocol = record.protocol_of(visit.own_course)
    run = None
    if infusion is not None and infusion.status != Infusion.Status.PREPARING:
        run = record.run_state(infusion, visit.own_course, events, now=now)
    rates = _plan(visit, booking, infusion, protocol)
    since = day_span(local_date(now, visit.clinic.time_zone), visit.clinic.time_zone)[0]
    sits = booking is not None and booking.status == Booking.Status.ARRIVED
    return Bedside(
        now=now,
        clinic=visit.clinic,
        visit=visit,
        patient=visit.patient,
        booking=booking,
        infusion=infusion,
        protocol=protocol,
        plan=rates,
        run=run,
        ready=readiness(protocol, record.premedication(events, since=since)),
        here=_here(booking, visit, infusion, events, now) if booking and sits else None,
        steps=_steps(rates, run),
        entries=entries_of(events),
        done=prepared(events, since=_day_of(visit, run, since)),
        reaction=open_reaction(events, run, fraction=protocol.reaction.rate_fraction)
        if run
        else None,
    )


def _day_of(visit: Visit, run: RunState | None, today: datetime) -> datetime:
    """Return when the day of this attendance began: today's, or the day the line was started."""
    if run is None or run.started_at is None:
        return today
    zone = visit.clinic.time_zone
    return day_span(local_date(run.started_at, zone), zone)[0]


def _booking(visit: Visit) -> Booking | None:
    """Return the booking in force, else the one the visit was completed on."""
    wanted = [*Booking.ACTIVE, Booking.Status.COMPLETED]
    rows = Booking.objects.filter(visit=visit, status__in=wanted)
    return rows.select_related("chair", "patient").order_by("-created_at").first()


def _events(infusion: Infusion | None) -> list[InfusionEvent]:
    if infusion is None:
        return []
    return list(
        infusion.events.select_related("recorded_by").order_by("occurred_at", "recorded_at", "pk")
    )


def _here(
    booking: Booking,
    visit: Visit,
    infusion: Infusion | None,
    events: Sequence[InfusionEvent],
    now: datetime,
) -> Seated:
    booking.visit = visit
    return seated(booking, infusion, events, zone=visit.clinic.time_zone, now=now)


def _plan(
    visit: Visit, booking: Booking | None, infusion: Infusion | None, protocol: Protocol
) -> RatePlan:
    if infusion is not None:
        return record.plan_of(infusion, visit.own_course)
    slowest = RateOption.INITIAL if visit.milligrams in _initial_doses(protocol) else None
    option = RateOption(booking.rate_option) if booking else slowest or RateOption.STANDARD
    return plan(protocol, dose_mg=visit.milligrams, option=option)


def _initial_doses(protocol: Protocol) -> tuple[int, ...]:
    return protocol.titration.initial.doses_mg


def _steps(rates: RatePlan, run: RunState | None) -> tuple[PlannedStep, ...]:
    """Return the plan's steps with the time each was planned for and the time it really began."""
    started = run.started_at if run else None
    begun: dict[Fraction, datetime] = {}
    if run is not None and started is not None:
        for part in run.ran:
            begins = started + duration_of(part.starts_s)
            begun.setdefault(part.rate_ml_h, begins)
    return tuple(
        PlannedStep(
            step=step,
            planned_at=started + step.starts_after if started else None,
            begun_at=begun.get(step.rate_ml_h),
            current=run is not None and run.rate_ml_h == step.rate_ml_h,
        )
        for step in rates.steps
    )


def entries_of(events: Sequence[InfusionEvent]) -> tuple[Entry, ...]:
    """Return the log, the last recorded first: what is late, corrected, taken back."""
    amended = {event.amends_id for event in events if event.amends_id}
    return tuple(
        Entry(
            event=event,
            late=event.recorded_at - event.occurred_at >= LATE_AFTER,
            amended=event.pk in amended,
            withdrawn=bool(event.values.get("withdrawn")),
        )
        for event in sorted(events, key=lambda row: row.recorded_at, reverse=True)
    )
