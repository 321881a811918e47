"""What the planner left for the scheduler: last night's plan, and times for who is due."""

from datetime import date, datetime, timedelta

from clinics.models import Clinic, Role
from clinics.permissions import BOOKINGS_CHANGE
from core.actor import system_actor
from core.zones import local_date
from infusion.demo.setting import Setting
from scheduling.models import Booking, Course, Visit
from scheduling.plan_jobs import work_on
from scheduling.planner_model import PlannerRun
from scheduling.services.planner_nights import open_night
from scheduling.services.planner_runs import request_times

DUE_SINCE, DUE_WITHIN, NIGHTS = timedelta(days=90), timedelta(days=21), 2


def plan_ahead(setting: Setting, now: datetime) -> None:
    """Plan the next days as the night would, and seek times for the doses that are due."""
    clinic = setting.clinic
    today = local_date(now, clinic.time_zone)
    open_night(
        clinic_id=clinic.pk, days=_booked_days(clinic, today)[:NIGHTS], night_of=today,
        actor=system_actor(clinic.pk, BOOKINGS_CHANGE), now=now,
    )  # fmt: skip
    due = Visit.objects.filter(
        clinic=clinic, status=Visit.Status.PLANNED,
        due_on__range=(today - DUE_SINCE, today + DUE_WITHIN), course__status=Course.Status.ACTIVE,
    )  # fmt: skip
    request_times(
        visit_ids=list(due.values_list("pk", flat=True)), actor=setting.actor(Role.SCHEDULER),
        now=now,
    )  # fmt: skip
    for run in PlannerRun.objects.filter(clinic=clinic, status=PlannerRun.Status.QUEUED):
        work_on(run.pk, now=lambda: now)


def _booked_days(clinic: Clinic, today: date) -> list[date]:
    """Return the days to come that somebody is booked on: the demo's next one may be empty."""
    booked = Booking.objects.filter(
        clinic=clinic, status__in=Booking.ACTIVE, clinic_day__date__gt=today
    )
    return sorted(set(booked.values_list("clinic_day__date", flat=True)))
