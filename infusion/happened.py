"""What really happened to visits, for the rooms below: instants only, no clinical values."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from infusion import record
from infusion.models import Infusion, InfusionEvent
from scheduling.actuals import Actual


def actual_times(visits: Collection[UUID]) -> dict[UUID, Actual]:
    """Return when each visit's infusion began and ended, and when the patient left; one query."""
    rows = Infusion.objects.filter(visit__in=visits).values_list(
        "visit_id", "started_at", "ended_at", "discharged_at"
    )
    return {
        visit_id: Actual(started_at=started, ended_at=ended, discharged_at=left)
        for visit_id, started, ended, left in rows
    }


def leaving_times(visits: Collection[UUID], now: datetime) -> dict[UUID, datetime]:
    """Return when each patient whose infusion has begun may leave, by the run's own projection.

    Whoever runs: the projected end and the observation after it; whoever is observed: the end of
    the observation, or `now` once that is over. To the minute, rounded up; two queries.
    """
    running, observing = Infusion.Status.RUNNING, Infusion.Status.OBSERVING
    rows = Infusion.objects.filter(visit__in=visits, status__in=[running, observing])
    infusions = list(rows.select_related("visit__course__clinic"))
    events: dict[UUID, list[InfusionEvent]] = defaultdict(list)
    begun = [row.pk for row in infusions if row.status == running]
    for event in InfusionEvent.objects.filter(infusion__in=begun):
        events[event.infusion_id].append(event)
    found = {row.visit_id: _leaves_at(row, events[row.pk], now) for row in infusions}
    return {visit_id: _minute(max(at, now)) for visit_id, at in found.items() if at is not None}


def _leaves_at(
    infusion: Infusion, events: Collection[InfusionEvent], now: datetime
) -> datetime | None:
    if infusion.status == Infusion.Status.OBSERVING:
        return infusion.observe_until
    course = infusion.visit.own_course
    end = record.run_state(infusion, course, events, now=now).projected_end
    return None if end is None else end + record.protocol_of(course).observation.after_end


def _minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)
