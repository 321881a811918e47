"""From rows to what the matching takes: a dose that waits, and a place that is free. Reads only.

The page that lists and the service that offers both come here, so they cannot disagree.
"""

from collections.abc import Callable, Collection
from datetime import date, datetime
from functools import cache
from uuid import UUID

from clinical.findings import Severity
from scheduling import history
from scheduling.backfill import Gap, Waiting, free_runs
from scheduling.capacity import Day, load_of
from scheduling.course_in_hand import CourseInHand
from scheduling.models import Offer, PatientWishes, Visit, WaitlistEntry
from scheduling.stay import stay_of
from scheduling.urgency import Urgency, urgency
from scheduling.wishes import as_sought, notice_of


def as_waiting(
    held: CourseInHand,
    entry: WaitlistEntry,
    wishes: PatientWishes | None,
    *,
    known: history.ReactionHistory | None = None,
    declined: Collection[date] = (),
    offered: bool = False,
) -> Waiting:
    """Return one dose of the waitlist as a gap meets it; `known` saves asking for the history."""
    visit = held.visit(entry.visit_id)
    booking = held.bookings.get(visit.pk)
    first = max(visit.earliest_on, held.today)
    stay = stay_of(held.protocol, visit, held.patient, on=first, known=known)
    return Waiting(
        key=entry.pk,
        load=load_of(stay.phases(held.clinic)),
        due=visit.due_on, earliest=visit.earliest_on, latest=visit.latest_on,
        urgency=urgency_of(held, visit),
        joined=entry.joined_at,
        booked_on=booking.clinic_day.date if booking is not None else None,
        wanted_from=entry.wanted_from,
        wishes=as_sought(wishes),
        notice=notice_of(wishes),
        declined=frozenset(declined),
        offered=offered,
        stops=_stops(held, visit),
    )  # fmt: skip


def urgency_of(held: CourseInHand, visit: Visit) -> Urgency:
    """Return how urgent a dose is, by the words of the due list."""
    state = "due" if held.today >= visit.earliest_on else "due_soon"
    if held.today > visit.latest_on:
        state = "overdue"
    if held.gap_findings:
        state = "prolonged_gap"
    return urgency(
        state=state,
        second_half=1 < visit.nth_dose <= held.protocol.dosing.initial_infusions,
        days_past_due=(held.today - visit.due_on).days,
        no_shows=visit.no_shows,
    )


def _stops(held: CourseInHand, visit: Visit) -> Callable[[date], str]:
    @cache
    def words(day: date) -> str:
        never = held.why_never(visit, day)
        if never:
            return never
        found = held.findings(visit, day)
        return next((f.words for f in found if f.severity.rank >= Severity.HOLD.rank), "")

    return words


def declined_days(entry_ids: Collection[UUID]) -> dict[UUID, set[date]]:
    """Return the days each entry has said no to; one query."""
    rows = Offer.objects.filter(entry__in=entry_ids, state=Offer.State.DECLINED)
    found: dict[UUID, set[date]] = {}
    for entry, day in rows.values_list("entry", "hold__clinic_day__date"):
        found.setdefault(entry, set()).add(day)
    return found


def gap_at(day: Day, chair: UUID, slot: int, now: datetime) -> Gap | None:
    """Return what is free around one slot of a chair; None when it is not free."""
    for run in free_runs(day, chair, range(slot, slot + 1), now):
        return Gap(day=day, chair=chair, run=run)
    return None
