"""Some people would come sooner, two visits of the coming days were called off: the waitlist."""

from datetime import datetime, time, timedelta

from clinics.models import Role
from core.actor import Actor
from core.zones import local_date
from infusion.demo.setting import Setting
from scheduling.models import Booking, Course, Visit
from scheduling.selectors import unbooked_due
from scheduling.services.bookings import cancel
from scheduling.services.offers import decline_offer, offer_place
from scheduling.services.waiting import Wished, join_waitlist
from scheduling.waitlist import read_waitlist

WISHES = (
    Wished(notice_hours=4),
    Wished(weekdays=frozenset({0, 2, 4}), notice_hours=24),
    Wished(half="morning", leaves_by=time(15), notice_hours=48),
    Wished(weekdays=frozenset({1, 3}), arrives_from=time(9), notice_hours=24),
    Wished(half="afternoon", notice_hours=12),
    Wished(notice_hours=72),
)
A_DAY = 1440  # minutes
SOON = timedelta(days=24)


def fill_waitlist(setting: Setting, now: datetime) -> None:
    """Put some doses on the waitlist, call off visits of the coming days, offer a place or two."""
    actor = setting.actor(Role.SCHEDULER)
    today = local_date(now, setting.clinic.time_zone)
    late = [
        row.visit_id
        for row in unbooked_due(actor, today, now=now)
        if row.state in {"overdue", "due"}
    ]
    booked = Visit.objects.filter(
        clinic=setting.clinic, status=Visit.Status.BOOKED, course__status=Course.Status.ACTIVE,
        day__gt=today + SOON, earliest_on__lt=today + SOON,
    )  # fmt: skip
    people = [*late[:3], *booked.order_by("day", "pk").values_list("pk", flat=True)[:3]]
    for visit_id, wished in zip(people, WISHES, strict=False):
        join_waitlist(visit_id=visit_id, wished=wished, actor=actor, now=now)
    _call_off(setting, actor, now)
    _offer(actor, now)


def _call_off(setting: Setting, actor: Actor, now: datetime) -> None:
    soon = Booking.objects.filter(
        clinic=setting.clinic, status=Booking.Status.CONFIRMED, visit__waitlist_entries=None,
        period__startswith__gt=now + timedelta(days=1),
        period__startswith__lt=now + SOON,
    )  # fmt: skip
    for booking in soon.order_by("period", "pk")[:4]:
        cancel(booking_id=booking.pk, reason="Has a cold.", actor=actor, now=now)


def _offer(actor: Actor, now: datetime) -> None:
    """Offer the first place that fits to the first, who says no, and then to the next."""
    for says_no in (True, False):
        places = (place for place in read_waitlist(actor, now=now).free if place.suited)
        place = next(places, None)
        if place is None:
            return
        one = place.suited[0]
        offer = offer_place(
            entry_id=one.line.row.entry_id, chair_id=place.chair_id, start=one.start,
            minutes=A_DAY, actor=actor, now=now,
        )  # fmt: skip
        if says_no:
            decline_offer(offer_id=offer.pk, actor=actor, now=now)
