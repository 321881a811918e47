"""Something goes wrong in the days to come, so that the conflicts have something to show: a chair
breaks in which somebody is booked, and a nurse will be away."""

from datetime import datetime, timedelta

from django.db.models import Count

from clinics.models import Role
from core.zones import local_date
from infusion.demo.setting import Setting
from scheduling.disruption.what import ChairOut, NursesAway
from scheduling.models import Booking
from scheduling.services.disruptions import record_disruption

FIRST, LAST = timedelta(days=2), timedelta(days=40)


def disrupt(setting: Setting, now: datetime) -> None:
    """Break a chair on the first busy day that is not near, and send a nurse home a day later.

    Written down by the scheduler, through the services; nobody's booking moves.
    """
    clinic, scheduler = setting.clinic, setting.actor(Role.SCHEDULER)
    today = local_date(now, clinic.time_zone)
    coming = Booking.objects.filter(
        clinic=clinic, status=Booking.Status.CONFIRMED, period__isnull=False,
        clinic_day__date__range=(today + FIRST, today + LAST),
    )  # fmt: skip
    busiest = coming.values("clinic_day").annotate(n=Count("pk")).order_by("-n", "clinic_day__date")
    first = busiest.first()
    if first is None:
        return
    booking = coming.filter(clinic_day=first["clinic_day"]).order_by("period", "pk")[0]
    assert booking.chair_id is not None  # the constraint booking_place_whole
    record_disruption(
        what=ChairOut(
            chair_id=booking.chair_id, starts=booking.period.lower,
            ends=booking.period.lower + timedelta(hours=3), reason="Motor does not lift",
        ),
        actor=scheduler, now=now,
    )  # fmt: skip
    day = booking.clinic_day.date + timedelta(days=1)
    record_disruption(
        what=NursesAway(day=day, nurse_id=setting.users[Role.NURSE].pk, reason="Training"),
        actor=scheduler, now=now,
    )  # fmt: skip
