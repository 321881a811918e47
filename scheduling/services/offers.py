"""Offering a place that came free, and what becomes of the offer.

An offer holds its place as a booking of its own, in the status `offered`: so the locks, the
constraint on chairs and the nurses' capacity see it without knowing of the waitlist, and the
round that frees holds nobody confirmed frees it too. It is not the visit's booking: whoever is
asked keeps the place they have until they have said yes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command, refusing
from core.errors import Conflict, Invalid, NotFound, RuleBroken
from core.locks import lock_row
from scheduling.backfill import Gap, broken_at
from scheduling.backfill_words import explain
from scheduling.capacity import Obstacle
from scheduling.course_in_hand import CourseInHand
from scheduling.models import Booking, Offer, Visit, WaitlistEntry
from scheduling.offer_kinds import plan_offer
from scheduling.placement import day_as_locked, local_day
from scheduling.services.days import rewrite_summary
from scheduling.services.desk import take_dose
from scheduling.services.offer_rows import close_entry, end_offer
from scheduling.services.placing import Wanted, put_elsewhere, put_in_chair, put_on_offer
from scheduling.services.waiting import still_waiting
from scheduling.waitlist_values import as_waiting, declined_days, gap_at
from scheduling.wishes import notice_of, wishes_of

STANDS = (30, 120, 240, 1440)  # minutes: on the telephone; within the morning; today; a day
USUAL = 240


@command
def offer_place(
    *,
    entry_id: UUID,
    chair_id: UUID,
    start: datetime,
    minutes: int = USUAL,
    actor: Actor,
    now: datetime,
) -> Offer:
    """Hold a free place for somebody who waits, for `minutes` at most and never into the notice
    they need; tell them, if they agreed to messages.

    Decided on the locked day by what the page showed: interval, window, length, nurses, wishes,
    notice. Raises RuleBroken saying which of them stops it, Conflict when somebody was first or
    the patient has an offer already, Invalid for a length that is not on offer.
    """
    actor.require(BOOKINGS_CHANGE)
    if minutes not in STANDS:
        raise Invalid("How long does the offer stand?", {"minutes": ["Choose one."]})
    seen = WaitlistEntry.objects.filter(pk=entry_id, clinic_id=actor.clinic_id).first()
    if seen is None:
        raise NotFound
    held, visit = take_dose(seen.visit_id, at=start, actor=actor, now=now)
    entry = still_waiting(entry_id)
    gap = _gap(held, chair_id, start, now)
    if gap is not None:
        _refuse_misfit(held, entry, gap, start, now)
    notice = notice_of(wishes_of(entry.patient_id))
    expires_at = min(now + timedelta(minutes=minutes), start - notice)
    hold = put_on_offer(held, visit, chair_id=chair_id, start=start, expires_at=expires_at, now=now)
    if gap is None:
        raise RuleBroken("There is no gap that is long enough for anybody.")
    return _written(entry, hold, expires_at, actor, now)


def _written(
    entry: WaitlistEntry, hold: Booking, expires_at: datetime, actor: Actor, now: datetime
) -> Offer:
    """Write the offer that `hold` keeps the place for, and plan who is told of it."""
    offer = Offer(
        clinic=hold.clinic, entry=entry, hold=hold, expires_at=expires_at,
        offered_at=now, offered_by_id=actor.user_id,
    )  # fmt: skip
    with refusing(offer_one_open=Conflict("Another place is on offer to this patient.")):
        offer.save(force_insert=True)
    plan_offer(offer, now=now)
    audit.record(
        "offer.made", offer, actor=actor, now=now, patient_id=entry.patient_id,
        day=hold.clinic_day.date, start=hold.period.lower, expires_at=expires_at,
    )  # fmt: skip
    return offer


def _gap(held: CourseInHand, chair_id: UUID, start: datetime, now: datetime) -> Gap | None:
    day = day_as_locked(held.clinic, held.days[local_day(start, held.clinic)]).day
    slot = day.grid.slot_of(start)
    return None if slot is None else gap_at(day, chair_id, slot, now)


def _refuse_misfit(
    held: CourseInHand, entry: WaitlistEntry, gap: Gap, start: datetime, now: datetime
) -> None:
    """Raise RuleBroken when a start in the gap is not one to offer to this patient."""
    declined = declined_days([entry.pk]).get(entry.pk, ())
    one = as_waiting(held, entry, wishes_of(entry.patient_id), declined=declined)
    slot = gap.day.grid.slot_of(start)
    assert slot is not None
    broken = broken_at(gap, one, slot, today=held.today, now=now)
    if broken:
        words = explain(broken, one, gap, now)
        pairs = zip(broken, words, strict=True)
        raise RuleBroken(" ".join(words), [Obstacle(code, said) for code, said in pairs])


@command
def accept_offer(*, offer_id: UUID, actor: Actor, now: datetime) -> Booking:
    """Give the patient the place: what they had is moved there, or it is booked, and confirmed.

    One transaction: their old place comes free in it, and they leave the waitlist. Raises Conflict
    when the offer is answered or has expired, or they are booked sooner by now; else as `book`.
    """
    taken = _take(offer_id, actor, now)
    held, visit, hold = taken.held, taken.visit, taken.hold
    booking = held.bookings.get(visit.pk)
    if booking is not None and booking.clinic_day.date <= hold.clinic_day.date:
        raise Conflict("They have a place no later than this one by now. Withdraw the offer.")
    offer = _end(taken, Offer.State.ACCEPTED, "The offer was accepted.", actor, now)
    start, rate = hold.period.lower, hold.rate_option
    assert hold.chair_id is not None
    if booking is None:
        booking = put_in_chair(
            held, visit, chair_id=hold.chair_id, start=start, wanted=Wanted(rate_option=rate),
            actor=actor, now=now,
        )  # fmt: skip
    else:
        booking.status, booking.hold_expires_at = Booking.Status.CONFIRMED, None
        booking = put_elsewhere(
            held, booking, chair_id=hold.chair_id, start=start, rate_option=rate, actor=actor,
            now=now,
        )  # fmt: skip
    close_entry(offer.entry, state=WaitlistEntry.State.PLACED, actor=actor, now=now)
    return booking


@command
def decline_offer(*, offer_id: UUID, actor: Actor, now: datetime) -> Offer:
    """Write that the patient said no: the place is free again, they keep what they have and their
    place on the list, and are not asked about that day again. Raises as accept_offer."""
    return _give_back(offer_id, Offer.State.DECLINED, "The offer was declined.", actor, now)


@command
def withdraw_offer(*, offer_id: UUID, actor: Actor, now: datetime) -> Offer:
    """Take an offer back before it is answered. Raises as accept_offer."""
    return _give_back(offer_id, Offer.State.WITHDRAWN, "The offer was withdrawn.", actor, now)


def _give_back(offer_id: UUID, state: str, reason: str, actor: Actor, now: datetime) -> Offer:
    return _end(_take(offer_id, actor, now), state, reason, actor, now)


class _Taken(NamedTuple):
    held: CourseInHand
    visit: Visit
    hold: Booking


def _end(taken: _Taken, state: str, reason: str, actor: Actor, now: datetime) -> Offer:
    """End the offer and take its hold off the day."""
    offer = end_offer(taken.hold, state=state, reason=reason, actor=actor, now=now)
    rewrite_summary(taken.held.days[taken.hold.clinic_day.date], taken.held.clinic, now=now)
    return offer


def _take(offer_id: UUID, actor: Actor, now: datetime) -> _Taken:
    """Lock everything an answer touches. Raises Conflict when there is nothing to answer."""
    actor.require(BOOKINGS_CHANGE)
    seen = Offer.objects.filter(pk=offer_id, clinic_id=actor.clinic_id)
    found = seen.values_list("entry__visit", "hold", "hold__clinic_day__date").first()
    if found is None:
        raise NotFound
    visit_id, hold_id, day = found
    held, visit = take_dose(visit_id, dates=[day], actor=actor, now=now)
    hold = lock_row(Booking.objects.filter(pk=hold_id).select_related("clinic_day"))
    if hold.status == Booking.Status.OFFERED:
        return _Taken(held, visit, hold)
    state = Offer.State(seen.values_list("state", flat=True).get())
    if state == Offer.State.EXPIRED:
        raise Conflict("This offer has expired: the place is free again.")
    raise Conflict(f"This offer is answered already: {state.label}.")
