"""Ending offers and places on the waitlist, inside the command that causes it."""

from datetime import datetime

from core import audit
from core.actor import Actor, system_actor
from core.db import joins
from scheduling.models import Booking, Offer, Visit, WaitlistEntry
from scheduling.offer_kinds import void_offer
from scheduling.services.stamps import save

OVER = "The dose is not to be given any more, or was given."


@joins
def end_offer(hold: Booking, *, state: str, reason: str, actor: Actor, now: datetime) -> Offer:
    """End the offer whose `hold` is locked: the place is held no more, and the mail is withdrawn.

    The day's summary is the caller's to rewrite.
    """
    offer = Offer.objects.select_related("entry").get(hold=hold)
    hold.status, hold.ended_at, hold.end_reason = Booking.Status.CANCELLED, now, reason
    save(hold, "status", "ended_at", "end_reason", now=now)
    offer.state, offer.answered_at, offer.answered_by_id = state, now, actor.user_id
    offer.save(update_fields=["state", "answered_at", "answered_by"])
    void_offer(offer, now=now)
    audit.record(f"offer.{state}", offer, actor=actor, now=now, patient_id=hold.patient_id)
    return offer


@joins
def lapse(hold: Booking, *, now: datetime) -> None:
    """End an offer that nobody answered in time; its `hold` and its day are locked."""
    entry = WaitlistEntry.objects.get(offers__hold=hold)
    waits = entry.state == WaitlistEntry.State.WAITING
    end_offer(
        hold,
        state=Offer.State.EXPIRED if waits else Offer.State.WITHDRAWN,
        reason="Nobody answered in time." if waits else OVER,
        actor=system_actor(hold.clinic_id),
        now=now,
    )


@joins
def close_entry(entry: WaitlistEntry, *, state: str, actor: Actor, now: datetime) -> None:
    """Take a dose off the waitlist; its visit is locked."""
    entry.state, entry.closed_at, entry.closed_by_id = state, now, actor.user_id
    entry.version += 1
    entry.save(update_fields=["state", "closed_at", "closed_by", "version"])
    audit.record(f"waitlist.{state}", entry, actor=actor, now=now, patient_id=entry.patient_id)


@joins
def close_waiting(visit: Visit, *, now: datetime) -> None:
    """Take a locked visit that is given or cancelled off the waitlist, if it is on it.

    What is on offer to it is over at once: the hold has expired now, and whoever next locks that
    day, or the round within a minute, gives the place back. So no other day is locked here.
    """
    rows = WaitlistEntry.objects.filter(visit=visit, state=WaitlistEntry.State.WAITING)
    for entry in rows:
        actor = system_actor(entry.clinic_id)
        close_entry(entry, state=WaitlistEntry.State.LEFT, actor=actor, now=now)
        for offer in Offer.objects.filter(entry=entry, state=Offer.State.OFFERED):
            void_offer(offer, now=now)
    Booking.objects.filter(visit=visit, status=Booking.Status.OFFERED).update(hold_expires_at=now)
