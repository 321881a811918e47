"""Writing down that somebody's place came free, for those who wait for one."""

from datetime import datetime

from core.db import joins
from scheduling.models import Booking, FreedPlace


@joins
def note_freed(booking: Booking, *, cause: str, now: datetime) -> None:
    """Write that the place `booking` has (still, in hand) is somebody's no more.

    Nothing is written for a held day, for a place that is over, or for one that was only held
    while somebody was asked: nobody had it.
    """
    asked_only = booking.hold_expires_at is not None
    if asked_only or booking.chair_id is None or booking.period.upper <= now:
        return
    FreedPlace.objects.create(
        clinic_day_id=booking.clinic_day_id, chair_id=booking.chair_id, booking=booking,
        period=booking.period, cause=cause, freed_at=now,
    )  # fmt: skip
