"""What a calculator is asked beside the plain question: clinic days, a payer, a child, what was
given, signs, and vaccinations to come."""

from typing import Any

import pytest

from tests.api.builders import Caller
from tests.clinical.cases import CASES
from tests.reference.test_api_answers import WELL, ask

pytestmark = pytest.mark.django_db
MORNING = "2026-07-06T09:00:00+02:00"
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]


def ids(findings: list[dict[str, Any]]) -> list[str]:
    return [found["id"] for found in findings]


def test_a_due_date_rolls_to_a_clinic_day(api: Caller) -> None:
    expected = CASES["D12"]["expected"]
    body = ask(api, "calendar", first_infusion="2026-01-05", open_on=WEEK)
    third = body["planned"][2]
    assert (third["due"], third["clinic_day"]) == ("2026-07-05", expected["booked"])
    back = ask(api, "calendar", first_infusion="2026-01-05", open_on=WEEK, roll="backward")
    assert back["planned"][2]["clinic_day"] == "2026-07-03"
    plain = ask(api, "calendar", first_infusion="2026-01-05")
    assert {dose["clinic_day"] for dose in plain["planned"]} == {None}


@pytest.mark.parametrize(("days", "said"), [(None, []), (181, []), (182, ["PAYER-INTERVAL"])])
def test_a_payer_is_asked_only_on_request(api: Caller, days: int | None, said: list[str]) -> None:
    given = [{"number": 3, "given_on": "2026-01-05"}]
    body = ask(
        api, "calendar", first_infusion="2025-07-05", given=given, propose="2026-07-05",
        payer_minimum_days=days,
    )  # fmt: skip
    assert ids(body["findings"]) == said


def test_no_payer_limits_the_split_dose(api: Caller) -> None:
    given = [{"number": 1, "given_on": "2026-01-05"}]
    body = ask(
        api, "calendar", first_infusion="2026-01-05", given=given, propose="2026-01-19",
        payer_minimum_days=180,
    )  # fmt: skip
    assert body["findings"] == []


def test_a_childs_calendar_carries_a_childs_milligrams(api: Caller) -> None:
    body = ask(
        api, "calendar", edition="us", first_infusion="2026-01-05", regimen="paediatric", years=1
    )
    assert [dose["dose_mg"] for dose in body["planned"]] == [150, 150, 300, 300]


def test_a_childs_glucocorticoid_goes_by_weight(api: Caller) -> None:
    def steroid(**more: Any) -> Any:
        body = ask(api, "titration", dose_mg=150, option="initial", start=MORNING, **more)
        return {each["kind"]: each for each in body["premedication"]}["steroid"]["dose_mg"]

    assert steroid() == "100"
    assert steroid(age_years=12, weight_kg=30) == "60"
    assert steroid(age_years=12, weight_kg=40) == "100"


def test_what_was_given_before_the_start(api: Caller) -> None:
    """E21 through the API, one row a question."""
    case = CASES["E21"]
    drugs = {
        "methylpred_min_before": ("steroid", "methylprednisolone"),
        "antihistamine_min_before": ("antihistamine", "diphenhydramine"),
    }
    words = {"PREMED-LATE": "WARN_TOO_LATE", "PREMED-EARLY": "WARN_TOO_EARLY"}
    for row, expected in zip(case["input"]["rows"], case["expected"]["result"], strict=True):
        given = [
            {"kind": drugs[name][0], "drug": drugs[name][1], "dose_mg": 100,
             "given_at": f"2026-07-06T0{8 - before // 60}:{60 - before % 60:02}:00+02:00"
             if before % 60 else f"2026-07-06T0{9 - before // 60}:00:00+02:00"}
            for name, before in row.items()
            if before is not None
        ]  # fmt: skip
        body = ask(
            api, "titration", dose_mg=300, option="initial", start=MORNING,
            premedication_given=given,
        )  # fmt: skip
        said = [
            words.get(found["id"], found["severity"].upper())
            for found in body["premedication_findings"]
        ]
        assert (said or ["OK"]) == [expected], row


def test_nothing_given_is_not_the_same_as_not_asked(api: Caller) -> None:
    question = {"dose_mg": 300, "option": "initial", "start": MORNING}
    assert ask(api, "titration", **question)["premedication_findings"] is None
    nothing = ask(api, "titration", **question, premedication_given=[])
    assert ids(nothing["premedication_findings"]) == [
        "PREMED-STEROID-MISSING",
        "PREMED-ANTIHISTAMINE-MISSING",
    ]


