"""Reading infusions. Nothing here writes, and nothing of another clinic is ever returned."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q

from clinical.model import ReactionSeverity
from clinics.models import Chair, ChairOutage, Clinic, Role
from clinics.permissions import BOARD_VIEW
from clinics.selectors import chairs_of, clinic_by_id
from core.actor import Actor
from core.errors import NotFound
from core.prepared import array, ask
from core.zones import local_date
from infusion import record
from infusion.board import (
    Board,
    ChairCard,
    Coming,
    Notice,
    Place,
    Seated,
    acts_of,
    primary_act,
    urgency_of,
    waiting_place,
)
from infusion.models import Infusion, InfusionEvent
from infusion.seating import expected, person, seated
from reminders.models import Reminder
from scheduling.history import ReactionHistory
from scheduling.models import Booking

SEVERE = frozenset({ReactionSeverity.SEVERE, ReactionSeverity.LIFE_THREATENING})
# What a card says of a booking, its patient, its visit and its course if any; no more is fetched.
SHOWN = (
    "status", "chair", "period", "rate_option", "arrived_at", "visit", "patient", "clinic",
    "patient__family_name", "patient__given_names", "patient__title", "patient__birth_date",
    "patient__mrn", "visit__dose_mg", "visit__course", "visit__course__protocol",
    "visit__course__edition", "visit__purpose", "visit__minutes", "visit__note",
)  # fmt: skip
TO_COME = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED)


def board(actor: Actor, now: datetime) -> Board:
    """Return every chair in use of the actor's clinic as it is at `now`: seven queries, always.

    A patient who arrived and has not left is shown whatever the day: a discharge that was
    forgotten must be seen. Raises Forbidden without the permission.
    """
    actor.require(BOARD_VIEW)
    clinic = clinic_by_id(actor.clinic_id)
    chairs = chairs_of(actor)
    outages = _outages(chairs, now)
    bookings = _bookings_now(clinic, now)
    charted = _charted(bookings)
    here = _sitting(clinic, bookings, charted, now)
    coming = _coming(clinic, bookings, charted, now)
    cards = [
        card
        for chair in chairs
        for card in _cards(
            chair, here.get(chair.pk, []), coming.get(chair.pk), outages.get(chair.pk), now
        )
    ]
    notices = _notices(clinic, bookings, chairs, now)
    return Board(now=now, cards=tuple(cards), notices=tuple(notices))


def _outages(chairs: Iterable[Chair], now: datetime) -> dict[UUID, ChairOutage]:
    rows = ChairOutage.objects.filter(chair__in=list(chairs), period__contains=now)
    return {row.chair_id: row for row in rows}


def _bookings_now(clinic: Clinic, now: datetime) -> list[Booking]:
    today = Q(clinic_day__date=local_date(now, clinic.time_zone), status__in=TO_COME)
    rows = Booking.objects.filter(today | Q(status=Booking.Status.ARRIVED), clinic=clinic)
    related = rows.select_related("patient", "visit__course").only(*SHOWN)
    found = list(related.exclude(chair=None).order_by("period", "pk"))
    for booking in found:
        if booking.visit.course is not None:
            booking.visit.course.clinic = clinic  # one object for all, not one query each
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charted:
    """The infusions of some visits, and what is charted on each."""

    infusions: dict[UUID, Infusion]  # by visit
    events: dict[UUID, list[InfusionEvent]]  # by infusion, in the order they happened

    def of(self, visit_id: UUID) -> tuple[Infusion | None, list[InfusionEvent]]:
        infusion = self.infusions.get(visit_id)
        return infusion, self.events.get(infusion.pk, []) if infusion else []


def _charted(bookings: Iterable[Booking]) -> _Charted:
    """Return what is charted for the visits: one query for infusions, one for all events."""
    visits = [row.visit_id for row in bookings]
    infusions = {row.visit_id: row for row in Infusion.objects.filter(visit__in=visits)}
    events: dict[UUID, list[InfusionEvent]] = defaultdict(list)
    rows = InfusionEvent.objects.filter(infusion__in=[row.pk for row in infusions.values()])
    for event in rows.order_by("occurred_at", "recorded_at", "pk"):
        events[event.infusion_id].append(event)
    return _Charted(infusions=infusions, events=events)


def _sitting(
    clinic: Clinic, bookings: Iterable[Booking], charted: _Charted, now: datetime
) -> dict[UUID, list[Seated]]:
    """Return who sits where."""
    found: dict[UUID, list[Seated]] = defaultdict(list)
    for booking in bookings:
        if booking.status == Booking.Status.ARRIVED:
            infusion, known = charted.of(booking.visit_id)
            here = seated(booking, infusion, known, zone=clinic.time_zone, now=now)
            assert booking.chair_id is not None
            found[booking.chair_id].append(here)
    return found


def _coming(
    clinic: Clinic, bookings: Iterable[Booking], charted: _Charted, now: datetime
) -> dict[UUID, Coming]:
    """Return the next booking of each chair; `bookings` come in the order of their time."""
    found: dict[UUID, Coming] = {}
    for booking in bookings:
        assert booking.chair_id is not None
        if booking.status in TO_COME and booking.chair_id not in found:
            _infusion, known = charted.of(booking.visit_id)
            found[booking.chair_id] = expected(booking, known, zone=clinic.time_zone, now=now)
    return found


def _cards(
    chair: Chair,
    here: list[Seated],
    coming: Coming | None,
    outage: ChairOutage | None,
    now: datetime,
) -> list[ChairCard]:
    """Return one card for whoever sits in the chair, or one for the empty chair.

    Two people in one chair is a mistake in the record; it shows as two cards rather than as one.
    """
    outside = ChairCard(
        key=str(chair.pk), chair_id=chair.pk, label=chair.label, kind=chair.kind,
        place=Place.OUT_OF_SERVICE if outage else waiting_place(coming, now), urgency=None,
        coming=coming, out_until=outage.period.upper if outage else None,
        out_because=outage.reason if outage else "",
    )  # fmt: skip
    if not here:
        return [_completed(outside, None, now)]
    return [
        _completed(replace(outside, key=str(each.booking_id), place=each.place), each, now)
        for each in here
    ]


def _completed(card: ChairCard, here: Seated | None, now: datetime) -> ChairCard:
    acts = acts_of(card.place, here, card.coming, now)
    primary = primary_act(card.place, here, acts, now)
    return replace(
        card,
        seated=here,
        urgency=urgency_of(here, card.coming, card.place, now),
        primary=primary,
        acts=tuple(act for act in acts if act is not primary),
    )


def _notices(
    clinic: Clinic, bookings: list[Booking], chairs: Iterable[Chair], now: datetime
) -> list[Notice]:
    """Return the nurses' reminders that are due, still useful and not yet acknowledged."""
    rows = Reminder.objects.filter(
        clinic=clinic, channel=Reminder.Channel.BOARD, recipient_role=Role.NURSE,
        state=Reminder.State.SENT, seen_at__isnull=True, void_after__gt=now,
    )  # fmt: skip
    labels = {chair.pk: chair.label for chair in chairs}
    where = {row.patient_id: labels.get(row.chair_id, "") for row in bookings if row.chair_id}
    return [
        Notice(
            reminder_id=row.pk, kind=row.kind, due_at=row.due_at, patient=person(row.patient),
            chair=where.get(row.patient.pk, ""),
        )
        for row in rows.select_related("patient").order_by("due_at", "pk")
        if row.patient is not None
    ]  # fmt: skip


