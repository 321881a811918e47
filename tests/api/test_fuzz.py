"""Whatever is asked, the answer is one of ours: never a 5xx, never a question half understood."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.api.pages import CURSOR
from core.api.query import read_query
from scheduling.api.visits import VisitListView
from tests.api.builders import Caller

pytestmark = pytest.mark.django_db
KNOWN = {parameter.name for parameter in VisitListView.parameters}
NASTY = (
    "\x00", "", " ", "0", "-1", "1" + "0" * 400, "0000-01-01", "10000-01-01", "2026-02-29",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-03-02T09:00:00 01:00",
    "\u202e", "\ufeff", "é" * 500, "NaN", "null", "[]", "{}", "'; --", "%", "%00", "..", ",,",
    "booked", "planned,booked", "2026-03-02", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
values = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.uuids().map(str),
    st.integers().map(str),
)
pairs = st.lists(
    st.tuples(st.one_of(st.sampled_from(sorted(KNOWN)), st.text(max_size=8)), values), max_size=5
)
raw = st.binary(max_size=60).map(lambda some: quote(some, safe="=&%+"))


def fuzz(examples: int) -> settings:
    shared = [HealthCheck.function_scoped_fixture]  # one clinic, one client: nothing is written
    return settings(max_examples=examples, deadline=None, suppress_health_check=shared)


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"api_client": "1000000/s"}
    monkeypatch.setattr("clinics.api.throttling.api_settings.DEFAULT_THROTTLE_RATES", rates)


def surrogates_out(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@fuzz(300)
@given(asked=pairs)
def test_parameters(api: Caller, asked: list[tuple[str, str]]) -> None:
    query = urlencode([(surrogates_out(name), value) for name, value in asked])
    answer = api.get(f"/api/v1/visits?{query}")
    assert answer.status_code in {200, 400}, query
    names = [surrogates_out(name) for name, _ in asked]
    if answer.status_code == 200:
        assert set(names) <= KNOWN
        assert len(names) == len(set(names))
    if answer.status_code == 400:
        assert answer.json()["fields"].keys() <= {name[:60] for name in names}


@fuzz(300)
@given(query=raw, path=st.sampled_from(["visits", "patients", "courses", "chairs"]))
def test_bytes(api: Caller, query: str, path: str) -> None:
    assert api.get(f"/api/v1/{path}?{query}").status_code in {200, 400}


@fuzz(150)
@given(body=st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["visit", "chair", "start", "mrn", "family_name", "x"]), inner, max_size=4
    ),
    max_leaves=8,
))  # fmt: skip
def test_bodies(api: Caller, body: Any) -> None:
    text = json.dumps(body)  # the standard library writes NaN and half surrogates as well
    assert api.post("/api/v1/bookings", text, Idempotency_Key="k").status_code in {400, 404}
    assert api.post("/api/v1/patients/search", text).status_code in {200, 400}


@fuzz(100)
@given(text=st.text(max_size=200) | st.sampled_from(NASTY))
def test_a_cursor_that_was_not_ours(api: Caller, text: str) -> None:
    query = urlencode({CURSOR.name: surrogates_out(text)})
    assert api.get(f"/api/v1/visits?{query}").status_code in {400}


@fuzz(100)
@given(text=st.text(max_size=300))
def test_a_key_of_any_kind(api: Caller, text: str) -> None:
    header = text.encode("utf-8", "replace").decode("latin-1")
    answer = api.post("/api/v1/bookings", {}, Idempotency_Key=header, If_Match=header)
    assert answer.status_code in {400}


def test_the_fuzz_reaches_the_answers(api: Caller) -> None:
    """The control: the very checks above are not all answered 400."""
    good = QueryDict("from=2026-03-02&status=planned,booked&limit=3")
    assert read_query(VisitListView.parameters, good)["limit"] == 3
    assert api.get("/api/v1/visits?from=2026-03-02").status_code == 200
