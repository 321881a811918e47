"""Working on a planner run: in a Celery worker, on the command line, or, when there is neither,
in the request that asked.

The days are planned in threads, each waiting for its own solver process; only the thread that
began the run speaks to the database. It looks about once a second whether the run is still
wanted and moves its progress on.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from core import clock
from core.errors import Refusal
from scheduling.plan_input import Collected, Options, collect
from scheduling.plan_result import result_of
from scheduling.planner.parent import assign_apart, solve_apart
from scheduling.planner.values import InfeasibleInput, Plan
from scheduling.planner.weeks import Job, WeekPlan, plan_weeks
from scheduling.planner_model import PlannerRun
from scheduling.services.holds import expire_holds
from scheduling.services.planner_runs import fail_plan, finish_plan, move_plan_on, take_plan

TASK = "scheduling.tasks.run_plan"
AT_ONCE = 2  # solver processes side by side
LOOK_EVERY = 1.0  # seconds between two looks at the run
BROKEN = "Something unexpected stopped the planner. Nothing was changed."

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def start(run: PlannerRun) -> bool:
    """Hand a run to a worker; return False when there is no broker to hand it to."""
    try:
        current_app.send_task(TASK, [str(run.pk)], retry=False)
    except OperationalError:
        logger.warning("no broker: plan %s is not handed to a worker", run.pk)
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
        plan = _plan(run, collected, now)
        finish_plan(
            run_id=run_id, result=result_of(collected, plan), input_hash=collected.digest,
            now=now(),
        )  # fmt: skip
    except InfeasibleInput as clash:
        words = " ".join(["What is promised already cannot be kept:", *clash.words])
        fail_plan(run_id=run_id, problem=words, now=now())
    except Refusal as refusal:
        fail_plan(run_id=run_id, problem=refusal.message, now=now())
    except Exception:
        fail_plan(run_id=run_id, problem=BROKEN, now=now())
        raise


def _plan(run: PlannerRun, collected: Collected, now: Clock) -> WeekPlan:
    watch = _Watch(run.pk, now)
    seconds = float(run.seconds)
    return plan_weeks(
        collected.visits,
        collected.days,
        solver=partial(solve_apart, seconds=seconds, stop=watch.stopped.is_set),
        assigner=partial(assign_apart, seconds=seconds, stop=watch.stopped.is_set),
        together=watch.together,
        told=watch.told,
    )


class _Watch:
    """Between a run's row and the threads that plan: progress out, cancelling in."""

    def __init__(self, run_id: UUID, now: Clock) -> None:
        self.run_id, self.now = run_id, now
        self.stopped = Event()
        self.percent = 0

    def told(self, percent: int) -> None:
        """Hear that a round is over."""
        self.percent = max(self.percent, min(percent, 99))

    def look(self) -> None:
        """Move the run on; when nobody wants it any more, let every solver end."""
        if not move_plan_on(run_id=self.run_id, progress=self.percent, now=self.now()):
            self.stopped.set()

    def together(self, jobs: Iterable[Job]) -> list[Plan]:
        """Run the jobs side by side, looking at the run in between."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures: list[Future[Plan]] = [pool.submit(job) for job in jobs]
            pending: set[Future[Any]] = set(futures)
            while pending:
                done, pending = wait(pending, timeout=LOOK_EVERY)
                share = (len(futures) - len(pending)) * 90 // max(1, len(futures))
                self.told(max(self.percent, 5 + share if done else self.percent))
                self.look()
            return [future.result() for future in futures]
