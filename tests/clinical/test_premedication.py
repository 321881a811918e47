"""Premedication: what is due when, and what is wrong with what was given."""

from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.premedication import (
    PremedicationGiven,
    PremedicationKind,
    antihypertensive_findings,
    check_premedication,
    premedication_due,
    steroid_dose_mg,
)
from clinical.protocol import Protocol, load
from tests.clinical.charts import at
from tests.clinical.test_protocol import swapped
from tests.clinical.zones import MOMENTS, ZONES

STEROID, ANTIHISTAMINE, ANTIPYRETIC = PremedicationKind


def given(
    kind: PremedicationKind, before: float, drug: str = "", dose: Fraction | int | None = None
) -> PremedicationGiven:
    names = {
        STEROID: "methylprednisolone",
        ANTIHISTAMINE: "diphenhydramine",
        ANTIPYRETIC: "paracetamol",
    }
    return PremedicationGiven(
        kind=kind,
        drug=drug or names[kind],
        given_at=at(-before),
        dose_mg=None if dose is None else Fraction(dose),
    )


def ids(protocol: Protocol, *items: PremedicationGiven, **child: object) -> list[str]:
    found = check_premedication(protocol, infusion_start=at(0), given=items, **child)  # type: ignore[arg-type]
    return [item.id for item in found]


def test_what_is_due_and_when(protocol: Protocol) -> None:
    due = premedication_due(protocol, infusion_start=at(0))
    assert [
        (item.kind, item.required, item.opens_at, item.closes_at, item.about) for item in due
    ] == [
        (ANTIHISTAMINE, True, at(-60), at(-30), None),
        (ANTIPYRETIC, False, at(-60), at(-30), None),
        (STEROID, True, at(-60), at(-20), at(-30)),
    ]
    assert [(item.dose_mg, item.route) for item in due] == [(None, ""), (None, ""), (100, "IV")]
    assert due[0].drugs[0] == "diphenhydramine"
    assert due[2].drugs == ("methylprednisolone",)


@pytest.mark.parametrize(
    ("steroid", "antihistamine", "expected"),
    [
        (30, 45, []),
        (30, None, ["PREMED-ANTIHISTAMINE-MISSING"]),
        (None, 45, ["PREMED-STEROID-MISSING"]),
        (None, None, ["PREMED-STEROID-MISSING", "PREMED-ANTIHISTAMINE-MISSING"]),
        (30, 29, ["PREMED-LATE"]),
        (30, 30, []),
        (30, 60, []),
        (30, 61, ["PREMED-EARLY"]),
        (19, 45, ["PREMED-LATE"]),
        (20, 45, []),
        (60, 45, []),
        (61, 45, ["PREMED-EARLY"]),
        (0, 45, ["PREMED-LATE"]),
        (-1, 45, ["PREMED-STEROID-MISSING"]),
        (30, -1, ["PREMED-ANTIHISTAMINE-MISSING"]),
        (61, 20, ["PREMED-EARLY", "PREMED-LATE"]),
    ],
)
def test_required_and_in_time(
    protocol: Protocol, steroid: int | None, antihistamine: int | None, expected: list[str]
) -> None:
    items = [
        given(kind, before)
        for kind, before in ((STEROID, steroid), (ANTIHISTAMINE, antihistamine))
        if before is not None
    ]
    assert ids(protocol, *items) == expected


@pytest.mark.parametrize(
    ("before", "expected"), [(None, []), (45, []), (20, ["PREMED-LATE"]), (90, ["PREMED-EARLY"])]
)
def test_an_antipyretic_is_optional_and_still_timed(
    protocol: Protocol, before: int | None, expected: list[str]
) -> None:
    extra = [] if before is None else [given(ANTIPYRETIC, before)]
    assert ids(protocol, given(STEROID, 30), given(ANTIHISTAMINE, 45), *extra) == expected


def test_of_two_doses_the_better_timed_counts(protocol: Protocol) -> None:
    good = given(STEROID, 30)
    assert ids(protocol, good, given(ANTIHISTAMINE, 90), given(ANTIHISTAMINE, 40)) == []
    assert ids(protocol, good, given(ANTIHISTAMINE, 90), given(ANTIHISTAMINE, 20)) == [
        "PREMED-LATE"
    ]
    assert ids(protocol, good, given(ANTIHISTAMINE, 65), given(ANTIHISTAMINE, 20)) == [
        "PREMED-EARLY"
    ]


@pytest.mark.parametrize(
    ("late", "early", "said"), [(10, 70, (10, 70)), (Fraction("19.5"), Fraction("60.5"), (19, 61))]
)
def test_words_of_the_window(
    protocol: Protocol, late: Fraction, early: Fraction, said: tuple[int, int]
) -> None:
    """What is outside never reads as inside: minutes are rounded away from the window."""
    found = check_premedication(
        protocol,
        infusion_start=at(0),
        given=[given(STEROID, float(late)), given(ANTIHISTAMINE, float(early))],
    )
    assert [item.words for item in found] == [
        f"The {kind} was given {minutes} min before the start; its window is {window} min before."
        for kind, minutes, window in (
            ("steroid", said[0], "60 to 20"),
            ("antihistamine", said[1], "60 to 30"),
        )
    ]


