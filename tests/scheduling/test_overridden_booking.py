"""A dose before its minimum interval: refused to a scheduler, decided by a prescriber by name."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Role
from core.errors import Conflict, Forbidden, Invalid, RuleBroken
from core.models import AuditEntry
from scheduling.models import Booking, Override, Visit
from scheduling.services.overridden_booking import book_past_rule
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk
from tests.scheduling.web.desk import signed_in, url

pytestmark = pytest.mark.django_db
EARLY = MONDAY + timedelta(days=7)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture
def third(desk: Desk) -> Visit:
    """Dose 3 of a course whose first two were given in November: too early until April."""
    visit = desk.visit(number=3)
    given = [date(2025, 11, 3), date(2025, 11, 17)]
    for number, day in enumerate(given, start=1):
        Visit.objects.filter(course=visit.course_id, dose_number=number).update(
            status="completed", given_on=day
        )
    Visit.objects.filter(pk=visit.pk).update(
        due_on=date(2026, 5, 3), earliest_on=date(2026, 4, 3), latest_on=date(2026, 6, 3)
    )
    visit.refresh_from_db()
    return visit


def decide(desk: Desk, visit: Visit, **changes: Any) -> Booking:
    usual: dict[str, Any] = {
        "visit_id": visit.pk, "chair_id": desk.chairs[0], "start": at(EARLY, "09:00"),
        "reason": "Relapse, discussed", "now": NOW,
    }  # fmt: skip
    if "actor" not in changes:
        usual["actor"] = make_actor(desk.clinic, Role.PRESCRIBER)
    return book_past_rule(**(usual | changes))


def test_a_prescriber_books_past_the_interval_and_it_is_on_record(desk: Desk, third: Visit) -> None:
    booking = decide(desk, third)
    assert (booking.status, booking.clinic_day.date) == (Booking.Status.CONFIRMED, EARLY)
    override = Override.objects.get()
    assert (override.rule_id, override.reason) == ("INTERVAL-MINIMUM", "Relapse, discussed")
    assert override.overridden_by.email.startswith("prescriber")
    entry = AuditEntry.objects.get(action="booking.made")
    assert "INTERVAL-MINIMUM" in entry.details["findings"]


def test_a_scheduler_may_not_even_with_a_reason(desk: Desk, third: Visit) -> None:
    with pytest.raises(Forbidden):
        decide(desk, third, actor=desk.actor)
    assert not Booking.objects.exists()


def test_a_reason_is_needed_and_a_rule_to_go_past(desk: Desk, third: Visit) -> None:
    prescriber = make_actor(desk.clinic, Role.PRESCRIBER)
    with pytest.raises(Invalid):
        decide(desk, third, reason=" ", actor=prescriber)
    with pytest.raises(RuleBroken, match="Nothing stands in the way"):
        decide(desk, third, start=at(date(2026, 5, 4), "09:00"), actor=prescriber)
    decide(desk, third, actor=prescriber)
    with pytest.raises(Conflict, match="already has a booking"):
        decide(desk, third, actor=prescriber, start=at(EARLY, "12:00"))
    assert Override.objects.count() == 1


def test_hours_and_nurses_hold_for_everybody(desk: Desk, third: Visit) -> None:
    with pytest.raises(RuleBroken, match="Open 08:00"):
        decide(desk, third, start=at(EARLY, "17:00"))
    assert not Override.objects.exists(), "all of it, or nothing"


# The pages


def test_the_scheduler_is_told_the_earliest_date_and_who_may_decide(
    desk: Desk, third: Visit
) -> None:
    scheduler = signed_in(desk, Role.SCHEDULER)
    page = scheduler.get(
        url("visit_book", desk, third.pk), {"day": EARLY.isoformat()}
    ).content.decode()  # fmt: skip
    assert "Earliest date is 03-Apr-2026" in page
    assert "Who may decide otherwise, with a reason: prescriber." in page
    assert url("visit_past_rule", desk, third.pk) not in page
    assert scheduler.get(url("visit_past_rule", desk, third.pk)).status_code == 403


def test_the_prescriber_sees_the_finding_with_its_source_and_books(
    desk: Desk, third: Visit
) -> None:
    prescriber = signed_in(desk, Role.PRESCRIBER)
    record = url("patient", desk, third.patient_id)
    address = url("visit_past_rule", desk, third.pk)
    assert address in prescriber.get(record).content.decode()
    page = prescriber.get(address, {"day": EARLY.isoformat()}).content.decode()
    for words in ("INTERVAL-MINIMUM", "Earliest date is 03-Apr-2026", "source", "prescriber"):
        assert words in page
    fields = {"day": EARLY.isoformat(), "start": "2026-03-16T08:00:00.000+00:00", "chair": ""}
    answer = prescriber.post(address, {**fields, "reason": ""})
    assert answer.status_code == 422
    assert "checked" in answer.content.decode(), "the time chosen is not lost"
    answer = prescriber.post(address, {**fields, "reason": "Relapse"})
    assert answer["Location"] == record
    page = prescriber.get(record).content.decode()
    assert "Rules gone past" in page
    assert "Relapse" in page


def test_on_a_day_without_a_rule_there_is_nothing_to_decide(desk: Desk, third: Visit) -> None:
    page = signed_in(desk, Role.PRESCRIBER).get(
        url("visit_past_rule", desk, third.pk), {"day": "2026-05-04"}
    ).content.decode()  # fmt: skip
    assert "No rule stands in the way on this day" in page


def test_the_override_is_in_the_report(desk: Desk, third: Visit) -> None:
    decide(desk, third)
    page = signed_in(desk, Role.MANAGER).get(url("reports_overrides", desk)).content.decode()
    assert "INTERVAL-MINIMUM" in page
    assert "Relapse, discussed" in page
