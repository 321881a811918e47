"""Telling a patient that the clinic moved or cancelled a visit: by e-mail where they agreed to it,
else as a line on the schedulers' screen until somebody has telephoned."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from clinics.models import Role
from core.db import joins
from patients.models import Patient
from reminders.delivery import why_not
from reminders.models import Reminder
from reminders.services.planning import Planned, put_all, void
from reminders.timing import start_of
from scheduling import change_kinds as kinds
from scheduling.models import Booking
from scheduling.reminder_kinds import DAY_BEFORE

PROMISED = (Booking.Status.CONFIRMED, Booking.Status.DAY_HELD)


def arrival_of(booking: Booking) -> str:
    """Return how an occurrence about a booking's time begins; empty while only a day is held."""
    return "" if booking.period is None else f"{booking.period.lower.astimezone(UTC):%Y%m%dT%H%MZ}"


def told_time(told: Mapping[str, str]) -> str:
    """Return the arrival a patient was told last, from what was told by kind; empty when none was.

    A word about a move comes after any reminder of the time before it.
    """
    latest = told.get(kinds.MOVED) or told.get(DAY_BEFORE) or ""
    return latest.partition(".")[0]


class Way(StrEnum):
    """How somebody learns of a change."""

    EMAIL = "email"
    CALL = "call"
    NOT = "not"  # nothing was promised yet, or the patient is here


def way_to_tell(patient: Patient, status: str) -> Way:
    """Return how a patient whose booking had `status` is told that it changed.

    Only who was promised a time or a day has something to be told.
    """
    if status not in PROMISED:
        return Way.NOT
    return Way.CALL if why_not(patient) else Way.EMAIL


@joins
def tell_moved(booking: Booking, patient: Patient, *, was: str, now: datetime) -> Way:
    """Plan the word to a patient whose booking, which `was` promised, the clinic has moved."""
    pair = (kinds.MOVED, kinds.MOVED_CALL)
    return _tell(booking, patient, pair, was=was, until=booking.period.lower, now=now)


@joins
def tell_cancelled(booking: Booking, patient: Patient, *, was: str, now: datetime) -> Way:
    """Plan the word to a patient whose booking the clinic has cancelled."""
    pair, until = (kinds.CANCELLED, kinds.CANCELLED_CALL), None
    if booking.period is not None:
        until = booking.period.upper
    else:
        until = start_of(booking.clinic_day.date, booking.clinic.time_zone)
    return _tell(booking, patient, pair, was=was, until=until, now=now)


def _tell(
    booking: Booking, patient: Patient, pair: tuple[str, str], *, was: str, until: datetime,
    now: datetime,
) -> Way:  # fmt: skip
    void(subject_id=booking.pk, kinds=kinds.KINDS, now=now)
    way = way_to_tell(patient, was)
    if way is Way.NOT or until <= now:
        return Way.NOT
    by_mail = way is Way.EMAIL
    row = Planned(
        kind=pair[0] if by_mail else pair[1],
        subject_id=booking.pk,
        occurrence=f"{arrival_of(booking)}.v{booking.version}",
        clinic_id=booking.clinic_id,
        patient_id=booking.patient_id,
        recipient_patient_id=booking.patient_id if by_mail else None,
        recipient_role="" if by_mail else Role.SCHEDULER,
        channel=Reminder.Channel.EMAIL if by_mail else Reminder.Channel.BOARD,
        due_at=now,
        void_after=until,
    )
    put_all([row], now=now)
    return way
