"""The waitlist as an API client sees it: plain dicts, written by orjson as they stand."""

from datetime import date, datetime
from typing import Annotated, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from clinics.api.items import ChairShort
from patients.api.items import PatientShort
from scheduling.models import Booking, FreedPlace, Offer, WaitlistEntry
from scheduling.waitlist import Free, Line, OfferRow, Waitlist


class EntryItem(TypedDict):
    """A dose on the waitlist."""

    id: UUID
    version: int
    state: Annotated[str, WaitlistEntry.State]
    visit_id: UUID
    wanted_from: Annotated[date | None, "No day before this one."]
    joined_at: datetime


class WaitingItem(TypedDict):
    """Somebody who waits: what they have, what suits them."""

    id: Annotated[UUID, "The entry's: name it to offer a place, or to leave."]
    visit_id: UUID
    patient: PatientShort
    dose_number: int
    due: date
    earliest: date
    latest: date
    days_past_due: Annotated[int, "Below zero: days to go."]
    urgency: Annotated[str, "half_dose, overdue, did_not_come, due, coming or prescriber."]
    booked_on: Annotated[date | None, "What they have now."]
    wanted_from: date | None
    wishes: Annotated[list[str], "In words; the notice they need is the last."]
    on_offer: Annotated[bool, "Whether they are being asked."]


class SuitedItem(TypedDict):
    """Somebody a place fits."""

    entry_id: UUID
    start: Annotated[datetime, "Send it with the place's chair to offer the place."]
    leaves: datetime
    reasons: list[str]


class UnsuitedItem(TypedDict):
    """Somebody a place does not fit."""

    entry_id: UUID
    why: list[str]


class FreeItem(TypedDict):
    """A place that came free, and whom it fits, the first to be asked first."""

    day: date
    chair: ChairShort
    start: datetime
    end: datetime
    freed_at: datetime
    cause: Annotated[str, FreedPlace.Cause]
    suited: list[SuitedItem]
    unsuited: list[UnsuitedItem]


class OfferItem(TypedDict):
    """A place held for somebody who waits, until they answer."""

    id: UUID
    version: Annotated[int, "Goes up when the offer is answered."]
    state: Annotated[str, Offer.State]
    entry_id: UUID
    visit_id: UUID
    chair: ChairShort
    start: datetime
    end: datetime
    expires_at: Annotated[datetime, "Without an answer the place is free again then."]
    answered_at: datetime | None


class WaitlistPage(TypedDict):
    """What came free in the next four weeks, who is being asked, and everybody who waits."""

    free: list[FreeItem]
    offers: Annotated[list[OfferItem], "Open ones, then those answered in the last three days."]
    waiting: Annotated[list[WaitingItem], "The most urgent first."]
    time_zone: Annotated[str, "IANA zone of the clinic; every date here is a day in it."]


def waitlist_page(found: Waitlist, zone: ZoneInfo) -> WaitlistPage:
    """Build the whole list; `zone` is the clinic's."""
    return {
        "free": [_free(place, zone) for place in found.free],
        "offers": [_offer(row, zone) for row in (*found.open_offers, *found.answered)],
        "waiting": [_waiting(line) for line in found.lines],
        "time_zone": zone.key,
    }


def entry_item(entry: WaitlistEntry) -> EntryItem:
    """Build one entry's item."""
    return {
        "id": entry.pk,
        "version": entry.version,
        "state": entry.state,
        "visit_id": entry.visit_id,
        "wanted_from": entry.wanted_from,
        "joined_at": entry.joined_at,
    }


def offer_item(offer: Offer, hold: Booking, zone: ZoneInfo) -> OfferItem:
    """Build one offer's item; `hold` comes with its chair."""
    assert hold.chair is not None
    return {
        "id": offer.pk,
        "version": hold.version,
        "state": offer.state,
        "entry_id": offer.entry_id,
        "visit_id": hold.visit_id,
        "chair": {"id": hold.chair.pk, "label": hold.chair.label},
        "start": hold.period.lower.astimezone(zone),
        "end": hold.period.upper.astimezone(zone),
        "expires_at": offer.expires_at.astimezone(zone),
        "answered_at": offer.answered_at and offer.answered_at.astimezone(zone),
    }


def _free(place: Free, zone: ZoneInfo) -> FreeItem:
    return {
        "day": place.day,
        "chair": {"id": place.chair_id, "label": place.chair_label},
        "start": place.starts.astimezone(zone),
        "end": place.ends.astimezone(zone),
        "freed_at": place.freed_at.astimezone(zone),
        "cause": place.cause,
        "suited": [
            {
                "entry_id": one.line.row.entry_id, "start": one.start.astimezone(zone),
                "leaves": one.leaves.astimezone(zone), "reasons": list(one.reasons),
            }
            for one in place.suited
        ],
        "unsuited": [
            {"entry_id": one.line.row.entry_id, "why": list(one.why)} for one in place.unsuited
        ],
    }  # fmt: skip


def _offer(row: OfferRow, zone: ZoneInfo) -> OfferItem:
    return {
        "id": row.offer_id,
        "version": row.version,
        "state": row.state,
        "entry_id": row.entry_id,
        "visit_id": row.visit_id,
        "chair": {"id": row.chair_id, "label": row.chair_label},
        "start": row.period.lower.astimezone(zone),
        "end": row.period.upper.astimezone(zone),
        "expires_at": row.expires_at.astimezone(zone),
        "answered_at": row.answered_at and row.answered_at.astimezone(zone),
    }


def _waiting(line: Line) -> WaitingItem:
    row = line.row
    return {
        "id": row.entry_id,
        "visit_id": row.visit_id,
        "patient": {
            "id": row.patient_id, "mrn": row.mrn, "family_name": row.family_name,
            "given_names": row.given_names, "birth_date": row.birth_date,
        },
        "dose_number": row.dose_number,
        "due": row.due_on,
        "earliest": row.earliest_on,
        "latest": row.latest_on,
        "days_past_due": line.days_past_due,
        "urgency": line.urgency.name.lower(),
        "booked_on": line.booking.clinic_day.date if line.booking is not None else None,
        "wanted_from": row.wanted_from,
        "wishes": list(line.wishes),
        "on_offer": line.offered,
    }  # fmt: skip
