"""The worked cases through the API give the worked answers; the examples in the docs are real."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from jsonschema import Draft202012Validator

from clinical.protocol import load
from core.api.openapi import description
from tests.api.builders import Caller
from tests.api.test_openapi import matches
from tests.clinical.cases import CASES, POLICIES, PROFILES

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
KINDS = {
    "calendar": "CalendarItem",
    "titration": "TitrationItem",
    "reaction": "ReactionItem",
    "preparation": "PreparationItem",
    "eligibility": "EligibilityItem",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(orjson.dumps(description()))
    return found


def ask(api: Caller, kind: str, **fields: Any) -> Any:
    answer = api.post(f"/api/v1/calculator/{kind}", fields)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def case(case_id: str) -> tuple[Any, Any]:
    return CASES[case_id]["input"], CASES[case_id]["expected"]


def number(text: str | None, per: int = 1) -> float | None:
    return None if text is None else round(float(text) / per, 4)


def bag(profile: str, **more: Any) -> dict[str, Any]:
    dose, option = PROFILES[profile]
    return {"dose_mg": dose, "option": option, **more}


@pytest.mark.parametrize("case_id", ["T01", "T03", "T05"])
def test_a_rate_table(api: Caller, case_id: str) -> None:
    given, expected = case(case_id)
    body = ask(api, "titration", **bag(given["profile"], volume_ml=given["volume_ml"]))
    assert [
        {
            "step": step["number"],
            "rate_ml_h": number(step["rate_ml_h"]),
            "start_min": number(step["starts_s"], 60),
            "end_min": number(step["ends_s"], 60),
            "step_volume_ml": number(step["step_ml"]),
            "cumulative_ml": number(step["cumulative_ml"]),
        }
        for step in body["steps"]
    ] == expected["steps"]
    assert number(body["total_s"], 60) == expected["total_min"]
    assert body["ends_at"] is body["steps"][0]["starts_at"] is None


def test_a_minute_of_an_infusion(api: Caller) -> None:
    given, expected = case("T02")
    for minute in given["minutes"]:
        at = ask(api, "titration", **bag(given["profile"], minute=minute))["at"]
        assert number(at["volume_in_ml"]) == expected["cumulative_ml"][str(minute)]
        assert number(at["rate_ml_h"]) == expected["rate_ml_h"][str(minute)]


def test_a_day_around_an_infusion_in_the_clinics_time(api: Caller) -> None:
    given, expected = case("T10")
    start = datetime.fromisoformat(given["infusion_start"]).replace(tzinfo=BERLIN)

    def wall(text: str) -> str:
        moment = datetime.fromisoformat(text)
        assert moment.utcoffset() == start.utcoffset()
        return moment.strftime("%H:%M:%S")

    for name, answer in expected.items():
        body = ask(api, "titration", **bag(name, start=start.isoformat()))
        windows = {each["kind"]: each for each in body["premedication"]}
        antihistamine = windows["antihistamine"]
        opens_closes = [wall(antihistamine["opens_at"]), wall(antihistamine["closes_at"])]
        assert opens_closes == answer["antihistamine_window"]
        assert wall(windows["steroid"]["about"]) == answer["methylprednisolone_about"]
        assert wall(body["ends_at"]) == wall(body["steps"][-1]["ends_at"]) == answer["infusion_end"]
        assert wall(body["observe_until"]) == answer["observe_until"]
        assert number(body["chair_time_s"], 60) == answer["chair_min_from_0800"]


@pytest.mark.parametrize("case_id", ["R01", "R02", "R04"])
def test_a_reaction(api: Caller, case_id: str) -> None:
    given, expected = case(case_id)
    start = datetime.fromisoformat(given["start"]).replace(tzinfo=BERLIN)
    body = ask(
        api,
        "reaction",
        **bag(given["profile"]),
        start=start.isoformat(),
        onset_minute=given["onset_min"],
        severity=given["severity"],
        symptom_free_after=given["symptom_free_after_min"],
    )
    assert number(body["rate_at_onset_ml_h"]) == expected["rate_at_onset"]
    assert number(body["volume_at_onset_ml"]) == expected["volume_at_onset_ml"]
    assert number(body["new_rate_ml_h"]) == expected["new_rate"]
    assert number(body["restart_s"], 60) == expected["restart_min"]
    assert number(body["earliest_increase_s"], 60) == expected["earliest_increase_min"]
    assert number(body["total_ml"]) == expected["total_dose_unchanged_ml"]
    ends = {end["policy"]: end for end in body["ends"]}
    for name, policy in POLICIES.items():
        answer, end = expected["end_by_policy"][name], ends[policy]
        assert number(end["ends_s"], 60) == answer["end_min"]
        assert number(end["path"][-1]["cumulative_ml"]) == number(body["total_ml"])
        assert len(end["path"]) == len(answer["segments"])
        said = datetime.fromisoformat(answer["end_clock"]).replace(tzinfo=BERLIN)
        assert abs((datetime.fromisoformat(end["ends_at"]) - said).total_seconds()) < 1
        assert end["worst"] is (name == "hold_half")
    assert [end["policy"] for end in body["ends"] if end["chosen"]] == [body["policy"]]


def utc(text: str) -> str:
    return f"{text}+00:00"


def kept(storage: list[list[str]]) -> list[dict[str, str]]:
    places = {"RT": "room", "FRIDGE": "fridge"}
    return [{"place": places[place], "since": utc(since)} for place, since, _ in storage]


def test_a_bag_kept_at_room_temperature(api: Caller) -> None:
    given, expected = case("B01")
    for name, latest in expected["latest_start"].items():
        dose, option = PROFILES[name]
        body = ask(
            api,
            "preparation",
            dose_mg=dose,
            prepared_at=utc(given["prepared"]),
            storage=kept(given["storage"]),
            time_zone="UTC",
        )
        assert body["must_finish_by"] == utc(expected["must_finish_by"])
        starts = {start["option"]: start for start in body["starts"]}
        rounded = datetime.fromisoformat(starts[option]["latest_start"])
        assert abs((rounded - datetime.fromisoformat(utc(latest))).total_seconds()) < 1


def test_a_bag_from_the_fridge_read_both_ways(api: Caller) -> None:
    given, expected = case("B02")
    question = {
        "dose_mg": 600,
        "prepared_at": utc(given["prepared"]),
        "storage": kept(given["storage"]),
        "time_zone": "UTC",
    }
    label = ask(api, "preparation", **question)
    strict = ask(api, "preparation", **question, strict=True)
    assert label["must_finish_by"] == utc(expected["label_mode_must_finish_by"])
    assert strict["must_finish_by"] == utc(expected["strict_article_mode_must_finish_by"])
    assert (label["limited_by"], strict["limited_by"]) == ("room", "strict")


def test_what_goes_into_a_bag(api: Caller) -> None:
    given, expected = case("B08")
    now = "2026-07-06T08:00:00Z"
    for dose in given["doses_mg"]:
        question = {
            "dose_mg": dose,
            "prepared_at": now,
            "storage": [{"place": "room", "since": now}],
        }
        key = str(dose)
        removed = ask(api, "preparation", **question)
        added = ask(api, "preparation", **question, saline_removed=False)
        assert removed["vials"] == expected["vials"][key]
        assert number(removed["drug_ml"]) == expected["drug_ml"][key]
        concentrations = number(removed["mg_per_ml"]), number(added["mg_per_ml"])
        assert concentrations == (
            expected["mg_per_ml_if_total_equals_bag"][key],
            expected["mg_per_ml_if_drug_added"][key],
        )


def test_a_calendar(api: Caller) -> None:
    given, expected = case("D01")
    body = ask(api, "calendar", first_infusion=given["infusion1"])
    due = {dose["number"]: dose["due"] for dose in body["planned"]}
    assert due[2] == expected["infusion2"]
    assert due[3] == expected["first_600"]
    assert due[4] == expected["second_600_planned"]
    assert body["earliest_allowed"] is None


def test_a_calendar_follows_the_dose_really_given(api: Caller) -> None:
    given, expected = case("D07")
    doses = [("2026-01-06", 1), (given["administered"], 3), ("2026-01-20", 2)]
    body = ask(
        api,
        "calendar",
        first_infusion="2026-01-06",
        given=[{"number": number, "given_on": day} for day, number in doses],
    )
    assert body["planned"][0]["number"] == 4
    assert body["planned"][0]["due"] == expected["next_due"]
    assert body["earliest_allowed"] == expected["earliest_allowed_next"]


def test_a_day_too_early_is_named(api: Caller) -> None:
    given, expected = case("D08")
    for day in given["proposed"]:
        body = ask(
            api,
            "calendar",
            first_infusion="2025-01-01",
            given=[{"number": 3, "given_on": given["last_dose"]}],
            propose=day,
        )
        blocked = any(found["severity"] == "block" for found in body["findings"])
        assert ("BLOCK" if blocked else "ALLOW") == expected["decisions"][day], day


WELL = {
    "for": "visit",
    "on": "2026-07-06",
    "age_years": 35,
    "indication": "RMS",
    "hbsag": "negative",
    "anti_hbc": "negative",
    "igg_low": False,
    "liver_tests_recorded": True,
    "active_infection": False,
    "pregnant": False,
}


def said(api: Caller, edition: str = "default", **changes: Any) -> Any:
    return ask(api, "eligibility", **{**WELL, "edition": edition, **changes})


def test_facts_about_nobody(api: Caller) -> None:
    clear = said(api)
    assert (clear["decision"], clear["findings"]) == ("clear", [])
    assert clear["regimen"] == {"initial_mg": 300, "maintenance_mg": 600}
    hepatitis = said(api, hbsag="positive", hbv_active=True)
    assert [found["id"] for found in hepatitis["findings"]] == ["HBV-ACTIVE"]
    given, _ = case("E06")
    low = {
        "igg_low": None,
        "igg_g_l": given["IgG_g_l"],
        "igg_lower_limit_g_l": str(given["LLN_g_l"]),
        "risk_assessment": True,
    }
    assert [found["id"] for found in said(api, **low)["findings"]] == ["IG-MONITOR"]
    assert [found["id"] for found in said(api, "us", **low)["findings"]] == ["IG-LOW"]
    given, expected = case("E08")
    liver = {"alt_x_uln": given["ALT_xULN"], "bilirubin_x_uln": str(given["bilirubin_xULN"])}
    assert said(api, **liver)["decision"].upper() == expected["decision"]


def test_editions_differ_on_pregnancy_and_on_children(api: Caller) -> None:
    decisions = {each: said(api, each, pregnant=True)["decision"] for each in load().editions()}
    assert decisions == {"default": "block", "us": "hold", "eu": "hold"}
    given, expected = case("E13")
    child = {"age_years": given["age"], "weight_kg": given["weight_kg"], "indication": given["dx"]}
    assert said(api, **child)["regimen"] is None
    regimen = said(api, "us", **child, dose_number=3)
    assert [regimen["regimen"]["initial_mg"]] * 2 == expected["us_may_2026"]["initial_mg"]
    assert regimen["rate_options"] == ["initial"]


def test_who_may_have_the_short_table(api: Caller) -> None:
    assert said(api, dose_number=3)["rate_options"] == ["standard", "short"]
    for flag in ("prior_severe_reaction", "prior_serious_reaction"):
        history: dict[str, Any] = {flag: True}
        answer = said(api, dose_number=3, **history)
        assert answer["rate_options"] == ["standard"]
        assert answer["rate_findings"][0]["id"] == "SHORT-PRIOR-REACTION"
    assert said(api, dose_number=1)["rate_options"] == ["initial"]


def test_a_vaccine_too_close(api: Caller) -> None:
    live = {"name": "yellow fever", "live": True, "on": "2026-06-20"}
    assert [found["id"] for found in said(api, vaccines=[live])["findings"]] == [
        "VACCINE-LIVE-RECENT"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_documented_example_is_answered_as_documented(
    api: Caller, document: dict[str, Any], kind: str
) -> None:
    operation = document["paths"][f"/api/v1/calculator/{kind}"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    [example] = schema["examples"]
    assert list(checker.iter_errors(example)) == []
    assert list(checker.iter_errors({**example, "unknown": 1}))
    matches(document, KINDS[kind], ask(api, kind, **example))
    assert operation["security"] == [{"token": ["calculator:use"]}]


def test_the_default_edition_is_the_default(api: Caller) -> None:
    question = {"first_infusion": "2026-01-06"}
    assert ask(api, "calendar", **question) == ask(
        api, "calendar", **question, edition="default", years=2, given=[], propose=None
    )
