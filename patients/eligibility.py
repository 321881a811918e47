"""Who may be offered a booking at all: adults who are alive, by the clinic's own calendar."""

from datetime import date
from enum import StrEnum

from django.db.models import Q

from patients.models import Patient

ADULT_AT = 18  # years; source article: efficacy in children is not established


class NotBookable(StrEnum):
    """Why somebody is never offered for booking."""

    DECEASED = "deceased"
    UNDER_18 = "under_18"


def latest_adult_birthday(today: date) -> date:
    """Return the last birth date with which one is 18 on `today`.

    Somebody born on 29 February comes of age on 1 March of a year without that day.
    """
    try:
        return today.replace(year=today.year - ADULT_AT)
    except ValueError:
        return date(today.year - ADULT_AT, 2, 28)


def why_not_bookable(patient: Patient, today: date) -> NotBookable | None:
    """Return why `patient` must not be booked on the clinic's local `today`; None when they may."""
    if patient.is_deceased:
        return NotBookable.DECEASED
    if patient.birth_date > latest_adult_birthday(today):
        return NotBookable.UNDER_18
    return None


def bookable(today: date) -> Q:
    """Return the same rule as a filter on patients."""
    return Q(
        deceased_on__isnull=True,
        deceased_undated=False,
        birth_date__lte=latest_adult_birthday(today),
    )
