"""Every figure of a report is defined on its page and stands in its CSV."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import Clinic, Shift
from infusion.models import Infusion
from scheduling.models import Booking, Override, Visit
from tests.infusion.builders import TODAY, at, make_course, make_visit
from tests.infusion.test_usage import PAGES, make_user_once, manager, reaction, stay
from tests.people import MONDAY_NINE, make_clinic, make_patient
from tests.report_pages import ReportPage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_noon")]
TODAY_ONLY = {"from": TODAY.isoformat(), "to": TODAY.isoformat()}
SHOWN = {
    "reports": {"Longest past due, days", "Doses given within their window", "Past due"},
    "reports_use": {"Cancelled", "Patients in chairs by hour", "Arrival to start", "Planned"},
    "reports_reactions": {"Infusions begun", "Infusions with a reaction", "Severe"},
    "reports_overrides": {"Overrides by rule", "Times"},
}
STAT_LINES = {
    "Chair use, planned": {"chairs_percent"},
    "Chair use, actual": {"chairs_percent"},
    "Nurse use, planned": {"nurses_percent"},
    "Nurse use, actual": {"nurses_percent"},
    "Ran over": {"ran_over", "ran_over_percent"},
    "Mean overrun": {"overrun_mean_minutes"},
    "Longest overrun": {"overrun_longest_minutes"},
    "Did not attend": {"did_not_attend", "did_not_attend_percent"},
    "Cancelled": {"cancelled"},
    "Arrival after the booked time": {"arrival_after_booked_minutes"},
    "Booked ahead, days": {"booked_ahead_mean_days"},
    "Visits planned, ended": {"visits"},
}


@pytest.fixture
def _at_noon() -> Iterator[None]:
    with time_machine.travel(MONDAY_NINE + timedelta(hours=3), tick=False):
        yield


@pytest.fixture
def client() -> Client:
    """A manager on a day with one visit that ran over, one nobody came for, one called off."""
    clinic = make_clinic(chairs=2, time_zone="UTC")
    Shift.objects.create(clinic=clinic, date=TODAY, starts="08:00", ends="18:00", nurses=2)
    came = stay(clinic, "A", until=400)
    reaction(Infusion.objects.get(visit=came), "severe")
    stay(clinic, "B", 2, until=None, status="no_show", ended_at=at(60), arrived_at=None)
    stay(clinic, "C", 2, until=None, status="cancelled", ended_at=at(0), arrived_at=None)
    Booking.objects.update(created_at=datetime(2026, 2, 1, tzinfo=MONDAY_NINE.tzinfo))
    Visit.objects.filter(pk=came.pk).update(status="completed", given_on=TODAY)
    _waits_and_overridden(clinic)
    return manager(clinic)


def _waits_and_overridden(clinic: Clinic) -> None:
    late = make_visit(make_course(make_patient(clinic, "LATE")))
    past = {f"{name}_on": TODAY - timedelta(days=40) for name in ("earliest", "due", "latest")}
    Visit.objects.filter(pk=late.pk).update(status="planned", **past)
    Override.objects.create(
        clinic=clinic, patient_id=late.patient_id, rule_id="HBV-PENDING", reason="said so",
        overridden_at=MONDAY_NINE, overridden_by=make_user_once(clinic),
    )  # fmt: skip


def page(client: Client, name: str) -> ReportPage:
    return ReportPage(client.get(reverse(name, args=["north"]), TODAY_ONLY).content.decode())


def lines(client: Client, name: str) -> list[list[str]]:
    answer = client.get(reverse(name, args=["north"]), TODAY_ONLY)
    return list(csv.reader(answer.content.decode().splitlines()))


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_of_a_page_is_defined_on_it(client: Client, name: str) -> None:
    shown = page(client, name)
    assert shown.figures >= SHOWN[name], "the page is read as it is built"
    assert shown.figures - shown.terms == set()
    assert len(shown.definitions) == len(shown.terms)
    assert all(shown.definitions)


def test_a_figure_without_a_definition_is_found() -> None:
    html = (
        '<span class="stat__label">New</span><figure><table><caption>Drawn</caption>'
        '<tr><th scope="col">Phase</th><th scope="col" class="is-number">Counted</th></tr>'
        '<tr><th scope="row">Rest</th></tr></table></figure><dt>Old</dt><dd>It was.</dd>'
    )
    shown = ReportPage(html)
    assert shown.figures == {"New", "Drawn", "Counted", "Rest"}
    assert shown.terms == {"Old"}


def test_the_csv_of_use_holds_every_figure_of_its_page(client: Client) -> None:
    assert page(client, "reports_use").stats == set(STAT_LINES), "name its line of the CSV here"
    header, *rows = lines(client, "reports_use_csv")
    assert header == ["figure", "planned", "actual"]
    found = {name: (planned, actual) for name, planned, actual in rows}
    assert set().union(*STAT_LINES.values()) <= set(found)
    hours = {name for name in found if name.startswith("patients_at_")}
    assert {f"patients_at_{hour:02d}" for hour in range(9, 16)} <= hours
    assert {name: cells for name, cells in found.items() if name not in hours} == {
        "visits": ("2", "1"),
        "chairs_percent": ("57.5", "32.9"),
        "nurses_percent": ("11.2", "7.0"),
        "before_start_minutes": ("60.0", "60.0"),
        "running_minutes": ("210.0", "275.0"),
        "observed_minutes": ("60.0", "60.0"),
        "ran_over": ("", "1"),
        "ran_over_percent": ("", "100.0"),
        "overrun_mean_minutes": ("", "70.0"),
        "overrun_longest_minutes": ("", "70.0"),
        "arrival_after_booked_minutes": ("", "5.0"),
        "did_not_attend": ("", "1"),
        "did_not_attend_percent": ("", "50.0"),
        "cancelled": ("", "1"),
        "booked_ahead_mean_days": ("", "29.0"),
        "booked_ahead_0_to_7_days": ("", "0"),
        "booked_ahead_8_to_30_days": ("", "2"),
        "booked_ahead_31_to_90_days": ("", "0"),
        "booked_ahead_91_to_180_days": ("", "0"),
        "booked_ahead_over_180_days": ("", "0"),
    }


def test_an_early_arrival_is_a_number_to_a_spreadsheet(client: Client) -> None:
    Booking.objects.filter(patient__mrn="A").update(arrived_at=at(-10))
    assert ["arrival_after_booked_minutes", "", "-10.0"] in lines(client, "reports_use_csv")


def test_the_csv_of_reactions_holds_their_share(client: Client) -> None:
    assert lines(client, "reports_reactions_csv") == [
        ["dose", "rate_option", "infusions", "with_reaction", "severe", "with_reaction_percent"],
        ["3", "standard", "1", "1", "1", "100.0"],
    ]