def ad_hoc_booking(booking_id: UUID, actor: Actor) -> Booking:
    """Return a booking of the actor's clinic for a visit that is no dose; NotFound for another."""
    found = (
        Booking.objects.filter(pk=booking_id, clinic_id=actor.clinic_id, visit__course=None)
        .select_related("visit", "patient", "chair")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def visit_of(infusion_id: UUID, actor: Actor) -> UUID:
    """Return the visit of an infusion, which never changes; NotFound for another clinic's."""
    found = (
        Infusion.objects.filter(pk=infusion_id, clinic_id=actor.clinic_id)
        .values_list("visit_id", flat=True)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def ask_reactions(
    patient_ids: Collection[UUID],
) -> Callable[[], dict[UUID, ReactionHistory]]:
    """Ask for the worst of what is charted about patients' infusion reactions so far; return what
    reads it. One query.

    Severe is the label's band (grade 3 and above), or one that nobody has assessed yet; serious is
    another axis, charted apart.
    """
    # Each booking asks: no query set is put together for it.
    answer = ask(_REACTIONS, [array(patient_ids), InfusionEvent.Kind.REACTION])
    return lambda: _histories(answer())


def _histories(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, ReactionHistory]:
    patients: dict[UUID, UUID] = {}
    charted = []
    for patient, pk, amends, values, occurred, recorded in rows:
        patients[pk] = patient
        charted.append(
            InfusionEvent(
                pk=pk, amends_id=amends, values=orjson.loads(values), occurred_at=occurred,
                recorded_at=recorded,
            )
        )  # fmt: skip
    reactions: dict[UUID, list[InfusionEvent]] = defaultdict(list)
    for event in record.standing(charted):
        reactions[patients[event.pk]].append(event)
    return {patient: _worst(known) for patient, known in reactions.items()}


_REACTIONS = """
    SELECT infusion.patient_id, event.id, event.amends_id, event.values::text, event.occurred_at,
        event.recorded_at
    FROM infusion_infusionevent event JOIN infusion_infusion infusion ON infusion.id = infusion_id
    WHERE infusion.patient_id = ANY(%s) AND event.kind = %s
"""


def _worst(reactions: Iterable[InfusionEvent]) -> ReactionHistory:
    return ReactionHistory(
        prior_severe=any(
            event.values.get("severity") in SEVERE or not event.values.get("assessed", True)
            for event in reactions
        ),
        prior_serious=any(event.values.get("serious", False) for event in reactions),
    )
