"""Which days are planned tonight, and which runs still wait for a worker. Reading only."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinics.models import Clinic
from scheduling.days import openings
from scheduling.models import Booking
from scheduling.planner_model import PlannerRun

FROM, UNTIL = (
    time(2),
    time(12),
)  # on the clinic's clock; in the morning a plan is still of use
NEXT_WITHIN = timedelta(days=7)  # how far ahead the next open day is looked for
MOST_DAYS = 4
HANDED_AT_ONCE = 1000


def is_night(clinic: Clinic, now: datetime) -> bool:
    """Whether the clinic's clock stands in the hours in which its days are planned."""
    return FROM <= now.astimezone(ZoneInfo(clinic.time_zone)).time() < UNTIL


def days_of_night(clinic: Clinic, today: date) -> list[date]:
    """Return the days to plan tonight: the next one the clinic opens on, and those after it whose
    times are soon to be told while somebody holds them without one. Empty days need no plan."""
    ahead = [today + timedelta(days=n) for n in range(1, NEXT_WITHIN.days + 1)]
    opened = openings(clinic, ahead)
    following = next((day for day in ahead if opened[day].slots), None)
    if following is None:
        return []
    booked = Booking.objects.filter(clinic=clinic, status__in=Booking.ACTIVE)
    until = today + timedelta(days=clinic.confirm_days_before + 1)
    without = booked.filter(
        status=Booking.Status.DAY_HELD, clinic_day__date__range=(following, max(following, until))
    )
    days = set(without.values_list("clinic_day__date", flat=True))
    if booked.filter(clinic_day__date=following).exists():
        days.add(following)
    return sorted(days)[:MOST_DAYS]


def runs_waiting() -> list[UUID]:
    """Return the runs that no worker has taken up, the oldest first."""
    waiting = PlannerRun.objects.filter(status=PlannerRun.Status.QUEUED)
    return list(waiting.order_by("requested_at").values_list("pk", flat=True)[:HANDED_AT_ONCE])
