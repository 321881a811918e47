"""Planned against actual, and reactions by dose, against numbers worked out by hand."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import Chair, Clinic, Role, Shift, User
from core.display import NOTHING
from infusion.models import Infusion, InfusionEvent
from infusion.reaction_counts import reactions_by_dose
from infusion.usage import usage
from infusion.web.reports import minutes
from scheduling.models import Booking, Visit
from scheduling.reports.span import Span
from tests.infusion.builders import TODAY, at, errand, make_booking, make_course, make_visit
from tests.people import MONDAY_NINE, make_clinic, make_patient, make_user

pytestmark = pytest.mark.django_db
DAY = Span(TODAY, TODAY)
WEEK = Span(TODAY, TODAY + timedelta(days=6))


@pytest.fixture
def clinic() -> Clinic:
    """Two chairs, ten hours a day, two nurses of four points on the first day."""
    made = make_clinic(chairs=2, time_zone="UTC")
    Shift.objects.create(clinic=made, date=TODAY, starts="08:00", ends="18:00", nurses=2)
    return made


def stay(
    clinic: Clinic, mrn: str, chair: int = 1, *, until: float | None = 345, **changes: Any
) -> Visit:
    """A visit booked from nine to 14:45 whose patient came five minutes late and left `until`
    minutes after nine: an hour to the start, the infusion, then an hour of observation."""
    visit = make_visit(make_course(make_patient(clinic, mrn)))
    seat = Chair.objects.get(clinic=clinic, position=chair)
    columns = {
        "premedication_minutes": 60, "infusion_minutes": 210, "observation_minutes": 60,
        "turnaround_minutes": 15, "rate_option": "standard", "arrived_at": at(5), **changes,
    }  # fmt: skip
    if columns.get("status") == "confirmed":
        columns["arrived_at"] = None
    make_booking(visit, seat, **columns)
    if until is not None:
        infusion(visit, until)
    return visit


def infusion(visit: Visit, until: float = 345, rate: str = "standard") -> Infusion:
    return Infusion.objects.create(
        clinic_id=visit.clinic_id, visit=visit, patient_id=visit.patient_id, rate_option=rate,
        dose_mg=600, volume_ml=500, status="discharged", started_at=at(65), ended_at=at(until - 60),
        observe_until=at(until), discharged_at=at(until), updated_at=MONDAY_NINE,
    )  # fmt: skip


def reaction(of: Infusion, severity: str, **changes: Any) -> InfusionEvent:
    values = {"severity": severity, **changes.pop("values", {})}
    fields = {"occurred_at": at(90), "recorded_at": at(90), "id": uuid4(), **changes}
    person = make_user_once(of.visit.clinic)
    return InfusionEvent.objects.create(
        infusion=of, kind="reaction", recorded_by=person, values=values, **fields
    )


def make_user_once(clinic: Clinic) -> User:
    found = User.objects.filter(email="nurse@north.example").first()
    return found or make_user(clinic, Role.NURSE)


def test_a_day_that_went_as_planned(clinic: Clinic) -> None:
    stay(clinic, "A", until=330)
    found = usage(clinic, DAY)
    assert (found.open_days, found.planned, found.ended) == (1, 1, 1)
    assert found.chair_planned == pytest.approx(100 * 345 / 1200)
    assert found.chair_actual == pytest.approx(100 * 325 / 1200)
    assert found.nurse_planned == pytest.approx(100 * (210 + 60) / 4800)
    assert found.nurse_actual == pytest.approx(100 * (205 + 60) / 4800)
    assert found.arrival == 5
    before, running, observed = found.phases
    assert (before.planned, before.actual) == (60, 60)
    assert (running.planned, running.actual) == (210, 205)
    assert (observed.planned, observed.actual) == (60, 60)
    assert (found.over_count, found.over_mean, found.over_share) == (0, None, 0)


@pytest.mark.parametrize(("until", "over"), [(345, 0), (346, 1), (400, 1)])
def test_a_visit_runs_over_after_a_quarter_of_an_hour(
    clinic: Clinic, until: float, over: int
) -> None:
    stay(clinic, "A", until=until)
    found = usage(clinic, DAY)
    assert found.over_count == over
    if over:
        assert found.over_mean == found.over_longest == until - 330


def test_the_first_dose_is_watched_more_closely(clinic: Clinic) -> None:
    stay(clinic, "A", until=None, rate_option="initial")
    assert usage(clinic, DAY).nurse_planned == pytest.approx(100 * (2 * 210 + 60) / 4800)


def test_an_ad_hoc_visit_uses_chair_and_nurse_and_is_no_phase_of_a_dose(clinic: Clinic) -> None:
    gone: dict[str, Any] = {"status": "completed", "arrived_at": at(5), "ended_at": at(45)}
    errand(clinic, **gone, infusion_minutes=30, minutes=45)
    Visit.objects.update(status="completed")
    found = usage(clinic, DAY)
    assert (found.planned, found.ended, found.over_count) == (1, 1, 0)
    assert found.chair_planned == pytest.approx(100 * 45 / 1200)
    assert found.chair_actual == pytest.approx(100 * 40 / 1200)
    assert found.nurse_planned == pytest.approx(100 * 30 / 4800)
    assert found.nurse_actual == pytest.approx(100 * 40 / 4800)
    assert all((phase.planned, phase.actual) == (None, None) for phase in found.phases)
    assert [hour.actual for hour in found.hours if hour.actual] == [pytest.approx(40 / 60)]


def test_who_did_not_come_was_planned_and_who_called_off_was_not(clinic: Clinic) -> None:
    stay(clinic, "NOBODY", until=None, status="no_show", ended_at=at(60), arrived_at=None)
    stay(clinic, "CALLED OFF", 2, until=None, status="cancelled", ended_at=at(0), arrived_at=None)
    found = usage(clinic, DAY)
    assert (found.planned, found.ended) == (1, 0)
    assert found.chair_actual == 0
    assert found.over_share is None


def test_patients_are_counted_by_the_hour_of_the_clinics_wall(clinic: Clinic) -> None:
    stay(clinic, "A", until=330)
    Clinic.objects.filter(pk=clinic.pk).update(time_zone="Asia/Tokyo")
    hours = {hour.hour: hour for hour in usage(Clinic.objects.get(), DAY).hours}
    assert min(hours) == 18, "nine in London is six in the evening in Tokyo"
    assert hours[18].planned == pytest.approx(1)
    assert hours[18].actual == pytest.approx(55 / 60)
    assert hours[23].planned == pytest.approx(45 / 60)
    assert hours[23].actual == pytest.approx(30 / 60)


def test_hours_are_averaged_over_the_days_that_were_open(clinic: Clinic) -> None:
    stay(clinic, "A", until=330)
    found = usage(clinic, WEEK)
    assert found.open_days == 5
    assert {hour.hour: hour.planned for hour in found.hours}[10] == pytest.approx(0.2)


def test_nothing_planned_is_no_share_and_no_picture(clinic: Clinic) -> None:
    sunday = Span(TODAY - timedelta(days=1), TODAY - timedelta(days=1))
    found = usage(clinic, sunday)
    assert (found.open_days, found.chair_planned, found.nurse_planned) == (0, None, None)
    assert found.hours == ()


def test_nothing_of_another_clinic_or_another_day_is_counted(clinic: Clinic) -> None:
    south = make_clinic("south", chairs=1, time_zone="UTC")
    stay(south, "A", 1)
    stay(clinic, "B", from_minute=24 * 60, until=None, status="confirmed")
    assert usage(clinic, DAY).planned == 0
    assert usage(clinic, WEEK).planned == 1


def test_reactions_are_counted_by_dose_and_rate_as_they_stand(clinic: Clinic) -> None:
    quiet, mild, severe, withdrawn = (
        infusion(make_visit(make_course(make_patient(clinic, mrn)))) for mrn in "ABCD"
    )
    first = infusion(make_visit(make_course(make_patient(clinic, "E")), 1, 300), rate="initial")
    reaction(mild, "mild_moderate")
    reaction(mild, "mild_moderate")
    worse = reaction(severe, "mild_moderate")
    reaction(severe, "severe", amends=worse, reason="seen again")
    gone = reaction(withdrawn, "severe")
    reaction(withdrawn, "severe", amends=gone, reason="wrong card", values={"withdrawn": True})
    reaction(first, "life_threatening")
    lines = reactions_by_dose(clinic, DAY)
    assert [(line.dose_number, line.rate_option) for line in lines] == [
        (1, "initial"), (3, "standard"),
    ]  # fmt: skip
    assert (lines[0].ran, lines[0].reacted, lines[0].severe) == (1, 1, 1)
    assert (lines[1].ran, lines[1].reacted, lines[1].severe) == (4, 2, 1)
    assert lines[1].share == 50
    assert reactions_by_dose(clinic, Span(TODAY - timedelta(days=9), date(2026, 3, 1))) == []
    assert quiet.events.count() == 0


def test_the_reports_cost_the_same_for_one_visit_and_for_many(
    clinic: Clinic, django_assert_num_queries: Any
) -> None:
    for n in (1, 2):
        reaction(Infusion.objects.get(visit=stay(clinic, f"M{n}", n)), "severe")
        with django_assert_num_queries(4):
            usage(clinic, WEEK)
        with django_assert_num_queries(1):
            reactions_by_dose(clinic, WEEK)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, NOTHING), (65.4, "1hr 5min"), (-5, "\N{MINUS SIGN}5min"), (-0.2, "0min")],
)
def test_minutes_are_words(value: float | None, words: str) -> None:
    assert minutes(value) == words


@pytest.fixture
def _at_noon() -> Iterator[None]:
    with time_machine.travel(MONDAY_NINE + timedelta(hours=3), tick=False):
        yield


def manager(clinic: Clinic, role: str = Role.MANAGER) -> Client:
    client = Client()
    client.force_login(make_user(clinic, role, email=f"reports-{role}@north.example"))
    return client


PAGES = ["reports", "reports_use", "reports_reactions", "reports_overrides"]


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("name", PAGES)
def test_every_report_has_its_picture_its_table_and_its_definitions(
    clinic: Clinic, name: str
) -> None:
    reaction(Infusion.objects.get(visit=stay(clinic, "A")), "severe")
    Booking.objects.update(created_at=datetime(2026, 2, 1, tzinfo=MONDAY_NINE.tzinfo))
    Visit.objects.filter(patient__mrn="A", dose_number=3).update(status="completed", given_on=TODAY)
    client = manager(clinic)
    page = client.get(reverse(name, args=["north"])).content.decode()
    assert "What the figures mean" in page
    assert page.count("<figure") == page.count("<caption") - page.count("table--cards")
    assert "<dt>" in page
    assert "style=" not in page
    rows = client.get(reverse(f"{name}_csv", args=["north"]))
    assert rows["Content-Type"] == "text/csv; charset=utf-8"
    assert len(rows.content.decode().splitlines()) >= 1


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("name", PAGES)
def test_a_span_that_makes_no_sense_is_said_and_the_usual_one_is_shown(
    clinic: Clinic, name: str
) -> None:
    client = manager(clinic)
    answer = client.get(reverse(name, args=["north"]), {"from": "2026-05-01", "to": "2026-04-01"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "The first day comes after the last." in page
    assert "What the figures mean" in page


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.MANAGER, 200), (Role.SCHEDULER, 200), (Role.NURSE, 403), (Role.AUDITOR, 403)],
)
def test_reports_are_for_managers_and_schedulers(
    clinic: Clinic, name: str, role: str, status: int
) -> None:
    client = manager(clinic, role)
    assert client.get(reverse(name, args=["north"])).status_code == status
    assert client.get(reverse(f"{name}_csv", args=["north"])).status_code == status


@pytest.mark.usefixtures("_at_noon")
def test_a_month_leads_to_its_days(clinic: Clinic) -> None:
    stay(clinic, "A", until=None, status="confirmed")
    page = manager(clinic).get(reverse("month", args=["north", TODAY])).content.decode()
    assert "Mar 2026" in page
    assert reverse("day_on", args=["north", TODAY]) in page
    assert reverse("month", args=["north", date(2026, 2, 1)]) in page
    assert reverse("month", args=["north", date(2026, 4, 1)]) in page