@pytest.mark.parametrize(
    ("drug", "dose", "expected"),
    [
        ("methylprednisolone", 100, []),
        ("methylprednisolone", Fraction("99.9"), ["PREMED-STEROID-DOSE"]),
        ("methylprednisolone", None, []),
        ("methylprednisolone", 125, []),
        ("prednisolone", 125, []),
        ("prednisolone", 124, ["PREMED-STEROID-DOSE"]),
        ("hydrocortisone", 500, []),
        ("hydrocortisone", 499, ["PREMED-STEROID-DOSE"]),
        ("dexamethasone", Fraction("18.75"), []),
        ("dexamethasone", 18, ["PREMED-STEROID-DOSE"]),
        ("budesonide", 9, ["PREMED-STEROID-UNKNOWN"]),
    ],
)
def test_equivalent_glucocorticoids(
    protocol: Protocol, drug: str, dose: Fraction | int | None, expected: list[str]
) -> None:
    assert ids(protocol, given(STEROID, 30, drug, dose), given(ANTIHISTAMINE, 45)) == expected


def test_one_full_steroid_dose_is_enough(protocol: Protocol) -> None:
    part, full = given(STEROID, 30, dose=20), given(STEROID, 30, dose=100)
    assert ids(protocol, part, full, given(ANTIHISTAMINE, 45)) == []
    assert ids(protocol, part, part, given(ANTIHISTAMINE, 45)) == ["PREMED-STEROID-DOSE"]


@pytest.mark.parametrize(
    ("age", "weight", "dose"),
    [
        (12, 30, 60),
        (12, Fraction("39.5"), 79),
        (12, 40, 100),
        (12, 60, 100),
        (18, 30, 100),
        (17, 30, 60),
        (None, 30, 100),
        (12, None, 100),
    ],
)
def test_a_childs_steroid_dose(
    protocol: Protocol, age: int | None, weight: int | Fraction | None, dose: int
) -> None:
    kilograms = None if weight is None else Fraction(weight)
    assert steroid_dose_mg(protocol, age_years=age, weight_kg=kilograms) == dose
    due = premedication_due(protocol, infusion_start=at(0), age_years=age, weight_kg=kilograms)
    assert due[2].dose_mg == dose


def test_a_childs_dose_is_checked_against_the_childs_need(protocol: Protocol) -> None:
    child = {"age_years": 12, "weight_kg": Fraction(30)}
    half, low = given(STEROID, 30, dose=60), given(STEROID, 30, dose=59)
    assert ids(protocol, half, given(ANTIHISTAMINE, 45), **child) == []
    assert ids(protocol, low, given(ANTIHISTAMINE, 45), **child) == ["PREMED-STEROID-DOSE"]
    found = check_premedication(
        protocol,
        infusion_start=at(0),
        given=[given(STEROID, 30, "hydrocortisone", 299), given(ANTIHISTAMINE, 45)],
        age_years=12,
        weight_kg=Fraction(30),
    )
    assert found[0].words == "299 mg of hydrocortisone; 300 mg is the dose."


@pytest.mark.parametrize(
    ("hours", "expected"), [(None, []), (13, []), (12, []), (11.9, ["PREMED-ANTIHYPERTENSIVE"])]
)
def test_blood_pressure_medicine(
    protocol: Protocol, hours: float | None, expected: list[str]
) -> None:
    found = antihypertensive_findings(
        protocol,
        last_taken=None if hours is None else at(-hours * 60),
        infusion_start=at(0),
    )
    assert [item.id for item in found] == expected
    assert all("less than 12 h before" in item.words for item in found)


def test_another_window_in_the_file_is_another_answer() -> None:
    wide = swapped(
        'antihistamine_earliest = { value = "60 min"', 'antihistamine_earliest = { value = "90 min"'
    )
    assert ids(wide, given(STEROID, 30), given(ANTIHISTAMINE, 90)) == []


@forall(MOMENTS, st.sampled_from(ZONES), st.integers(-30, 150))
def test_minutes_before_the_start_are_real_minutes(
    start: datetime, zone: ZoneInfo, before: int
) -> None:
    taken = (start - timedelta(minutes=before)).astimezone(zone)
    found = check_premedication(
        load(),
        infusion_start=start.astimezone(zone),
        given=[PremedicationGiven(kind=ANTIHISTAMINE, drug="x", given_at=taken)],
    )
    about = [item.id for item in found if item.id != "PREMED-STEROID-MISSING"]
    expected = ["PREMED-ANTIHISTAMINE-MISSING"]
    if before >= 0:
        expected = ["PREMED-LATE"] if before < 30 else ["PREMED-EARLY"] if before > 60 else []
    assert about == expected
