"""A clinic's own times for vital signs, as the clinical core takes them. Pure."""

from datetime import timedelta

from clinical.vitals import VitalsSchedule
from clinics.models import Clinic


def schedule_of(clinic: Clinic) -> VitalsSchedule:
    """Return what the clinic has set; what it has not stays as the protocol says."""
    return VitalsSchedule(
        gap=_minutes(clinic.vitals_gap_minutes),
        gap_in_reaction=_minutes(clinic.vitals_gap_in_reaction_minutes),
        at_rate_changes=clinic.vitals_at_rate_changes,
        after_end=tuple(timedelta(minutes=each) for each in clinic.vitals_after_end_minutes),
    )


def _minutes(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)
