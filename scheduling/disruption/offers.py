"""Where those who cannot stay could go: a few times for each, no two in each other's place.

First the same day: the same time in another chair, else the nearest time. Then the nearest days
inside the dose's window, then any other. Never before the minimum interval to the dose before,
and never so that a dose booked after it would come too early. Whoever has the strongest claim
chooses first. Reading only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice
from uuid import UUID

from clinics.models import Chair
from patients.models import Patient
from scheduling.capacity import load_of
from scheduling.disruption.affected import Affected, claim
from scheduling.disruption.ahead import Ahead
from scheduling.disruption.elsewhere import Asked, Choice, Room, Seeker
from scheduling.disruption.order import assume, may_have, suits
from scheduling.disruption.what import Disruption, also_away, changed
from scheduling.in_hand import InHand
from scheduling.models import Booking
from scheduling.stored_days import read_span
from scheduling.summary import phases_of
from scheduling.taken_up import read_all

BEYOND = timedelta(days=60)  # past the window, when nothing inside it is free
REACH = timedelta(days=400)
CHOICES = 4
NOT_ASKED = Asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One booking that cannot stay: why, and where it could go, the best first."""

    booking: Booking  # with its day, visit and chair
    patient: Patient
    affected: Affected
    choices: tuple[Choice, ...]
    why: str = ""  # what stops it, when there is no time; or what became of the time asked for


def propose(
    ahead: Ahead,
    *,
    what: Disruption | None = None,
    asked: Mapping[UUID, Asked] | None = None,
    today: date,
    now: datetime,
) -> list[Offer]:
    """Return a place for each booking that cannot stay, day by day, the strongest claim first.

    What was `asked` for comes before any other. A constant number of queries.
    """
    found = [
        (each, ahead.bookings[each.sitting.booking_id])
        for day in sorted(ahead.days)
        for each in ahead.days[day].affected
    ]
    if not found:
        return []
    bookings = [booking for _, booking in found]
    held = read_all([booking.visit_id for booking in bookings], now=now)
    room = _room(ahead, what, bookings, today, now)
    wanted = {booking.pk: (asked or {}).get(booking.pk, NOT_ASKED) for booking in bookings}
    ranked = sorted(
        found, key=lambda pair: (wanted[pair[1].pk].start is None, claim(pair[0].sitting))
    )
    offers = {
        booking.pk: _offer(room, held[booking.visit_id], booking, each, wanted[booking.pk])
        for each, booking in ranked
    }
    return [offers[booking.pk] for booking in bookings]


def _room(
    ahead: Ahead, what: Disruption | None, bookings: Sequence[Booking], today: date, now: datetime
) -> Room:
    """Read every day that may be needed, with those who can stay on the days in question."""
    last = max(max(each.visit.latest_on, each.clinic_day.date) for each in bookings)
    last = min(max(last, today) + BEYOND, today + REACH)
    dates = [today + timedelta(days=n) for n in range((last - today).days + 1)]
    span = changed(read_span(ahead.clinic, dates, also=also_away(what)), what)
    promised = {**span.promised, **{day: each.promised for day, each in ahead.days.items()}}
    made = {day: each.day for day, each in ahead.days.items()}
    return Room(
        clinic=ahead.clinic, span=replace(span, promised=promised, made=made),
        chairs={chair.pk: chair for chair in Chair.objects.filter(clinic=ahead.clinic)},
        today=today, now=now,
    )  # fmt: skip


def _offer(room: Room, held: InHand, booking: Booking, affected: Affected, asked: Asked) -> Offer:
    """Return the choices of one booking, the first of which is taken off the days that are left."""
    visit, first = held.visit(booking.visit_id), max(room.today, asked.not_before or room.today)
    why = held.why_never(visit, first)
    if why:
        return Offer(booking=booking, patient=held.patient, affected=affected, choices=(), why=why)
    load = load_of(phases_of(booking, room.clinic))
    seeker = Seeker(
        room=room, booking=booking, visit=visit, load=load, before=first,
        allowed=cache(lambda day: may_have(held, visit, day)),
        suits=cache(lambda day: suits(held, visit, day)),
    )  # fmt: skip
    choices = list(seeker.as_asked(asked))
    if asked.start is not None and not choices:
        why = "The time chosen is not free any more."
    places = {(each.start, each.chair.pk) for each in choices}
    others = (each for each in seeker.choices() if (each.start, each.chair.pk) not in places)
    choices += islice(others, CHOICES - len(choices))
    if choices:
        room.take(choices[0], load)
    assume(held, visit, choices[0].day if choices else None)
    if not choices and not why:
        why = "No other time is free until well after its window."
    return Offer(
        booking=booking, patient=held.patient, affected=affected, choices=tuple(choices), why=why
    )
