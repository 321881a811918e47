"""Why a time is proposed, and what stops one and what would free it: in the words of the desk."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from scheduling.capacity import Day, Load, fits, mask
from scheduling.slot_search import Miss, Proposal, Sought

QUIET = 60  # percent of the nurses' watching in use: below it a time is called quiet


def due_words(day: date, sought: Sought) -> str:
    """Say how far `day` is from the due date, and whether it is inside the window; of an ad-hoc
    visit whether it is one of the days asked for."""
    if sought.is_asked_for:
        late = (day - sought.latest).days
        after = f"{late} day{'' if late == 1 else 's'} after the last day it is wanted on."
        return after if late > 0 else "One of the days it is wanted on."
    apart = (day - sought.due).days
    if apart == 0:
        return "On the due date."
    count = f"{abs(apart)} day{'' if abs(apart) == 1 else 's'}"
    side = "after" if apart > 0 else "before"
    inside = "inside" if sought.earliest <= day <= sought.latest else "outside"
    return f"{count} {side} the due date, {inside} the window."


def reasons_for(
    proposal: Proposal, day: Day, sought: Sought, labels: Mapping[UUID, str]
) -> tuple[str, ...]:
    """Say what speaks for a proposed time, the weightiest first."""
    words = [due_words(proposal.day, sought)]
    hands = next((n for n, start in enumerate(sought.load.starts) if start), None)
    chair = f"{labels[proposal.chair]} is free"
    if hands is None:
        words.append(f"{chair}.")
    else:
        at = day.grid.label(proposal.slot + hands)
        words.append(f"{chair}; a nurse is free to start at {at}.")
    if sought.wishes != type(sought.wishes)():
        words.append("As wished.")
    if proposal.busy <= QUIET:
        words.append(f"A quiet time: the nurses' watching is {proposal.busy} % full at most.")
    if not proposal.wasted:
        words.append("Leaves no gap in the chair that is too short to use.")
    if proposal.chair in day.isolation and not sought.load.isolation:
        words.append("Takes an isolation room: no other chair is free.")
    return tuple(words)


def obstacles_of(
    miss: Miss, day: Day, sought: Sought, labels: Mapping[UUID, str]
) -> tuple[tuple[str, ...], str]:
    """Return what stops the nearest miss of a day, and what would free it."""
    if miss.slot is None:
        return (_why_never(day, sought.load),), _REMEDIES[miss.broken[0]]
    chair = least_taken(day, sought.load, miss.slot)
    said = {}
    if chair is not None:
        said = {each.id: each.words for each in fits(day, sought.load, miss.slot, chair)}
    words = [said.get(code) or _WORDS.get(code, "") for code in miss.broken]
    free = [_REMEDIES[code] for code in miss.broken]
    if "CHAIR-TAKEN" in miss.broken and chair is not None:
        nearest = f"No chair is free: {labels[chair]} comes nearest."
        words[miss.broken.index("CHAIR-TAKEN")] = nearest
    return tuple(word for word in words if word), " ".join(dict.fromkeys(free))


def least_taken(day: Day, load: Load, slot: int) -> UUID | None:
    """Return the chair with the least of the visit's time taken, None when no chair would do."""
    span = mask(range(slot, slot + load.chair))
    chairs = [chair for chair in day.chairs if not load.isolation or chair in day.isolation]
    return min(chairs, key=lambda chair: (day.chairs[chair] & span).bit_count(), default=None)


def _why_never(day: Day, load: Load) -> str:
    if not day.open:
        return day.closed_because
    hours = load.care * 15 / 60
    return f"The visit takes {hours:g} hours, longer than the clinic is open."


_WORDS = {
    "CHAIR-TAKEN": "No chair is free.",
    "PATIENT-ELSEWHERE": "The patient has another visit then.",
    "WISH-WEEKDAY": "Not one of the weekdays wished for.",
    "WISH-TIME": "Not at the times wished for.",
    "WISH-NURSE": "The nurse asked for is not on duty when the infusion starts.",
    "DAY-PROMISED": "The room left is promised to visits whose day is held.",
}
_REMEDIES = {
    "CLINIC-CLOSED": "Opening that day would free it.",
    "CLINIC-HOURS": "Staying open longer that day would free it.",
    "NURSES-NONE": "A nurse on duty for the whole visit would free it.",
    "NURSES-STARTS": "One more nurse at that quarter-hour would free it.",
    "NURSES-POINTS": "One more nurse from then on would free it.",
    "PHARMACY-FULL": "One more bag from the pharmacy would free it.",
    "CHAIR-TAKEN": "Moving one visit out of a chair would free it.",
    "PATIENT-ELSEWHERE": "Moving the patient's other visit would free it.",
    "WISH-WEEKDAY": "Another weekday would do.",
    "WISH-TIME": "Other times of the day would do.",
    "WISH-NURSE": "Another nurse could start it.",
    "DAY-PROMISED": "Giving the held visits their times, or moving one, would free it.",
}
