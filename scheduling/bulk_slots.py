"""Times for many patients at once, none of them the same: the due list's proposals. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from core.actor import Actor
from scheduling.capacity import with_load
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.models import Course, Visit
from scheduling.slot_search import Wishes
from scheduling.slots import BEYOND, Slot, Slots, answer_of, task_for, why_never
from scheduling.stay import stay_of
from scheduling.stored_days import Span, read_span
from scheduling.wishes import as_sought, wishes_by_patient

MOST = 40  # visits of one request: a second or two, no need to wait for a worker
REACH = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One visit of the list, and the best time for it that no visit before it took."""

    visit: Visit
    slot: Slot | None
    in_window: bool
    why: str  # what stops it, when there is no time


def propose_many(actor: Actor, visit_ids: Sequence[UUID], *, now: datetime) -> list[Offer]:
    """Return a time for each of up to MOST visits in the order given, no two in each other's way.

    Visits of another clinic, or no longer to be booked, are left out. The days are read once.
    """
    wanted = list(dict.fromkeys(visit_ids))[:MOST]
    courses = list(
        Course.objects.filter(visits__in=wanted, clinic_id=actor.clinic_id)
        .select_related("clinic", "patient")
        .distinct()
    )
    found = {
        visit.pk: (held, visit)
        for held in read_courses(courses, now=now)
        for visit in held.pending
        if visit.pk in wanted and visit.pk not in held.bookings
    }
    pairs = [found[pk] for pk in wanted if pk in found]
    if not pairs:
        return []
    today = pairs[0][0].today
    last = min(max(_last_of(visit, today) for _, visit in pairs), today + REACH)
    dates = [today + timedelta(days=n) for n in range((last - today).days + 1)]
    span = read_span(pairs[0][0].clinic, dates)
    wishes = wishes_by_patient([visit.patient_id for _, visit in pairs])
    return [
        _offer(held, visit, span, as_sought(wishes.get(visit.patient_id)), now)
        for held, visit in pairs
    ]


def _last_of(visit: Visit, today: date) -> date:
    return max(visit.latest_on, today) + BEYOND


def _offer(held: CourseInHand, visit: Visit, span: Span, wishes: Wishes, now: datetime) -> Offer:
    """Search for one visit, and take the time it is offered off the days that are left."""
    first = max(visit.earliest_on, held.today)
    why = why_never(held, visit, first)
    if why:
        return Offer(visit=visit, slot=None, in_window=False, why=why)
    stay = stay_of(held.protocol, visit, held.patient, on=first)
    last = min(_last_of(visit, held.today), max(span))
    if first > last:
        return Offer(visit=visit, slot=None, in_window=False, why="It is not due for a year.")
    task = task_for(held, visit, stay.phases(held.clinic), wishes, (first, last), span, now)
    base = Slots(
        visit=visit, booking=None, rate_option=stay.rate_option, rates=stay.rates,
        minutes=0, first=first, last=last,
    )  # fmt: skip
    answer = answer_of(base, task)
    if not answer.slots:
        missed = answer.missed[0] if answer.missed else None
        why = answer.why if missed is None else f"{' '.join(missed.why)} {missed.remedy}"
        return Offer(visit=visit, slot=None, in_window=False, why=why)
    best = answer.slots[0]
    day = span[best.day]
    slot = day.grid.slot_of(best.start)
    assert slot is not None
    span.made[best.day] = with_load(day, task.sought.load, slot, best.chair.pk)
    return Offer(visit=visit, slot=best, in_window=best.in_window, why="")
