"""Whose dose is booked first: by what waiting does, then by how long it has lasted. Pure."""

from enum import IntEnum


class Urgency(IntEnum):
    """Why a dose waits at its place on the due list, the most urgent first.

    A course that paused for long needs a prescriber before anything can be booked. Half a first
    dose without its other half is not a whole dose. Then what is past its window, then who did
    not come, then what is in its window, then what is to come.
    """

    PRESCRIBER = 0
    HALF_DOSE = 1
    OVERDUE = 2
    DID_NOT_COME = 3
    DUE = 4
    COMING = 5


def urgency(*, state: str, second_half: bool, days_past_due: int, no_shows: int) -> Urgency:
    """Return the place of a dose; `state` is its code on the due list."""
    if state == "prolonged_gap":
        return Urgency.PRESCRIBER
    if second_half and days_past_due > 0:
        return Urgency.HALF_DOSE
    if state == "overdue":
        return Urgency.OVERDUE
    if no_shows:
        return Urgency.DID_NOT_COME
    return Urgency.DUE if state == "due" else Urgency.COMING
