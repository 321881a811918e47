"""Vaccines before the start, during treatment, and at later doses."""

from datetime import date, timedelta

import pytest

from clinical.eligibility import (
    for_course,
    for_visit,
)
from clinical.facts import (
    Vaccine,
)
from clinical.findings import Severity
from clinical.protocol import load
from clinical.vaccination import earliest_start, for_vaccination
from tests.clinical.patients import START, said, well


def vaccine(on: date, *, live: bool) -> Vaccine:
    return Vaccine(name="MMR" if live else "influenza", live=live, on=on)


@pytest.mark.parametrize(
    ("edition", "live", "days", "expected"),
    [
        ("default", True, 27, ["VACCINE-LIVE-RECENT"]),
        ("default", True, 28, []),
        ("default", True, 100, []),
        ("default", True, 0, ["VACCINE-LIVE-RECENT"]),
        ("default", True, -1, []),
        ("default", False, 13, ["VACCINE-NONLIVE-RECENT"]),
        ("default", False, 14, []),
        ("us", True, 28, []),
        ("us", False, 13, ["VACCINE-NONLIVE-RECENT"]),
        ("eu", True, 41, ["VACCINE-LIVE-RECENT"]),
        ("eu", True, 42, []),
        ("eu", False, 41, ["VACCINE-NONLIVE-RECENT"]),
        ("eu", False, 42, []),
    ],
)
def test_a_vaccine_before_the_start(
    *, edition: str, live: bool, days: int, expected: list[str]
) -> None:
    vaccines = (vaccine(START - timedelta(days=days), live=live),)
    assert list(said(well(vaccines=vaccines), edition).ids) == expected
    course = for_course(load("ocrelizumab", edition), well(vaccines=vaccines), first_infusion=START)
    assert list(course.ids) == expected


@pytest.mark.parametrize(("live", "expected"), [(True, ["VACCINE-LIVE-RECENT"]), (False, [])])
def test_a_vaccine_before_a_later_dose(*, live: bool, expected: list[str]) -> None:
    facts = well(vaccines=(vaccine(START - timedelta(days=3), live=live),))
    assert list(for_visit(load(), facts, dose_number=3, on=START).ids) == expected


@pytest.mark.parametrize(
    ("live", "days", "recovered", "expected"),
    [
        (True, -100, False, []),
        (True, -28, False, []),
        (True, -27, False, ["VACCINE-LIVE-LATE"]),
        (True, -1, False, ["VACCINE-LIVE-LATE"]),
        (True, 0, False, ["VACCINE-LIVE-DURING"]),
        (True, 400, False, ["VACCINE-LIVE-DURING"]),
        (True, 400, True, []),
        (False, -14, False, []),
        (False, -13, False, ["VACCINE-NONLIVE-LATE"]),
        (False, 0, False, ["VACCINE-NONLIVE-DURING"]),
        (False, 0, True, []),
    ],
)
def test_a_vaccination_around_treatment(
    *, live: bool, days: int, recovered: bool, expected: list[str]
) -> None:
    found = for_vaccination(
        load(),
        vaccine(START + timedelta(days=days), live=live),
        first_infusion=START,
        b_cells_recovered=recovered,
    )
    assert [item.id for item in found] == expected


def test_a_vaccination_without_treatment() -> None:
    assert for_vaccination(load(), vaccine(START, live=True), first_infusion=None) == []


def test_a_live_vaccine_during_treatment_is_refused_to_everyone() -> None:
    (found,) = for_vaccination(load(), vaccine(START, live=True), first_infusion=START)
    assert (found.severity, found.override_by) == (Severity.BLOCK, ())


def test_the_first_day_after_a_vaccine() -> None:
    assert earliest_start(load(), vaccine(date(2026, 1, 1), live=True)) == date(2026, 1, 29)
    assert earliest_start(load(), vaccine(date(2026, 1, 1), live=False)) == date(2026, 1, 15)
