"""Bad input is a 400 that names the field; nothing is ever a 500, and nothing is written."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.models import Clinic
from core.models import AuditEntry
from tests.api.builders import Caller, make_caller

pytestmark = pytest.mark.django_db
NOON = "2026-07-06T12:00:00+02:00"
GOOD: dict[str, dict[str, Any]] = {
    "calendar": {
        "edition": "us",
        "first_infusion": "2026-01-06",
        "given": [{"number": 1, "given_on": "2026-01-06"}],
        "interval_mode": "weeks_24",
        "years": 3,
        "propose": "2026-06-05",
        "regimen": "paediatric",
        "open_on": ["monday", "friday"],
        "roll": "backward",
        "payer_minimum_days": 180,
    },
    "titration": {
        "edition": "eu", "dose_mg": 300, "option": "initial", "volume_ml": "260", "start": NOON,
        "minute": 45.5, "time_zone": "Asia/Kathmandu", "age_years": 12, "weight_kg": "30.5",
        "premedication_given": [{"kind": "steroid", "drug": "prednisolone", "given_at": NOON}],
        "antihypertensive_taken_at": NOON,
    },
    "reaction": {
        "dose_mg": 600, "option": "short", "onset_minute": 40, "severity": "severe",
        "symptom_free_after": 30, "policy": "ladder", "start": NOON, "volume_ml": 520,
        "signs": ["rash", "fever"], "grade": 3,
    },
    "preparation": {
        "dose_mg": 600, "prepared_at": NOON, "storage": [{"place": "fridge", "since": NOON}],
        "strict": True, "bag_ml": 500, "saline_removed": False, "start": NOON,
        "time_zone": "Europe/London",
    },
    "eligibility": {
        "for": "visit", "on": "2026-07-06", "dose_number": 3, "age_years": 40, "weight_kg": 61.5,
        "indication": "RMS", "hbsag": "negative", "renal": "mild", "pml": "none",
        "pregnant": False, "alt_x_uln": "1.25",
        "vaccines": [{"name": "tetanus", "live": False, "on": "2026-06-01"}],
        "planned_vaccines": [{"name": "MMR", "live": True, "on": "2026-09-01"}],
        "first_infusion": "2025-01-06", "b_cells_recovered": True,
    },
}  # fmt: skip


def send(api: Caller, kind: str, body: Any) -> Any:
    return api.post(f"/api/v1/calculator/{kind}", body)


def refused(api: Caller, kind: str, **changes: Any) -> dict[str, list[str]]:
    """The fields a refusal names, when `changes` are made to a good question."""
    answer = send(api, kind, {**GOOD[kind], **changes})
    assert answer.status_code == 400, answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "invalid"
    fields: dict[str, list[str]] = body["fields"]
    assert all(words for words in fields.values())
    return fields


@pytest.mark.parametrize("kind", GOOD)
def test_the_control_is_answered(api: Caller, kind: str) -> None:
    assert send(api, kind, GOOD[kind]).status_code == 200


@pytest.mark.parametrize("kind", GOOD)
def test_a_field_nobody_knows_is_named(api: Caller, kind: str) -> None:
    assert refused(api, kind, surname="DOE") == {"surname": ["There is no such field here."]}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("body", [[], "text", 3, None, True])
def test_anything_but_an_object_is_refused(api: Caller, kind: str, body: Any) -> None:
    answer = send(api, kind, json.dumps(body))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["body"])


MAY_BE_EMPTY = {
    "given", "vaccines", "planned_vaccines", "premedication_given", "signs", "open_on"
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("wrong", [[], {}, "\x00", "é" * 99, -1, 10**18, [[[]]], "NaN"])
def test_each_field_alone_is_named(api: Caller, kind: str, wrong: Any) -> None:
    for name in GOOD[kind]:
        if name in MAY_BE_EMPTY and wrong == []:
            continue
        assert [each.split("[")[0] for each in refused(api, kind, **{name: wrong})] == [name]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("calendar", "first_infusion"),
        ("titration", "dose_mg"),
        ("titration", "option"),
        ("reaction", "onset_minute"),
        ("reaction", "severity"),
        ("preparation", "prepared_at"),
        ("preparation", "storage"),
        ("eligibility", "for"),
        ("eligibility", "on"),
    ],
)
def test_what_is_needed_is_asked_for(api: Caller, kind: str, name: str) -> None:
    assert refused(api, kind, **{name: None}) == {name: ["Required."]}


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("calendar", {"given": [{"number": 1, "given_on": "2026-13-06"}]}, "given[0].given_on"),
        ("calendar", {"given": [{"number": 1}]}, "given[0].given_on"),
        ("calendar", {"given": ["x"]}, "given[0]"),
        ("calendar", {"given": [{"number": 41, "given_on": "2026-01-06"}]}, "given[0].number"),
        ("calendar", {"years": 21}, "years"),
        ("calendar", {"years": 0}, "years"),
        ("calendar", {"years": "2"}, "years"),
        ("calendar", {"years": True}, "years"),
        ("calendar", {"first_infusion": "1949-12-31"}, "first_infusion"),
        ("calendar", {"first_infusion": "2151-01-01"}, "first_infusion"),
        ("calendar", {"first_infusion": "0000-01-01"}, "first_infusion"),
        ("calendar", {"edition": "ch"}, "edition"),
        ("calendar", {"edition": "default"}, "regimen"),
        ("calendar", {"open_on": ["monday", "someday"]}, "open_on"),
        ("calendar", {"open_on": [["monday"]]}, "open_on"),
        ("calendar", {"payer_minimum_days": 401}, "payer_minimum_days"),
        ("titration", {"start": None}, "start"),
        ("titration", {"premedication_given": [{"kind": "steroid", "given_at": NOON}]},
         "premedication_given[0].drug"),
        ("reaction", {"signs": ["rash", "sneeze"]}, "signs"),
        ("reaction", {"grade": 5}, "grade"),
        ("reaction", {"grade": 0}, "grade"),
        ("eligibility", {"first_infusion": None}, "first_infusion"),
        ("eligibility", {"planned_vaccines": [{"name": "MMR"}]}, "planned_vaccines[0].on"),
        ("titration", {"dose_mg": 600}, "dose_mg"),
        ("titration", {"volume_ml": 0}, "volume_ml"),
        ("titration", {"volume_ml": "1.2345"}, "volume_ml"),
        ("titration", {"volume_ml": "1e3"}, "volume_ml"),
        ("titration", {"start": "2026-07-06T12:00:00"}, "start"),
        ("titration", {"start": "9999-12-31T23:59:59-23:59"}, "start"),
        ("titration", {"time_zone": "Mars/Base"}, "time_zone"),
        ("reaction", {"policy": "increment"}, "policy"),
        ("reaction", {"onset_minute": 125}, "onset_minute"),
        ("preparation", {"dose_mg": 450}, "dose_mg"),
        ("preparation", {"bag_ml": 20}, "bag_ml"),
        ("preparation", {"storage": [{"place": "room", "since": "2026-07-06T13:00:00+02:00"}]},
         "storage"),
        ("preparation", {"storage": [{"place": "car", "since": NOON}]}, "storage[0].place"),
        ("preparation", {"storage": []}, "storage"),
        ("eligibility", {"vaccines": [{"live": True, "on": NOON}]}, "vaccines[0].on"),
        ("eligibility", {"pregnant": "no"}, "pregnant"),
        ("eligibility", {"age_years": 131}, "age_years"),
    ],
)  # fmt: skip
def test_the_field_at_fault_is_named(
    api: Caller, kind: str, changes: dict[str, Any], field: str
) -> None:
    assert field in refused(api, kind, **changes)


def test_limits_themselves_are_allowed(api: Caller) -> None:
    allowed: list[tuple[str, dict[str, Any]]] = [
        ("calendar", {"years": 20, "first_infusion": "2150-12-31", "given": []}),
        ("calendar", {"first_infusion": "1950-01-01", "given": [], "propose": "2150-12-31"}),
        ("titration", {"volume_ml": 2000, "minute": 100_000}),
        ("titration", {"volume_ml": 1, "minute": 0}),
        ("reaction", {"onset_minute": "123.999"}),
        ("eligibility", {"on": "2150-12-31"}),
        ("preparation", {"bag_ml": "20.001"}),
    ]
    for kind, limits in allowed:
        answer = send(api, kind, {**GOOD[kind], **limits})
        assert answer.status_code == 200, (kind, limits, answer.json())


def test_doses_that_contradict_each_other(api: Caller) -> None:
    twice = [{"number": 2, "given_on": "2026-01-06"}, {"number": 2, "given_on": "2026-02-06"}]
    assert refused(api, "calendar", given=twice) == {"given": ["Dose 2 is on record twice."]}
    backwards = [{"number": 1, "given_on": "2026-02-06"}, {"number": 2, "given_on": "2026-01-06"}]
    fields = refused(api, "calendar", given=backwards)
    assert fields == {"given": ["Dose 2 is not later than dose 1."]}


def test_a_number_may_be_a_string_and_is_read_exactly(api: Caller) -> None:
    bodies = [
        send(api, "titration", {**GOOD["titration"], "volume_ml": volume}).json()
        for volume in (260.1, "260.1", "260.100")
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["volume_ml"] == "260.1"


def test_nothing_is_written_and_nothing_is_read(
    clinic: Clinic, api: Caller, django_assert_num_queries: Any
) -> None:
    for kind, question in GOOD.items():
        with django_assert_num_queries(1):  # the token
            assert send(api, kind, question).status_code == 200
    assert AuditEntry.objects.count() == 0


def test_only_the_calculators_own_scope_opens_it(clinic: Clinic) -> None:
    for scope, status in (("calculator:use", 200), ("visits:read", 403), ("bookings:write", 403)):
        assert send(make_caller(clinic, scope), "calendar", GOOD["calendar"]).status_code == status
    assert make_caller(clinic, "calculator:use").get("/api/v1/visits").status_code == 403
    assert make_caller(clinic).get("/api/v1/calculator/calendar").status_code == 405


NASTY = (
    "\x00", "", " ", "0", "-1", "9" * 400, "0000-01-01", "10000-01-01", "2026-02-29",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1950-01-01T00:00:00Z",
    "2150-12-31T23:59:59-23:59", "\u202e", "é" * 500, "NaN", "Infinity", "1e999999", "٣",
    "room", "short", "increment", "2026-03-29T02:30:00+01:00", "Factory", "localtime", "../etc",
)  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.integers(0, 700)
    | st.sampled_from(NASTY)
    | st.text(max_size=20)
    | st.dates().map(str)
    | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
changes = st.dictionaries(
    st.sampled_from(sorted({name for question in GOOD.values() for name in question}))
    | st.text(max_size=8).filter(lambda name: "[" not in name),
    anything,
    max_size=4,
)


def fuzz(examples: int) -> settings:
    shared = [HealthCheck.function_scoped_fixture]  # one clinic, one client: nothing is written
    return settings(max_examples=examples, deadline=None, suppress_health_check=shared)


@fuzz(400)
@given(kind=st.sampled_from(sorted(GOOD)), changed=changes)
def test_a_good_question_with_something_broken(
    api: Caller, kind: str, changed: dict[str, Any]
) -> None:
    """A broken field is named by its own name, and no other field is blamed."""
    answer = send(api, kind, json.dumps({**GOOD[kind], **changed}))
    assert answer.status_code in {200, 400}
    if answer.status_code == 400 and "fields" in answer.json():
        named = {name.split("[")[0] for name in answer.json()["fields"]}
        assert named <= {*GOOD[kind], *(name[:60] for name in changed)}


@fuzz(200)
@given(kind=st.sampled_from(sorted(GOOD)), body=anything)
def test_any_json_at_all(api: Caller, kind: str, body: Any) -> None:
    assert send(api, kind, json.dumps(body)).status_code in {200, 400}


@fuzz(150)
@given(kind=st.sampled_from(sorted(GOOD)), raw=st.binary(max_size=80))
def test_any_bytes_at_all(api: Caller, kind: str, raw: bytes) -> None:
    assert send(api, kind, raw).status_code == 400


@pytest.mark.parametrize("kind", GOOD)
def test_nesting_without_end(api: Caller, kind: str) -> None:
    for deep in ("[" * 50_000, '{"given":' * 5_000, "[" * 900 + "]" * 900):
        assert send(api, kind, deep).status_code == 400
