"""The due list: the most urgent first, a reason for each delay."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.actor import system_actor
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry
from scheduling import selectors
from scheduling.models import DelayReason, Visit
from scheduling.services.delays import record_delay
from scheduling.urgency import Urgency, urgency
from tests.scheduling.builders import MONDAY, Desk, at
from tests.scheduling.web.desk import url

pytestmark = pytest.mark.django_db

LATER = at(MONDAY + timedelta(days=25), "09:00")  # 3 April: Good Friday
TODAY = LATER.date()


@pytest.fixture(autouse=True)
def _in_april() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


def given_first(desk: Desk, mrn: str) -> Visit:
    """Give dose 1 on MONDAY and return dose 2, due on 23 March."""
    first = desk.visit(mrn=mrn)
    Visit.objects.filter(pk=first.pk).update(status="completed", given_on=MONDAY)
    return Visit.objects.get(course=first.course_id, dose_number=2)


circumstances = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["prolonged_gap", "overdue", "due", "due_soon"]),
        "second_half": st.booleans(),
        "no_shows": st.integers(0, 3),
    }
)


@given(case=circumstances, days=st.integers(-40, 400))
def test_a_dose_that_waits_longer_is_never_less_urgent(case: dict[str, Any], days: int) -> None:
    now = urgency(days_past_due=days, **case)
    assert urgency(days_past_due=days + 1, **case) <= now
    assert (now == Urgency.PRESCRIBER) == (case["state"] == "prolonged_gap")


def test_the_most_urgent_stands_first(desk: Desk) -> None:
    overdue = desk.visit(mrn="OVERDUE")  # dose 1, due 25 days ago
    half = given_first(desk, "HALF")  # due 11 days ago
    coming = desk.visit(mrn="COMING", first=TODAY + timedelta(days=10))
    missed = desk.visit(mrn="MISSED", first=TODAY)
    Visit.objects.filter(pk=missed.pk).update(no_shows=1)
    gap = desk.visit(mrn="GAP", first=MONDAY, number=3)
    Visit.objects.filter(course=gap.course_id, dose_number__lt=3).update(
        status="completed", given_on=date(2024, 6, 3)
    )
    Visit.objects.filter(pk=gap.pk).update(due_on=date(2024, 12, 3), earliest_on=date(2024, 11, 3),
                                           latest_on=date(2025, 1, 3))  # fmt: skip
    rows = selectors.unbooked_due(desk.actor, TODAY, now=LATER)
    assert [row.visit_id for row in rows] == [
        gap.pk, half.pk, overdue.pk, missed.pk, coming.pk,
    ]  # fmt: skip
    assert all(
        (a.urgency, -a.days_past_due) <= (b.urgency, -b.days_past_due) for a, b in pairwise(rows)
    )


def test_the_headline_is_the_days_past_due(desk: Desk, scheduler: Client) -> None:
    desk.visit(mrn="A")
    given_first(desk, "B")
    page = scheduler.get(url("due", desk)).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search(r"Days past due, all together 36\b|36 Days past due, all together", text)
    assert "25 days" in text
    assert "11 days" in text


def test_who_did_not_come_and_who_has_no_reason_can_be_listed_alone(
    desk: Desk, scheduler: Client
) -> None:
    missed = desk.visit(mrn="MISSED")
    Visit.objects.filter(pk=missed.pk).update(no_shows=1)
    other = desk.visit(mrn="OTHER")
    page = scheduler.get(url("due", desk), {"state": "no_show"}).content.decode()
    assert f'value="{missed.pk}"' in page
    assert f'value="{other.pk}"' not in page
    record_delay(visit_id=missed.pk, code="patient_ill", actor=desk.actor, now=LATER)
    page = scheduler.get(url("due", desk), {"state": "no_reason"}).content.decode()
    assert f'value="{other.pk}"' in page
    assert f'value="{missed.pk}"' not in page


def test_a_reason_is_written_with_its_person_and_shown(desk: Desk, scheduler: Client) -> None:
    visit = desk.visit()
    address = url("visit_delay", desk, visit.pk)
    assert "Why is it late?" in scheduler.get(url("due", desk)).content.decode()
    assert scheduler.get(address).status_code == 200
    answer = scheduler.post(address, {"code": "results_awaited", "note": ""})
    assert answer["Location"] == url("due", desk)
    reason = DelayReason.objects.get()
    assert (reason.code, reason.recorded_by.email) == (
        "results_awaited", "other-scheduler@north.example",
    )  # fmt: skip
    assert AuditEntry.objects.filter(action="visit.delay_recorded").count() == 1
    page = scheduler.get(url("due", desk)).content.decode()
    assert "results are awaited" in page
    assert "results_awaited" in scheduler.get(url("due_csv", desk)).content.decode()


def test_the_newest_reason_counts_and_the_older_stay(desk: Desk) -> None:
    visit = desk.visit()
    for minutes, code in enumerate(["patient_ill", "funding"]):
        record_delay(
            visit_id=visit.pk, code=code, actor=desk.actor, now=LATER + timedelta(minutes=minutes)
        )
    [row] = selectors.unbooked_due(desk.actor, TODAY, now=LATER)
    assert row.delay == "funding"
    assert DelayReason.objects.count() == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [({"code": "weather"}, "Select a valid choice"), ({"code": ""}, "required"),
     ({"code": "other", "note": " "}, "Say which")],
)  # fmt: skip
def test_a_reason_that_says_nothing_is_refused(
    desk: Desk, scheduler: Client, sent: dict[str, str], words: str
) -> None:
    answer = scheduler.post(url("visit_delay", desk, desk.visit().pk), sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not DelayReason.objects.exists()


def test_only_a_person_explains_only_a_dose_that_waits(desk: Desk) -> None:
    visit = desk.visit()
    machine = system_actor(desk.clinic.pk, "bookings.change")
    with pytest.raises(Forbidden):
        record_delay(visit_id=visit.pk, code="funding", actor=machine, now=LATER)
    with pytest.raises(Invalid):
        record_delay(visit_id=visit.pk, code="nothing", actor=desk.actor, now=LATER)
    Visit.objects.filter(pk=visit.pk).update(status="cancelled")
    with pytest.raises(Conflict):
        record_delay(visit_id=visit.pk, code="funding", actor=desk.actor, now=LATER)


def test_the_list_costs_the_same_for_one_and_for_many(
    desk: Desk, scheduler: Client, django_assert_num_queries: object
) -> None:
    desk.visit(mrn="A")
    scheduler.get(url("due", desk))
    for n in range(3):
        record_delay(
            visit_id=desk.visit(mrn=f"M{n}").pk, code="funding", actor=desk.actor, now=LATER
        )
        with django_assert_num_queries(5):  # type: ignore[operator]
            scheduler.get(url("due", desk))
