"""Why a booking cannot stay, and how far from it another time is: in the words of the desk."""

from datetime import date, datetime

from core import display
from scheduling.disruption.affected import Affected

CAPACITY = ("NURSES-NONE", "NURSES-STARTS", "NURSES-POINTS", "PHARMACY-FULL")


def why_words(affected: Affected, chair: str) -> str:
    """Say what stands in the way of one booking; `chair` is the label of its chair."""
    first = affected.obstacles[0]
    if first.id == "CHAIR-TAKEN":
        return f"{chair} is out of use at that time."
    if first.id == "CHAIR-OUT":
        return f"{chair} is not in use any more."
    return first.words


def elsewhen_words(
    was_on: date,
    was_at: datetime | None,
    day: date,
    start: datetime,
    *,
    in_window: bool,
) -> str:
    """Say how a new time differs from the old one."""
    if day == was_on and was_at is not None:
        if start == was_at:
            return "Same time, another chair"
        side = "later" if start > was_at else "earlier"
        return f"Same day, {display.duration(abs(start - was_at))} {side}"
    apart = abs((day - was_on).days)
    count = f"{apart} day{'' if apart == 1 else 's'}"
    side = "later" if day > was_on else "earlier"
    return f"{count} {side}" if in_window else f"{count} {side}, outside the window"
