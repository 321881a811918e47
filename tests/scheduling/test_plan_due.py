"""Which days the planner may give a dose that is due and unbooked."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.models import Course, Visit
from scheduling.plan_due import chosen_doses, due_doses
from scheduling.services.dosing import record_given
from scheduling.treatment import protocol_of
from tests.scheduling.builders import NOW, Desk, at, make_desk, system

pytestmark = pytest.mark.django_db
BEFORE, AFTER = 70, 5  # days around the due date for which is planned


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def months_after(day: date, months: int) -> date:
    """Count months by the wall calendar: the last of a month where the day is missing."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.dates(date(2021, 1, 1), date(2023, 12, 31)),
    delays=st.lists(st.integers(0, 60), min_size=1, max_size=4),
)
def test_whatever_was_given_when_no_dose_may_have_a_day_before_its_interval_or_window(
    desk: Desk, first: date, delays: Sequence[int]
) -> None:
    Course.objects.update(status="stopped", ended_on=first)
    course = desk.course(desk.patient(f"{first}-{Visit.objects.count()}"), first, now=at(first))
    given_on: list[date] = []
    for number, delay in enumerate(delays, start=1):
        visit = Visit.objects.get(course=course, dose_number=number)
        on = visit.due_on + timedelta(days=delay % 4 if number <= 2 else delay)
        record_given(visit_id=visit.pk, given_on=on, actor=system(desk.clinic), now=at(on, "18:00"))
        given_on.append(on)
    due = Visit.objects.get(course=course, dose_number=len(delays) + 1)
    today = max(given_on[-1] + timedelta(days=1), due.due_on - timedelta(days=BEFORE))
    dates = [today + timedelta(days=n) for n in range((due.due_on - today).days + AFTER)]
    [(dose, wanted)] = due_doses(desk.clinic, dates, closes=24 * 60, now=at(today, "06:00"))
    rules = protocol_of(course).calendar
    if due.nth_dose == 2:
        soonest = given_on[0] + rules.infusion_2_after - rules.infusion_2_window
    else:  # the two halves of the first dose are one, given with the first of them
        before = given_on[0] if due.nth_dose == 3 else given_on[-1]
        soonest = months_after(before, rules.minimum_interval_months)
    first_day = dates[min(position for position, _ in wanted.days)]
    assert dose == due
    assert first_day >= max(soonest, due.earliest_on)


def test_a_dose_keeps_its_interval_to_one_that_is_booked_later_than_due(desk: Desk) -> None:
    course = desk.course()
    first, second = Visit.objects.filter(course=course, dose_number__lte=2).order_by("due_on")
    late = first.due_on + timedelta(days=7)
    desk.book(first, late)
    rules = protocol_of(course).calendar
    soonest = late + rules.infusion_2_after - rules.infusion_2_window
    dates = [first.due_on + timedelta(days=n) for n in range(22)]
    [(dose, wanted)] = due_doses(desk.clinic, dates, closes=24 * 60, now=NOW)
    assert dose == second
    assert min(dates[position] for position, _ in wanted.days) == soonest
    near = [day for day in dates if day < soonest]
    assert list(due_doses(desk.clinic, near, closes=24 * 60, now=NOW)) == []
    found, [refused] = chosen_doses(desk.clinic, near, [str(second.pk)], closes=24 * 60, now=NOW)
    assert (found, refused.visit) == ([], second.pk)
    assert refused.words.endswith(f"it may come from {soonest:%d-%b-%Y} on.")
