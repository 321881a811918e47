"""Working on a planner run: in a Celery worker, on the command line, or, when there is neither,
in the request that asked.

The days are planned in threads, each waiting for its own solver process; only the thread that
began the run speaks to the database. It looks about once a second whether the run is still
wanted and moves its progress on.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Any, TypeVar
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from clinics.models import Clinic
from clinics.permissions import BOOKINGS_CHANGE
from core import clock
from core.actor import system_actor
from core.errors import Refusal
from core.zones import local_date
from scheduling.plan_input import Collected, Options, collect
from scheduling.plan_nights import days_of_night, is_night, runs_waiting
from scheduling.plan_result import result_of
from scheduling.planner.parent import assign_apart, solve_apart
from scheduling.planner.values import InfeasibleInput
from scheduling.planner.weeks import WeekPlan, plan_weeks
from scheduling.planner.what_if import WhatIf, what_ifs
from scheduling.planner_model import PlannerRun
from scheduling.services.holds import expire_holds
from scheduling.services.planner_nights import open_night, take_back_lost
from scheduling.services.planner_runs import fail_plan, finish_plan, move_plan_on, take_plan

TASK = "scheduling.tasks.run_plan"
AT_ONCE = 2  # solver processes side by side
WHAT_IF_SECONDS, WHAT_IF_DAYS = 1.5, 4  # for each change; days of a run that are asked about
LOOK_EVERY = 1.0  # seconds between two looks at the run
ROUNDS_WITHIN = timedelta(seconds=40)  # of the start: the last round may take as long again
NUDGE_LASTS = 280  # seconds: shorter than a tick, so that none waits twice in the queue
BROKEN = "Something unexpected stopped the planner. Nothing was changed."

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
R = TypeVar("R")


def start(run: PlannerRun) -> bool:
    """Hand a run to a worker; return False when there is no broker to hand it to."""
    return _hand_over(run.pk)


def begin_nights(now: datetime) -> int:
    """Open the runs of every clinic where it is night, and hand all that wait to the workers.

    Returns how many were handed over. Done again, it opens nothing twice, and a run that is handed
    over twice is worked on once: a lost queue costs one tick.
    """
    take_back_lost(now=now)
    for clinic in Clinic.objects.order_by("pk"):
        if is_night(clinic, now):
            tonight = local_date(now, clinic.time_zone)
            open_night(
                clinic_id=clinic.pk, days=days_of_night(clinic, tonight), night_of=tonight,
                actor=system_actor(clinic.pk, BOOKINGS_CHANGE), now=now,
            )  # fmt: skip
    handed = 0
    for run_id in runs_waiting():
        if not _hand_over(run_id, expires=NUDGE_LASTS):
            break
        handed += 1
    return handed


def _hand_over(run_id: UUID, *, expires: float | None = None) -> bool:
    try:
        current_app.send_task(TASK, [str(run_id)], retry=False, expires=expires)
    except OperationalError:
        logger.warning("no broker: plan %s is not handed to a worker", run_id)
        return False
    return True


def work_on(run_id: UUID, now: Clock = clock.now) -> None:
    """Plan a waiting run, and close it whatever happens. Raises NotFound when it is not waiting."""
    run = take_plan(run_id=run_id, now=now())
    try:
        expire_holds(clinic_id=run.clinic_id, now=now())
        collected = collect(
            run.clinic, run.first_on, run.last_on, Options(**run.options), now=now()
        )
        watch = _Watch(run.pk, now)
        plan = _plan(run, collected, watch)
        more = _what_ifs(run, collected, plan, watch)
        finish_plan(run_id=run_id, result=result_of(collected, plan, more), now=now())
    except InfeasibleInput as clash:
        words = " ".join(["What is promised already cannot be kept:", *clash.words])
        fail_plan(run_id=run_id, problem=words, now=now())
    except Refusal as refusal:
        fail_plan(run_id=run_id, problem=refusal.message, now=now())
    except Exception:
        fail_plan(run_id=run_id, problem=BROKEN, now=now())
        raise


def _plan(run: PlannerRun, collected: Collected, watch: "_Watch") -> WeekPlan:
    seconds = float(run.seconds)
    return plan_weeks(
        collected.visits,
        collected.days,
        solver=partial(solve_apart, seconds=seconds, stop=watch.stopped.is_set),
        assigner=partial(assign_apart, seconds=seconds, stop=watch.stopped.is_set),
        together=watch.together,
        told=watch.told,
        going=watch.has_time,
    )


def _what_ifs(
    run: PlannerRun, collected: Collected, plan: WeekPlan, watch: "_Watch"
) -> dict[int, list[WhatIf]]:
    """Return what would help on the days that are too full, for the first few of them."""
    if collected.options.only_doses:
        return {}
    solver = partial(solve_apart, seconds=WHAT_IF_SECONDS, stop=watch.stopped.is_set)
    tight = [
        day for day, one in sorted(plan.plans.items())
        if one.unplaced or one.tier("overtime").value
    ][:WHAT_IF_DAYS]  # fmt: skip
    jobs = []
    for day in tight:
        mine = {name for name, given in plan.days.items() if given == day}
        mine.update(out.visit for out in plan.unplaced if out.day == day)
        visits = [one.visit for one in collected.visits if one.visit.id in mine]
        whole = plan.plans[day]
        jobs.append(partial(what_ifs, visits, collected.days[day], whole, solver=solver))
    return dict(zip(tight, watch.together(jobs), strict=True)) if jobs else {}


class _Watch:
    """Between a run's row and the threads that plan: progress out, cancelling in."""

    def __init__(self, run_id: UUID, now: Clock) -> None:
        self.run_id, self.now = run_id, now
        self.stopped = Event()
        self.percent = 0
        self.begun = now()

    def has_time(self) -> bool:
        """Whether another round of the days may begin."""
        return not self.stopped.is_set() and self.now() - self.begun < ROUNDS_WITHIN

    def told(self, percent: int) -> None:
        """Hear that a round is over."""
        self.percent = max(self.percent, min(percent, 99))

    def look(self) -> None:
        """Move the run on; when nobody wants it any more, let every solver end."""
        if not move_plan_on(run_id=self.run_id, progress=self.percent, now=self.now()):
            self.stopped.set()

    def together(self, jobs: Iterable[Callable[[], R]]) -> list[R]:
        """Run the jobs side by side, looking at the run in between."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures: list[Future[R]] = [pool.submit(job) for job in jobs]
            pending: set[Future[Any]] = set(futures)
            while pending:
                done, pending = wait(pending, timeout=LOOK_EVERY)
                share = (len(futures) - len(pending)) * 90 // max(1, len(futures))
                self.told(max(self.percent, 5 + share if done else self.percent))
                self.look()
            return [future.result() for future in futures]
