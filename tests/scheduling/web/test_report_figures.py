"""The CSV of the doses report, against numbers worked out by hand."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from clinics.models import Role
from tests.report_pages import ReportPage
from tests.scheduling.builders import Desk, make_desk
from tests.scheduling.test_reports import TODAY, dose
from tests.scheduling.web.desk import signed_in, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_june")]
SPRING = {"from": "2026-03-01", "to": "2026-05-31"}
STAT_COLUMNS = {
    "Given within the window": "within_window_percent",
    "Doses given": "given",
    "Mean days past due": "mean_days_past_due",
    "Longest past due, days": "longest_days_past_due",
    "Waiting past the latest day": "waiting_past_latest",
    "Their mean wait, days": "mean_wait_days",
}


@pytest.fixture
def _in_june() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture
def manager(desk: Desk) -> Client:
    return signed_in(desk, Role.MANAGER)


def lines(client: Client, desk: Desk) -> list[list[str]]:
    answer = client.get(url("reports_doses_csv", desk), SPRING)
    assert answer["Content-Disposition"].endswith('"doses-2026-03-01-2026-05-31.csv"')
    return list(csv.reader(answer.content.decode().splitlines()))


def test_the_csv_of_doses_holds_every_figure_of_its_page(desk: Desk, manager: Client) -> None:
    dose(desk, "WITHIN", date(2026, 3, 10), date(2026, 3, 17))
    dose(desk, "LATE", date(2026, 3, 10), date(2026, 3, 30))
    dose(desk, "EARLY", date(2026, 4, 20), date(2026, 4, 1))
    dose(desk, "WAITS", TODAY - timedelta(days=40))
    assert lines(manager, desk) == [
        ["period", "given", "within_window", "within_window_percent", "early", "late",
         "mean_days_past_due", "longest_days_past_due", "waiting_past_latest", "mean_wait_days",
         "high_risk_days"],
        ["span", "3", "1", "33.3", "1", "1", "9.0", "20", "", "", ""],
        ["today", "", "", "", "", "", "", "", "1", "40.0", "30"],
        ["2026-03", "2", "1", "50.0", "0", "1", "13.5", "20", "", "", ""],
        ["2026-04", "1", "0", "0.0", "1", "0", "0.0", "0", "", "", ""],
    ]  # fmt: skip


def test_the_page_leads_to_both_lists_and_has_no_figure_without_a_column(
    desk: Desk, manager: Client
) -> None:
    html = manager.get(url("reports", desk), SPRING).content.decode()
    assert ReportPage(html).stats == set(STAT_COLUMNS), "name its column of the CSV here"
    assert set(STAT_COLUMNS.values()) <= set(lines(manager, desk)[0])
    assert f'href="{url("reports_doses_csv", desk)}?from=2026-03-01&amp;to=2026-05-31"' in html
    assert f'href="{url("reports_csv", desk)}"' in html


@pytest.mark.parametrize(("role", "status"), [(Role.SCHEDULER, 200), (Role.NURSE, 403)])
def test_the_figures_are_for_managers_and_schedulers(desk: Desk, role: str, status: int) -> None:
    assert signed_in(desk, role).get(url("reports_doses_csv", desk)).status_code == status
