"""Some people would come sooner, some visits of the coming days were called off: the waitlist."""

from collections.abc import Iterator
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
from scheduling.waitlist import Free, read_waitlist

# The first three, who are late, take almost any place: one says no, one has an offer, one is left.
WISHES = (
    Wished(notice_hours=4),
    Wished(leaves_by=time(18), notice_hours=24),
    Wished(notice_hours=24),
    Wished(weekdays=frozenset({0, 2, 4}), notice_hours=24),
    Wished(half="morning", leaves_by=time(15), notice_hours=48),
    Wished(weekdays=frozenset({1, 3}), arrives_from=time(9), notice_hours=24),
)
A_DAY = 1440  # minutes
SOON = timedelta(days=24)
OPEN = 2  # places that suit somebody, left for whoever looks at the demo
MOST_CALLED_OFF = 8


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
    booked_later = booked.order_by("day", "pk").values_list("pk", flat=True)[:3]
    people = [*late[:3], *booked_later, *late[3:]]
    for visit_id, wished in zip(people, WISHES, strict=False):
        join_waitlist(visit_id=visit_id, wished=wished, actor=actor, now=now)
    ill = _who_fall_ill(setting, now)
    for says_no in (True, False):
        _call_off(ill, actor, now, until=1)
        _offer(actor, now, says_no=says_no)
    _call_off(ill, actor, now, until=OPEN)


def _who_fall_ill(setting: Setting, now: datetime) -> Iterator[Booking]:
    """Yield the doses that may be called off, the soonest first."""
    soon = Booking.objects.filter(
        clinic=setting.clinic, status=Booking.Status.CONFIRMED, visit__waitlist_entries=None,
        visit__course__isnull=False,
        period__startswith__gt=now + timedelta(days=1),
        period__startswith__lt=now + SOON,
    )  # fmt: skip
    yield from soon.order_by("period", "pk")[:MOST_CALLED_OFF]


def _suited(actor: Actor, now: datetime) -> list[Free]:
    return [place for place in read_waitlist(actor, now=now).free if place.suited]


def _call_off(ill: Iterator[Booking], actor: Actor, now: datetime, *, until: int) -> None:
    """Call off one visit after the other, until so many free places suit somebody."""
    while len(_suited(actor, now)) < until and (booking := next(ill, None)):
        cancel(booking_id=booking.pk, reason="Has a cold.", actor=actor, now=now)


def _offer(actor: Actor, now: datetime, *, says_no: bool) -> None:
    """Offer the first place that fits to the first it fits."""
    for place in _suited(actor, now)[:1]:
        one = place.suited[0]
        offer = offer_place(
            entry_id=one.line.row.entry_id, chair_id=place.chair_id, start=one.start,
            minutes=A_DAY, actor=actor, now=now,
        )  # fmt: skip
        if says_no:
            decline_offer(offer_id=offer.pk, actor=actor, now=now)
