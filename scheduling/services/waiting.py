"""The waitlist: who would come sooner, and when each patient can come at all."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command, joins, refusing
from core.errors import Conflict, Invalid, NotFound, Stale
from core.locks import lock_row
from patients.models import Patient
from scheduling.models import Course, Offer, PatientWishes, Visit, WaitlistEntry
from scheduling.services.desk import take_dose
from scheduling.services.offer_rows import close_entry
from scheduling.waiting_model import LONGEST_NOTICE

LONGEST_NOTE = 200
WEEKDAYS = range(7)
WAITS = (Visit.Status.PLANNED, Visit.Status.BOOKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What a patient told the desk; nothing in particular by default, but a day's notice."""

    weekdays: frozenset[int] = frozenset()
    half: str = ""
    arrives_from: time | None = None
    leaves_by: time | None = None
    notice_hours: int = 24


@command
def record_wishes(
    *, patient_id: UUID, wished: Wished, actor: Actor, now: datetime
) -> PatientWishes:
    """Write what a patient wishes, in place of what was written before.

    Raises NotFound for another clinic's patient, Invalid for what makes no sense.
    """
    actor.require(BOOKINGS_CHANGE)
    rows = Patient.objects.filter(pk=patient_id, clinic_id=actor.clinic_id)
    return note_wishes(lock_row(rows), wished, actor=actor, now=now)


@joins
def note_wishes(patient: Patient, wished: Wished, *, actor: Actor, now: datetime) -> PatientWishes:
    """Write the wishes of a locked patient; see record_wishes."""
    problems = _problems(wished)
    if problems:
        raise Invalid("Please correct the marked fields.", problems)
    told = {
        "weekdays": sorted(wished.weekdays), "half": wished.half,
        "arrives_from": wished.arrives_from, "leaves_before": wished.leaves_by,
        "notice_hours": wished.notice_hours,
    }  # fmt: skip
    row = PatientWishes.objects.filter(patient=patient).first()
    if row is None:
        row = PatientWishes(clinic_id=patient.clinic_id, patient=patient)
    elif all(getattr(row, name) == value for name, value in told.items()):
        return row
    for name, value in told.items():
        setattr(row, name, value)
    row.recorded_at, row.recorded_by_id = now, actor.user_id
    row.save()
    audit.record("wishes.recorded", row, actor=actor, now=now, patient_id=patient.pk)
    return row


def _problems(wished: Wished) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if not wished.weekdays <= set(WEEKDAYS):
        problems["weekdays"] = ["Monday is 0, Sunday 6."]
    if wished.half not in PatientWishes.Half.values:
        problems["half"] = ["Morning, afternoon or any."]
    if not 0 <= wished.notice_hours <= LONGEST_NOTICE:
        problems["notice_hours"] = [f"0 to {LONGEST_NOTICE} hours."]
    first, last = wished.arrives_from, wished.leaves_by
    if first is not None and last is not None and last <= first:
        problems["leaves_by"] = ["Later than the arrival."]
    return problems


@command
def join_waitlist(
    *,
    visit_id: UUID,
    wanted_from: date | None = None,
    note: str = "",
    wished: Wished | None = None,
    actor: Actor,
    now: datetime,
) -> WaitlistEntry:
    """Put a dose on the waitlist, with what suits its patient when `wished` says so.

    Raises NotFound for another clinic's visit, Conflict when the dose does not wait for a place
    or is on the list already, Invalid for what makes no sense.
    """
    actor.require(BOOKINGS_CHANGE)
    held, visit = take_dose(visit_id, dates=None, actor=actor, now=now)
    if held.course.status != Course.Status.ACTIVE or visit.status not in WAITS:
        raise Conflict("This dose does not wait for a place.")
    if wished is not None:
        note_wishes(held.patient, wished, actor=actor, now=now)
    entry = WaitlistEntry(
        clinic=held.clinic, visit=visit, patient=held.patient, wanted_from=wanted_from,
        note=_checked_note(note), joined_at=now, joined_by_id=actor.user_id,
    )  # fmt: skip
    with refusing(waitlist_one_open=Conflict("This dose is on the waitlist already.")):
        entry.save(force_insert=True)
    audit.record("waitlist.joined", entry, actor=actor, now=now, patient_id=entry.patient_id)
    return entry


@command
def change_entry(
    *,
    entry_id: UUID,
    version: int | None = None,
    wanted_from: date | None,
    note: str,
    wished: Wished | None = None,
    actor: Actor,
    now: datetime,
) -> WaitlistEntry:
    """Change what somebody who waits wants. Raises Stale when the entry is not at `version` any
    more, Conflict when it is closed, otherwise as join_waitlist."""
    actor.require(BOOKINGS_CHANGE)
    seen = _seen(entry_id, actor)
    held, _ = take_dose(seen.visit_id, dates=None, actor=actor, now=now)
    entry = still_waiting(entry_id)
    if version is not None and entry.version != version:
        raise Stale("Somebody changed this in the meantime. Look again, then decide.")
    if wished is not None:
        note_wishes(held.patient, wished, actor=actor, now=now)
    entry.wanted_from, entry.note = wanted_from, _checked_note(note)
    entry.version += 1
    entry.save(update_fields=["wanted_from", "note", "version"])
    audit.record("waitlist.changed", entry, actor=actor, now=now, patient_id=entry.patient_id)
    return entry


@command
def leave_waitlist(*, entry_id: UUID, actor: Actor, now: datetime) -> WaitlistEntry:
    """Take a dose off the waitlist; its booking, if any, stays. Raises Conflict when it is closed
    already or an offer waits for an answer."""
    actor.require(BOOKINGS_CHANGE)
    seen = _seen(entry_id, actor)
    take_dose(seen.visit_id, dates=None, actor=actor, now=now)
    entry = still_waiting(entry_id)
    if Offer.objects.filter(entry=entry, state=Offer.State.OFFERED).exists():
        raise Conflict("A place is on offer. Write down the answer, or withdraw it first.")
    close_entry(entry, state=WaitlistEntry.State.LEFT, actor=actor, now=now)
    return entry


@joins
def still_waiting(entry_id: UUID) -> WaitlistEntry:
    """Return an entry whose visit is locked. Raises Conflict when it waits no more."""
    entry = WaitlistEntry.objects.get(pk=entry_id)
    if entry.state != WaitlistEntry.State.WAITING:
        raise Conflict("This dose is not on the waitlist any more.")
    return entry


def _seen(entry_id: UUID, actor: Actor) -> WaitlistEntry:
    entry = WaitlistEntry.objects.filter(pk=entry_id, clinic_id=actor.clinic_id).first()
    if entry is None:
        raise NotFound
    return entry


def _checked_note(note: str) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Invalid("Please correct the marked fields.", {"note": [f"Up to {LONGEST_NOTE}."]})
    return note
