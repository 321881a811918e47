"""The night's plans: for each clinic and day one run, opened as a row and read by a person.

The rows are the truth. The queue only carries their ids to a worker, again and again until one has
taken them up, so that what is lost on the way is lost for minutes. Nothing here accepts a plan.
"""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from django.db.models import F

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command
from scheduling.plan_input import Options
from scheduling.planner_model import PlannerRun
from scheduling.services.planner_runs import LOST, LOST_AFTER, SECONDS

MOST_ATTEMPTS = 2  # a run that took its worker down twice is left to a person

Status = PlannerRun.Status


@command
def open_night(
    *, clinic_id: UUID, days: list[date], night_of: date, actor: Actor, now: datetime
) -> int:
    """Open this night's run for each of `days` that has none; return how many were opened.

    Confirmed times stay where they are, nobody stays after closing, and nothing changes before a
    person accepts it. Two that open the same night at once open it once.
    """
    actor.require(BOOKINGS_CHANGE)
    kind = PlannerRun.Kind.DAY
    runs = [
        PlannerRun(
            clinic_id=clinic_id, kind=kind, first_on=day, last_on=day, night_of=night_of,
            options=asdict(Options()), seconds=SECONDS[kind], requested_at=now, alive_at=now,
        )
        for day in days
    ]  # fmt: skip
    PlannerRun.objects.bulk_create(runs, ignore_conflicts=True)
    opened = list(PlannerRun.objects.filter(pk__in=[run.pk for run in runs]))
    for run in opened:
        audit.record(
            "plan.requested", run, actor=actor, now=now, first=run.first_on, last=run.last_on
        )
    return len(opened)


@command
def take_back_lost(*, now: datetime) -> int:
    """Let night runs whose worker is gone wait again, or close those that lost two; return how
    many were found."""
    lost = PlannerRun.objects.filter(
        night_of__isnull=False, status=Status.RUNNING, alive_at__lt=now - LOST_AFTER
    )
    again = lost.filter(attempts__lt=MOST_ATTEMPTS).update(
        status=Status.QUEUED, progress=0, alive_at=now, version=F("version") + 1
    )
    closed = lost.update(
        status=Status.FAILED, finished_at=now, problem=LOST, version=F("version") + 1
    )
    return again + closed
