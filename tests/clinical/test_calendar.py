"""The dose calendar: anchors, months that are too short, minimum interval, windows, clinic days."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import strategies as st

from clinical.calendar import (
    GivenDose,
    Regimen,
    add_months,
    check_date,
    dose_mg,
    earliest_allowed,
    gap_findings,
    is_prolonged_gap,
    payer_findings,
    project,
)
from clinical.findings import Severity
from clinical.protocol import IntervalMode, Protocol
from tests.clinical.test_protocol import swapped

DATES = st.dates(date(2015, 1, 1), date(2060, 12, 31))
D = date.fromisoformat


def doses(*pairs: tuple[int, str]) -> list[GivenDose]:
    return [
        GivenDose(number=number, given_on=D(day), dose_mg=300 if number <= 2 else 600)
        for number, day in pairs
    ]


def ids(
    protocol: Protocol, number: int, on: str, given: Sequence[GivenDose], due: str
) -> list[str]:
    found = check_date(protocol, dose_number=number, on=D(on), given=given, due=D(due))
    return [item.id for item in found]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2028-02-29", 6, "2028-08-29"),
        ("2028-02-29", 5, "2028-07-29"),
        ("2026-09-30", 5, "2027-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-06-15", 6, "2026-12-15"),
        ("2026-07-15", 6, "2027-01-15"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2026-01-05", 0, "2026-01-05"),
        ("2024-02-29", 12, "2025-02-28"),
    ],
)
def test_months_clamp_to_the_last_day(day: str, months: int, expected: str) -> None:
    assert add_months(D(day), months) == D(expected)


def test_a_course_alternates_from_infusion_1_without_month_end_drift(protocol: Protocol) -> None:
    planned = project(protocol, first_infusion=D("2026-08-31"), until=D("2029-03-01"))
    assert [dose.due.isoformat() for dose in planned] == [
        "2026-08-31",
        "2026-09-14",
        "2027-02-28",
        "2027-08-31",
        "2028-02-29",
        "2028-08-31",
        "2029-02-28",
    ]
    assert [dose.dose_mg for dose in planned] == [300, 300, 600, 600, 600, 600, 600]
    assert [dose.number for dose in planned] == [1, 2, 3, 4, 5, 6, 7]


def test_windows_of_the_planned_doses(protocol: Protocol) -> None:
    first, second, third, fourth = project(
        protocol, first_infusion=D("2026-01-05"), until=D("2027-01-05")
    )
    assert (first.earliest, first.due, first.latest) == (D("2026-01-05"),) * 3
    assert (second.earliest, second.latest) == (D("2026-01-16"), D("2026-01-22"))
    assert (third.earliest, third.latest) == (D("2026-06-21"), D("2026-08-02"))
    assert (fourth.earliest, fourth.latest) == (D("2026-12-22"), D("2027-02-02"))


def test_the_window_never_opens_before_the_minimum_interval(protocol: Protocol) -> None:
    wide = swapped('window_before = { value = "14 d"', 'window_before = { value = "60 d"')
    third = project(wide, first_infusion=D("2026-01-05"), until=D("2026-07-05"))[-1]
    assert third.earliest == D("2026-06-05")


def test_a_split_into_three_is_three_times_two_weeks() -> None:
    three = swapped("initial_infusions = { value = 2", "initial_infusions = { value = 3")
    planned = project(three, first_infusion=D("2026-01-05"), until=D("2026-07-05"))
    assert [(dose.due.isoformat(), dose.dose_mg) for dose in planned] == [
        ("2026-01-05", 300),
        ("2026-01-19", 300),
        ("2026-02-02", 300),
        ("2026-07-05", 600),
    ]


def test_only_what_rests_on_doses_not_given_is_projected(protocol: Protocol) -> None:
    def flags(given: Sequence[GivenDose]) -> dict[int, bool]:
        planned = project(
            protocol, first_infusion=D("2026-01-05"), given=given, until=D("2027-08-01")
        )
        return {dose.number: dose.projected for dose in planned}

    assert flags([]) == {1: False, 2: True, 3: True, 4: True, 5: True}
    assert flags(doses((1, "2026-01-05"))) == {2: False, 3: False, 4: True, 5: True}
    assert flags(doses((1, "2026-01-05"), (2, "2026-01-19"), (3, "2026-07-06"))) == {
        4: False,
        5: True,
    }


def test_infusion_1_really_given_replaces_the_plan(protocol: Protocol) -> None:
    planned = project(
        protocol,
        first_infusion=D("2026-01-05"),
        given=doses((1, "2026-01-12")),
        until=D("2026-07-31"),
    )
    assert [dose.due for dose in planned] == [D("2026-01-26"), D("2026-07-12")]


def test_a_late_dose_moves_every_dose_after_it(protocol: Protocol) -> None:
    given = doses((1, "2026-01-05"), (2, "2026-01-19"), (3, "2026-08-17"))
    planned = project(protocol, first_infusion=D("2026-01-05"), given=given, until=D("2027-08-17"))
    assert [dose.due for dose in planned] == [D("2027-02-17"), D("2027-08-17")]
    assert [dose.number for dose in planned] == [4, 5]


def test_a_skipped_infusion_2_is_not_planned_again(protocol: Protocol) -> None:
    given = doses((1, "2026-01-05"), (3, "2026-07-06"))
    planned = project(protocol, first_infusion=D("2026-01-05"), given=given, until=D("2027-01-31"))
    assert [dose.number for dose in planned] == [4]


def test_a_patient_who_joins_in_mid_course(protocol: Protocol) -> None:
    planned = project(
        protocol,
        first_infusion=D("2020-01-01"),
        given=doses((7, "2026-03-03")),
        until=D("2026-09-03"),
    )
    assert [(dose.number, dose.due) for dose in planned] == [(8, D("2026-09-03"))]
    alone = project(
        protocol,
        first_infusion=D("2026-01-01"),
        given=doses((2, "2026-01-20")),
        until=D("2026-07-20"),
    )
    assert [(dose.number, dose.due) for dose in alone] == [(3, D("2026-07-20"))]


@pytest.mark.parametrize(
    ("mode", "third", "fourth"),
    [
        (IntervalMode.CALENDAR, "2026-07-05", "2027-01-05"),
        (IntervalMode.WEEKS_24, "2026-06-22", "2026-12-07"),
        (IntervalMode.WEEKS_26, "2026-07-06", "2027-01-04"),
    ],
)
def test_interval_modes(protocol: Protocol, mode: IntervalMode, third: str, fourth: str) -> None:
    planned = project(
        protocol, first_infusion=D("2026-01-05"), until=D("2027-01-31"), interval_mode=mode
    )
    assert [dose.due for dose in planned[2:4]] == [D(third), D(fourth)]


def test_a_child_keeps_the_calendar_and_halves_the_milligrams(protocol: Protocol) -> None:
    light = Regimen(initial_mg=150, maintenance_mg=300)
    planned = project(
        protocol, first_infusion=D("2026-01-05"), until=D("2026-07-05"), regimen=light
    )
    assert [dose.dose_mg for dose in planned] == [150, 150, 300]
    assert [dose_mg(protocol, number) for number in (1, 2, 3, 9)] == [300, 300, 600, 600]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (doses((1, "2026-01-05"), (1, "2026-01-06")), "dose 1 is on record twice"),
        (doses((1, "2026-01-19"), (2, "2026-01-19")), "dose 2 is not later than dose 1"),
        (doses((1, "2026-01-19"), (2, "2026-01-05")), "dose 2 is not later than dose 1"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    protocol: Protocol, given: list[GivenDose], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        project(protocol, first_infusion=D("2026-01-05"), given=given, until=D("2027-01-01"))
    with pytest.raises(ValueError, match=words):
        earliest_allowed(protocol, dose_number=3, given=given)


@pytest.mark.parametrize(
    ("number", "given", "expected"),
    [
        (1, [], None),
        (2, doses((1, "2026-01-05")), None),
        (3, [], None),
        (3, doses((1, "2026-01-15")), D("2026-06-15")),
        (3, doses((1, "2026-01-15"), (2, "2026-03-01")), D("2026-06-15")),
        (3, doses((2, "2026-01-29")), D("2026-06-29")),
        (4, doses((1, "2026-01-05"), (2, "2026-01-19"), (3, "2026-08-17")), D("2027-01-17")),
        (5, doses((1, "2026-01-05"), (2, "2026-01-19"), (3, "2026-08-17")), D("2027-01-17")),
        (3, doses((1, "2026-01-05"), (2, "2026-01-19"), (3, "2026-08-17")), D("2026-06-05")),
    ],
)
def test_earliest_allowed(
    protocol: Protocol, number: int, given: list[GivenDose], expected: date | None
) -> None:
    assert earliest_allowed(protocol, dose_number=number, given=given) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-06-14", ["INTERVAL-MINIMUM", "WINDOW-EARLY"]),
        ("2026-06-15", ["WINDOW-EARLY"]),
        ("2026-06-30", ["WINDOW-EARLY"]),
        ("2026-07-01", []),
        ("2026-07-15", []),
        ("2026-08-12", []),
        ("2026-08-13", ["WINDOW-LATE"]),
        ("2027-01-14", ["WINDOW-LATE"]),
        ("2027-01-15", ["WINDOW-LATE", "GAP-PROLONGED"]),
    ],
)
def test_limits_around_a_maintenance_date(protocol: Protocol, on: str, expected: list[str]) -> None:
    given = doses((3, "2026-01-15"))
    assert ids(protocol, 4, on, given, "2026-07-15") == expected


def test_the_refusal_names_the_earliest_date(protocol: Protocol) -> None:
    (first, *_) = check_date(
        protocol,
        dose_number=4,
        on=D("2026-06-14"),
        given=doses((3, "2026-01-15")),
        due=D("2026-07-15"),
    )
    assert first.severity is Severity.BLOCK
    assert first.override_by == ("prescriber",)
    assert first.words == (
        "Dose 4 must be at least 5 months after the dose before. Earliest date is 2026-06-15."
    )


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-01-15", ["INFUSION-2-WINDOW"]),
        ("2026-01-16", []),
        ("2026-01-19", []),
        ("2026-01-22", []),
        ("2026-01-23", ["INFUSION-2-WINDOW"]),
        ("2026-01-05", ["DOSE-ORDER", "INFUSION-2-WINDOW"]),
        ("2026-01-06", ["INFUSION-2-WINDOW"]),
    ],
)
def test_limits_around_infusion_2(protocol: Protocol, on: str, expected: list[str]) -> None:
    assert ids(protocol, 2, on, doses((1, "2026-01-05")), "2026-01-19") == expected


def test_dose_1_has_no_window_and_no_minimum(protocol: Protocol) -> None:
    assert ids(protocol, 1, "2026-03-01", [], "2026-01-05") == []


@pytest.mark.parametrize(
    ("number", "on", "given", "words"),
    [
        (
            2,
            "2026-08-01",
            doses((1, "2026-01-05"), (2, "2026-01-19")),
            "Dose 2 was given on 2026-01-19.",
        ),
        (
            2,
            "2026-08-01",
            doses((1, "2026-01-05"), (3, "2026-07-06"), (4, "2027-01-06")),
            "Dose 3 was already given, on 2026-07-06.",
        ),
        (
            2,
            "2026-02-01",
            doses((1, "2026-01-05"), (3, "2026-07-06")),
            "Dose 3 was already given, on 2026-07-06.",
        ),
        (
            3,
            "2026-08-01",
            doses((1, "2026-01-05"), (2, "2026-08-01")),
            "Dose 2 was given on 2026-08-01; dose 3 comes after it.",
        ),
    ],
)
def test_doses_keep_their_order(
    protocol: Protocol, *, number: int, on: str, given: list[GivenDose], words: str
) -> None:
    found = check_date(protocol, dose_number=number, on=D(on), given=given, due=D(on))
    assert (found[0].id, found[0].words) == ("DOSE-ORDER", words)


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2026-07-25", ["INFUSION-2-LATE"]), ("2026-07-26", []), ("2026-07-27", [])],
)
def test_the_first_600_after_a_very_late_infusion_2(
    protocol: Protocol, on: str, expected: list[str]
) -> None:
    given = doses((1, "2026-01-05"), (2, "2026-02-26"))
    assert ids(protocol, 3, on, given, "2026-07-05") == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [("2026-01-22", []), ("2026-01-23", ["INFUSION-2-LATE", "WINDOW-EARLY"])],
)
def test_an_infusion_2_within_its_window_is_not_late(
    protocol: Protocol, second: str, expected: list[str]
) -> None:
    given = doses((1, "2026-01-05"), (2, second))
    found = ids(protocol, 3, "2026-06-15", given, "2026-07-05")
    assert [
        item for item in found if item != "WINDOW-EARLY" or "INFUSION-2-LATE" in found
    ] == expected


def test_a_late_infusion_2_warns_and_does_not_hold(protocol: Protocol) -> None:
    given = doses((1, "2026-01-05"), (2, "2026-02-26"))
    [late] = check_date(
        protocol, dose_number=3, on=D("2026-07-05"), given=given, due=D("2026-07-05")
    )
    assert (late.id, late.severity) == ("INFUSION-2-LATE", Severity.CAUTION)


def test_a_late_infusion_2_matters_only_to_the_first_600(protocol: Protocol) -> None:
    given = doses((1, "2026-01-05"), (2, "2026-06-26"), (3, "2026-07-05"))
    assert ids(protocol, 4, "2027-01-05", given, "2027-01-05") == []


@pytest.mark.parametrize(
    ("today", "prolonged"), [("2026-05-09", False), ("2026-05-10", True), ("2026-07-10", True)]
)
def test_a_prolonged_gap_is_the_prescribers(
    protocol: Protocol,
    *,
    today: str,
    prolonged: bool,
) -> None:
    last = D("2025-05-10")
    assert is_prolonged_gap(protocol, last_given=last, today=D(today)) is prolonged
    found = gap_findings(protocol, last_given=last, today=D(today))
    assert [item.id for item in found] == ["GAP-PROLONGED"] * prolonged
    for item in found:
        assert (item.severity, item.override_by) == (Severity.HOLD, ("prescriber",))
        assert item.needs_sign_off
        assert "single 600 mg or two 300 mg 14 days apart" in item.words


def test_no_dose_no_gap(protocol: Protocol) -> None:
    assert gap_findings(protocol, last_given=None, today=D("2026-01-01")) == []


def test_the_payer_gate_is_off_by_default_and_counts_days(protocol: Protocol) -> None:
    given = doses((3, "2026-01-15"))
    assert ids(protocol, 4, "2026-07-13", given, "2026-07-15") == []
    on = swapped("payer_gate = { value = false", "payer_gate = { value = true")
    assert ids(on, 4, "2026-07-13", given, "2026-07-15") == ["PAYER-INTERVAL"]
    assert ids(on, 4, "2026-07-14", given, "2026-07-15") == []
    assert ids(on, 2, "2026-01-19", doses((1, "2026-01-05")), "2026-01-19") == []
    assert ids(on, 3, "2026-07-05", [], "2026-07-05") == []


def test_the_payer_gate_may_be_asked_on_its_own(protocol: Protocol) -> None:
    last = D("2026-01-15")
    assert payer_findings(protocol, on=D("2026-01-20"), last_given=None) == []
    (found,) = payer_findings(
        protocol, on=D("2026-07-15"), last_given=last, minimum=timedelta(days=182)
    )
    assert found.words == "The payer covers the next dose from 2026-07-16."
    assert payer_findings(protocol, on=D("2026-07-14"), last_given=last) == []