@pytest.mark.parametrize(
    ("taken", "said"),
    [("2026-07-05T21:00:00+02:00", []), ("2026-07-05T21:00:01+02:00", ["PREMED-ANTIHYPERTENSIVE"])],
)
def test_a_blood_pressure_medicine(api: Caller, taken: str, said: list[str]) -> None:
    body = ask(
        api, "titration", dose_mg=300, option="initial", start=MORNING,
        antihypertensive_taken_at=taken,
    )  # fmt: skip
    assert ids(body["premedication_findings"]) == said


def reacted(api: Caller, severity: str, **more: Any) -> Any:
    body = ask(
        api, "reaction", dose_mg=300, option="initial", onset_minute=75, severity=severity, **more
    )
    return body["suggestion"]


@pytest.mark.parametrize(
    ("severity", "asked", "suggested", "for_good", "more"),
    [
        ("mild_moderate", {"signs": ["rash"]}, "mild_moderate", False, False),
        ("mild_moderate", {"grade": 3}, "severe", False, True),
        ("severe", {"signs": ["dyspnoea"]}, "severe", False, False),
        ("severe", {"signs": ["bronchospasm"]}, "severe", True, True),
        ("life_threatening", {"signs": ["bronchospasm"]}, "severe", True, False),
        ("severe", {"signs": ["anaphylaxis"], "grade": 1}, "life_threatening", True, True),
        ("severe", {"grade": 1}, "mild_moderate", False, False),
    ],
)
def test_signs_and_grade_suggest_and_the_clinician_decides(
    *, api: Caller, severity: str, asked: dict[str, Any], suggested: str, for_good: bool, more: bool
) -> None:
    found = reacted(api, severity, **asked)
    assert (found["severity"], found["stop_for_good"]) == (suggested, for_good)
    assert found["suggests_more"] is more
    assert reacted(api, severity) is None


def test_the_signs_behind_a_suggestion_are_named(api: Caller) -> None:
    found = reacted(api, "mild_moderate", signs=["throat_pain", "rash", "fever", "flushing"])
    assert found["because"] == ["flushing", "fever", "throat_pain"]
    assert ids(found["findings"]) == ["REACTION-SUGGESTED"]
    assert reacted(api, "mild_moderate", signs=["rash"])["findings"] == []


def vaccinations(api: Caller, **more: Any) -> list[list[str]]:
    body = ask(api, "eligibility", **{**WELL, **more})
    return [ids(each["findings"]) for each in body["vaccinations"]]


MMR = {"name": "MMR", "live": True}
FLU = {"name": "influenza", "live": False}


def test_a_vaccination_to_come_before_the_first_infusion(api: Caller) -> None:
    planned = [
        {**MMR, "on": "2026-06-08"}, {**MMR, "on": "2026-06-09"}, {**MMR, "on": "2026-08-01"},
        {**FLU, "on": "2026-06-22"}, {**FLU, "on": "2026-06-23"}, {**FLU, "on": "2026-12-01"},
    ]  # fmt: skip
    assert vaccinations(api, dose_number=1, planned_vaccines=planned) == [
        [], ["VACCINE-LIVE-LATE"], ["VACCINE-LIVE-DURING"],
        [], ["VACCINE-NONLIVE-LATE"], ["VACCINE-NONLIVE-DURING"],
    ]  # fmt: skip


def test_a_vaccination_to_come_during_treatment(api: Caller) -> None:
    planned = [{**MMR, "on": "2026-09-01"}, {**FLU, "on": "2026-09-01"}]
    more = {"dose_number": 4, "first_infusion": "2025-01-06", "planned_vaccines": planned}
    assert vaccinations(api, **more) == [["VACCINE-LIVE-DURING"], ["VACCINE-NONLIVE-DURING"]]
    assert vaccinations(api, **more, b_cells_recovered=True) == [[], []]
    assert vaccinations(api) == []


def test_a_child_of_thirty_kilograms(api: Caller) -> None:
    """E13: every figure of the worked case from one question."""
    given, expected = CASES["E13"]["input"], CASES["E13"]["expected"]["us_may_2026"]
    child = {
        **WELL, "edition": "us", "dose_number": 3, "age_years": given["age"],
        "weight_kg": given["weight_kg"], "indication": given["dx"],
    }  # fmt: skip
    body = ask(api, "eligibility", **child)
    assert [body["regimen"]["initial_mg"]] * 2 == expected["initial_mg"]
    assert body["regimen"]["maintenance_mg"] == expected["maintenance_mg"]
    assert float(body["steroid_mg"]) == expected["methylprednisolone_mg"]
    assert ("short" in body["rate_options"]) is expected["two_hour_option"]
    refused = ask(api, "eligibility", **{**child, "edition": "default"})
    assert (refused["decision"], refused["regimen"], refused["steroid_mg"]) == ("block", None, None)
