"""The lists walk an index: PostgreSQL's own account of the plan, at 20 000 visits."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from patients.models import Patient
from tests.api.builders import Caller, make_caller, make_many_visits
from tests.people import make_clinic

pytestmark = pytest.mark.django_db
FIRST = date(2026, 3, 2)
MANY = 20_000
A_MONTH = 31 * 20  # the visits of a month: what is read stays near what is shown


@pytest.fixture(scope="module")
def api(django_db_setup: None, django_db_blocker: Any) -> Iterator[Caller]:
    """A client of a crowded clinic: built once, since building takes longer than asking."""
    with django_db_blocker.unblock(), transaction.atomic():
        clinic = make_clinic()
        make_many_visits(clinic, MANY, FIRST, each=2)
        make_many_visits(make_clinic("south"), 2000, FIRST, each=2)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        yield make_caller(clinic)
        transaction.set_rollback(True)


def scans(plan: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Every scan of a plan as (relation, index or '', rows really read by one loop)."""
    parts = plan.get("Plans", [])
    below = [scan for part in parts for scan in scans(part)]
    if "Relation Name" not in plan:
        return below
    # A bitmap scan of a table names its index one level down.
    index = next((part["Index Name"] for part in [plan, *parts] if "Index Name" in part), "")
    return [(plan["Relation Name"], index, plan["Actual Rows"]), *below]


def explained(api: Caller, address: str) -> list[tuple[str, str, int]]:
    """Ask `address` and return the scans of the statement that answered it."""
    with CaptureQueriesContext(connection) as queries:
        assert api.get(address).status_code == 200
    [statement] = [query["sql"] for query in queries if "WITH page" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        [(plan,)] = cursor.fetchall()
    return scans((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


@pytest.mark.parametrize(
    "asked",
    ["", "?from=2027-01-01", "?from=2027-01-01&to=2027-01-31&status=planned,booked&limit=200"],
)
def test_visits_are_read_from_their_day_on(api: Caller, asked: str) -> None:
    visits = [scan for scan in explained(api, f"/api/v1/visits{asked}") if "visit" in scan[0]]
    [(_, index, rows)] = visits
    assert index == "visit_by_day"
    assert rows <= A_MONTH


def test_a_page_in_the_middle_costs_what_the_first_does(api: Caller) -> None:
    day = FIRST + timedelta(days=500)
    first = api.get(f"/api/v1/visits?from={FIRST}&limit=200").json()["next"]
    late = api.get(f"/api/v1/visits?from={day}&limit=200").json()["next"]
    for address in (first, late):
        path = address.removeprefix("http://testserver")
        [(_, index, rows)] = [scan for scan in explained(api, path) if "visit" in scan[0]]
        assert index == "visit_by_day"
        assert rows <= A_MONTH


def test_patients_are_read_by_name(api: Caller) -> None:
    middle = "/api/v1/patients?limit=200"
    for _ in range(3):
        middle = api.get(middle).json()["next"].removeprefix("http://testserver")
    found = [scan for scan in explained(api, middle) if scan[0] == "patients_patient"]
    assert ("patients_patient", "patient_by_name") in {(name, index) for name, index, _ in found}
    assert max(rows for _, _, rows in found) <= 201


def test_the_pages_of_patients_hold_everybody_once(api: Caller) -> None:
    seen: list[UUID] = []
    address = "/api/v1/patients?limit=200"
    for _ in range(5):
        body = api.get(address).json()
        seen += [UUID(item["id"]) for item in body["items"]]
        address = body["next"].removeprefix("http://testserver")
    order = Patient.objects.filter(clinic=api.row.clinic).order_by(
        "family_name", "given_names", "id"
    )
    assert seen == list(order.values_list("id", flat=True)[:1000])
