"""The life of a planner run: asked for, taken up, moved on, over. The plan is made in between.

No command here takes a row lock: each step is one conditional UPDATE, so of two workers, or of a
worker and somebody who cancels, one finds nothing left to change.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from clinics.models import Clinic
from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command, joins
from core.errors import Conflict, Invalid, NotFound
from core.zones import local_date
from scheduling.models import Visit
from scheduling.plan_due import last_day
from scheduling.plan_input import Options
from scheduling.planner_model import PlannerRun

LONGEST = 28  # days in one run
MOST_OVERTIME = 180
MOST_DOSES = 200  # chosen doses in one run
FARTHEST = timedelta(days=91)  # how far ahead a time is sought for chosen doses
SECONDS = {  # for the solver, each day
    PlannerRun.Kind.DAY: 10, PlannerRun.Kind.WEEKS: 5, PlannerRun.Kind.DOSES: 5,
}  # fmt: skip
LOST_AFTER = timedelta(minutes=5)
LOST = "It stopped half-way. Nothing was changed. Please plan again."

Status = PlannerRun.Status


@command
def request_plan(
    *, first_on: date, last_on: date, options: Options, actor: Actor, now: datetime
) -> PlannerRun:
    """Open a run over the days from `first_on` to `last_on`, as somebody asked for it.

    Raises Invalid for days that have passed, that run backwards or are too many, and for more
    overtime than is ever allowed.
    """
    actor.require(BOOKINGS_CHANGE)
    clinic = Clinic.objects.get(pk=actor.clinic_id)
    _refuse_span(first_on, last_on, local_date(now, clinic.time_zone))
    if not 0 <= options.overtime_minutes <= MOST_OVERTIME:
        raise Invalid("That is too much overtime.", {"overtime": [f"0 to {MOST_OVERTIME}."]})
    _close_lost(clinic, now)
    kind = PlannerRun.Kind.DAY if first_on == last_on else PlannerRun.Kind.WEEKS
    return _opened(clinic, kind, (first_on, last_on), options, actor=actor, now=now)


@command
def request_times(*, visit_ids: Sequence[UUID], actor: Actor, now: datetime) -> PlannerRun:
    """Open a run that seeks a time for each of these doses and touches nobody else.

    Raises Invalid when none of them waits to be booked in this clinic, or there are too many.
    """
    actor.require(BOOKINGS_CHANGE)
    clinic = Clinic.objects.get(pk=actor.clinic_id)
    today = local_date(now, clinic.time_zone)
    doses = list(
        Visit.objects.filter(pk__in=set(visit_ids), clinic=clinic, status=Visit.Status.PLANNED)
        .only("pk", "latest_on").order_by("pk")[: MOST_DOSES + 1]
    )  # fmt: skip
    if not doses:
        raise Invalid("Nobody was chosen who waits for a time.", {"visit": ["Choose somebody."]})
    if len(doses) > MOST_DOSES:
        raise Invalid("These are too many.", {"visit": [f"At most {MOST_DOSES} at once."]})
    _close_lost(clinic, now)
    first = today + timedelta(days=1)
    last = min(max(last_day(dose, today) for dose in doses), today + FARTHEST)
    options = Options(doses=[str(dose.pk) for dose in doses])
    span = (first, max(first, last))
    return _opened(clinic, PlannerRun.Kind.DOSES, span, options, actor=actor, now=now)


@joins
def _opened(
    clinic: Clinic, kind: PlannerRun.Kind, span: tuple[date, date], options: Options, *,
    actor: Actor, now: datetime,
) -> PlannerRun:  # fmt: skip
    first_on, last_on = span
    run = PlannerRun.objects.create(
        clinic=clinic, kind=kind, first_on=first_on, last_on=last_on, options=asdict(options),
        seconds=SECONDS[kind], requested_at=now, requested_by_id=actor.user_id, alive_at=now,
    )  # fmt: skip
    audit.record("plan.requested", run, actor=actor, now=now, first=first_on, last=last_on)
    return run


def _close_lost(clinic: Clinic, now: datetime) -> None:
    PlannerRun.objects.filter(
        clinic=clinic, status=Status.RUNNING, alive_at__lt=now - LOST_AFTER
    ).update(status=Status.FAILED, finished_at=now, problem=LOST, version=F("version") + 1)


def _refuse_span(first_on: date, last_on: date, today: date) -> None:
    if first_on < today:
        words = f"That day has passed. Choose {today:%d-%b-%Y} or later."
        raise Invalid("That day has passed.", {"first_on": [words]})
    if last_on < first_on:
        raise Invalid("The last day is before the first.", {"last_on": ["Choose a later day."]})
    if (last_on - first_on).days >= LONGEST:
        raise Invalid("That is too long.", {"last_on": [f"At most {LONGEST} days at once."]})


@command
def take_plan(*, run_id: UUID, now: datetime) -> PlannerRun:
    """Take up a waiting run. Raises NotFound when somebody else has."""
    taken = PlannerRun.objects.filter(pk=run_id, status=Status.QUEUED).update(
        status=Status.RUNNING, alive_at=now, attempts=F("attempts") + 1, version=F("version") + 1
    )
    if not taken:
        raise NotFound
    return PlannerRun.objects.select_related("clinic").get(pk=run_id)


@command
def move_plan_on(*, run_id: UUID, progress: int, now: datetime) -> bool:
    """Keep how far a run is, in percent; return whether it is still wanted."""
    changed = PlannerRun.objects.filter(pk=run_id, status=Status.RUNNING).update(
        alive_at=now, progress=progress
    )
    return bool(changed)


@command
def finish_plan(*, run_id: UUID, result: dict[str, Any], now: datetime) -> bool:
    """Keep the result of a run nobody has cancelled; return whether it was kept."""
    changed = PlannerRun.objects.filter(pk=run_id, status=Status.RUNNING).update(
        status=Status.DONE, result=result, progress=100,
        alive_at=now, finished_at=now, version=F("version") + 1,
    )  # fmt: skip
    return bool(changed)


@command
def fail_plan(*, run_id: UUID, problem: str, now: datetime) -> None:
    """Close a run that could not go on, with words for whoever asked."""
    PlannerRun.objects.filter(pk=run_id, status__in=PlannerRun.UNFINISHED).update(
        status=Status.FAILED, problem=problem[:500], finished_at=now, version=F("version") + 1
    )


@command
def cancel_plan(*, run_id: UUID, actor: Actor, now: datetime) -> PlannerRun:
    """Stop a run that is waiting or running; whoever works on it notices within a second.

    Raises NotFound for another clinic's run, Conflict when it is over.
    """
    actor.require(BOOKINGS_CHANGE)
    run = PlannerRun.objects.filter(pk=run_id, clinic_id=actor.clinic_id)
    if not run.exists():
        raise NotFound
    stopped = run.filter(status__in=PlannerRun.UNFINISHED).update(
        status=Status.CANCELLED, finished_at=now, version=F("version") + 1
    )
    if not stopped:
        raise Conflict("This plan is finished already.")
    cancelled = run.get()
    audit.record("plan.cancelled", cancelled, actor=actor, now=now)
    return cancelled
