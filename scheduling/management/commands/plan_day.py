"""manage.py plan_day: plan days of one clinic or of all, without a broker or a worker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from clinics.models import Clinic
from clinics.permissions import BOOKINGS_CHANGE
from core import clock
from core.actor import system_actor
from core.zones import local_date
from scheduling.plan_input import Options
from scheduling.plan_jobs import work_on
from scheduling.planner_model import PlannerRun
from scheduling.services.planner_runs import request_plan


class Command(BaseCommand):
    help = "Plan a day, or days in a row, for whoever then accepts it; or the runs that wait."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", help="a clinic's slug; every clinic by default")
        parser.add_argument("--on", type=date.fromisoformat, help="a date; tomorrow by default")
        parser.add_argument("--days", type=int, default=1, help="how many days from there")
        parser.add_argument("--jobs", type=int, default=2, help="clinics planned side by side")
        parser.add_argument("--overtime", type=int, default=0, help="minutes after closing")
        parser.add_argument("--waiting", action="store_true", help="take up the runs that wait")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        runs = self._waiting() if options["waiting"] else self._requested(options)
        with ThreadPoolExecutor(max(1, options["jobs"])) as pool:
            list(pool.map(_work, runs))
        for run in PlannerRun.objects.filter(pk__in=runs).select_related("clinic"):
            self.stdout.write(f"{run.clinic.slug} {run.first_on} {run.status}")
            for day in run.result.get("days", []):
                self.stdout.write(f"  {day['date']} {' · '.join(day['words'])}")
            if run.problem:
                self.stderr.write(f"  {run.problem}")

    def _waiting(self) -> list[UUID]:
        waiting = PlannerRun.objects.filter(status=PlannerRun.Status.QUEUED)
        return list(waiting.order_by("requested_at").values_list("pk", flat=True))

    def _requested(self, options: dict[str, Any]) -> list[UUID]:
        clinics = Clinic.objects.order_by("slug")
        if options["clinic"]:
            clinics = clinics.filter(slug=options["clinic"])
        now = clock.now()
        asked = []
        for clinic in clinics:
            first = options["on"] or local_date(now, clinic.time_zone) + timedelta(days=1)
            run = request_plan(
                first_on=first, last_on=first + timedelta(days=options["days"] - 1),
                options=Options(overtime_minutes=options["overtime"]),
                actor=system_actor(clinic.pk, BOOKINGS_CHANGE), now=now,
            )  # fmt: skip
            asked.append(run.pk)
        return asked


def _work(run_id: UUID) -> None:
    try:
        work_on(run_id)
    finally:
        connection.close()
