"""The rounds over every clinic. A lost tick costs an hour at most, never a dose."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError

from clinics.models import Clinic
from core import clock
from core.errors import NotFound, Refusal
from core.zones import local_date
from scheduling.days import clinics_with_expired_holds
from scheduling.plan_jobs import TASK as PLAN
from scheduling.plan_jobs import begin_nights, work_on
from scheduling.rolling import ad_hoc_of_the_dead, courses_of_the_dead, days_to_plan
from scheduling.services.ad_hoc import drop_after_death
from scheduling.services.holds import expire_holds
from scheduling.services.promised import propose_times
from scheduling.services.rolling import close_after_death
from scheduling.services.rolling import roll_calendars as roll_one_batch


@shared_task(ignore_result=True)
def roll_calendars() -> None:
    """Close what is over, free what has expired, write the doses that have come in sight."""
    now = clock.now()
    clinics = Clinic.objects.values_list("pk", flat=True)
    _every(partial(round_of, clinic_id, now=now) for clinic_id in clinics)


@shared_task(ignore_result=True)
def free_expired_holds() -> None:
    """Free the times nobody confirmed, soon after they expire; the hourly round would too."""
    now = clock.now()
    for clinic_id in clinics_with_expired_holds(now):
        expire_holds(clinic_id=clinic_id, now=now)


def round_of(clinic_id: UUID, *, now: datetime) -> None:
    """Do one clinic's round, each course's changes in a transaction of their own or of a batch.

    Raises an ExceptionGroup of what was refused, once everything else is done.
    """
    _every(_steps(clinic_id, now))


def _steps(clinic_id: UUID, now: datetime) -> Iterator[Callable[[], object]]:
    for course_id in courses_of_the_dead(clinic_id):
        yield partial(close_after_death, course_id=course_id, clinic_id=clinic_id, now=now)
    for visit_id in ad_hoc_of_the_dead(clinic_id):
        yield partial(drop_after_death, visit_id=visit_id, clinic_id=clinic_id, now=now)
    yield partial(expire_holds, clinic_id=clinic_id, now=now)
    clinic = Clinic.objects.get(pk=clinic_id)
    for day in days_to_plan(clinic, local_date(now, clinic.time_zone)):
        yield partial(propose_times, clinic_id=clinic_id, day=day, now=now)
    yield partial(_roll, clinic_id, now)


def _every(steps: Iterable[Callable[[], object]]) -> None:
    """Run every step, whatever one of them comes to: a day that is refused must not keep other
    days, and other clinics, from theirs."""
    refused: list[Exception] = []
    for step in steps:
        try:
            step()
        except (Refusal, DatabaseError, ExceptionGroup) as problem:
            refused.append(problem)
    if refused:
        raise ExceptionGroup("steps of a round", refused)


def _roll(clinic_id: UUID, now: datetime) -> None:
    done = roll_one_batch(clinic_id=clinic_id, now=now)
    while done is not None:
        done = roll_one_batch(clinic_id=clinic_id, now=now, after=done)


@shared_task(ignore_result=True)
def plan_nights() -> None:
    """Open the night's plans where it is night, and hand whatever waits to the workers."""
    begin_nights(clock.now())


@shared_task(name=PLAN, ignore_result=True)
def run_plan(run_id: str) -> None:
    """Work on a planner run. A second delivery of the same id finds nothing left to do."""
    with suppress(NotFound):
        work_on(UUID(run_id))
