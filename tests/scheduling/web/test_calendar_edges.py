"""Days of 23 and 25 hours, ends of months and the leap day, from the search to the day's page."""

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import OpeningHours, Role
from scheduling.days import recompute_summaries
from scheduling.models import Booking, ClinicDay, Visit
from tests.people import make_user
from tests.scheduling.builders import Desk, at, make_desk, staff

pytestmark = pytest.mark.django_db

EDGES = {
    "23 hours": (date(2026, 3, 29), 92),
    "25 hours": (date(2026, 10, 25), 100),
    "the last of a long month": (date(2027, 1, 31), 96),
    "the last of February": (date(2027, 2, 28), 96),
    "the leap day": (date(2028, 2, 29), 96),
}


@pytest.fixture(params=list(EDGES.values()), ids=list(EDGES))
def edge(request: pytest.FixtureRequest) -> Iterator[tuple[date, int]]:
    """The day and its quarter-hours; the clock shows nine o'clock a week before."""
    day, slots = request.param
    with time_machine.travel(at(day - timedelta(days=7), "09:00"), tick=False):
        yield day, slots


@pytest.fixture
def desk(edge: tuple[date, int]) -> Desk:
    """A clinic that is open on Sundays too, with nurses all that week."""
    day, _ = edge
    desk = make_desk(opens_on_holidays=True)
    for weekday in (5, 6):
        OpeningHours.objects.create(
            clinic=desk.clinic, weekday=weekday, opens=time(8), closes=time(18)
        )
    desk.clinic.shifts.all().delete()
    staff(desk.clinic, *(day + timedelta(days=n) for n in range(-1, 2)))
    return desk


def test_such_a_day_is_found_booked_shown_and_moved_by_the_wall_clock(
    edge: tuple[date, int], desk: Desk
) -> None:
    day, slots = edge
    client = Client()
    client.force_login(make_user(desk.clinic, Role.SCHEDULER, email="edge@north.example"))
    now = at(day - timedelta(days=7), "09:00")
    course = desk.course(first=day, now=now)
    visit = Visit.objects.get(course=course, dose_number=1)

    def page(name: str, *args: object, **asked: str) -> str:
        answer = client.get(reverse(name, args=[desk.clinic.slug, *args]), asked)
        assert answer.status_code == 200
        return answer.content.decode()

    found = page("visit_slots", visit.pk, first=f"{day}", last=f"{day}")
    assert f"{day:%d-%b-%Y}" in found
    assert "08:00" in found
    booked = client.post(
        reverse("visit_book", args=[desk.clinic.slug, visit.pk]),
        {"day": f"{day}", "start": at(day, "08:00").isoformat("T", "milliseconds"), "chair": "",
         "status": "confirmed"},
    )  # fmt: skip
    assert booked.status_code == 302, booked.content.decode()
    booking = Booking.objects.get()
    assert booking.period.lower == at(day, "08:00")
    row = ClinicDay.objects.get(date=day)
    assert len(row.starts) == slots
    assert "08:00" in page("day_on", day, view="list")
    assert f"{day}T08:00" in page("day_on", day, view="grid")
    assert recompute_summaries(desk.clinic, day, day) == []
    later = {"chair": str(desk.chairs[1]), "start": at(day, "13:15").isoformat("T", "milliseconds"),
             "day": f"{day}", "version": "1"}  # fmt: skip
    moved = client.post(reverse("booking_move", args=[desk.clinic.slug, booking.pk]), later)
    assert moved.status_code == 302, moved.content.decode()
    assert "13:15" in page("day_on", day, view="list")
    assert recompute_summaries(desk.clinic, day, day) == []
