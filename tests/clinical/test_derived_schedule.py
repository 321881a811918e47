"""Dates worked out by hand from the sources' text, one row a case (D)."""

from datetime import date, timedelta

import pytest

from clinical.calendar import (
    GivenDose,
    PlannedDose,
    check_date,
    earliest_allowed,
    payer_findings,
    project,
    roll_to_clinic_day,
)
from clinical.eligibility import contraception_until
from clinical.protocol import IntervalMode, load
from tests.clinical.cases import derived

D = date.fromisoformat
Days = dict[int, str]


def given(days: Days) -> list[GivenDose]:
    return [
        GivenDose(number=number, given_on=D(day), dose_mg=300 if number <= 2 else 600)
        for number, day in days.items()
    ]


def planned(
    first: str, days: Days, mode: IntervalMode | None = None, until: str = "2032-01-01"
) -> dict[int, PlannedDose]:
    doses = project(
        load(), first_infusion=D(first), given=given(days), until=D(until), interval_mode=mode
    )
    return {dose.number: dose for dose in doses}


CALENDAR, WEEKS_24, WEEKS_26 = IntervalMode


@pytest.mark.parametrize(
    ("first", "days", "mode", "due"),
    [
        derived(
            "leap-february",
            "policy",
            "label + POLICY-MONTH-CLAMP",
            "2027-08-31",
            {},
            CALENDAR,
            {2: "2027-09-14", 3: "2028-02-29", 4: "2028-08-31", 5: "2029-02-28"},
        ),
        derived(
            "thirtieth-of-august",
            "policy",
            "label + POLICY-MONTH-CLAMP",
            "2026-08-30",
            {},
            CALENDAR,
            {3: "2027-02-28", 4: "2027-08-30", 5: "2028-02-29", 6: "2028-08-30"},
        ),
        derived(
            "given-on-the-clamped-day",
            "rule",
            "HCP, section 9: once given, six months from that day",
            "2026-08-31",
            {1: "2026-08-31", 2: "2026-09-14", 3: "2027-02-28"},
            CALENDAR,
            {4: "2027-08-28", 5: "2028-02-28"},
        ),
        derived(
            "given-a-day-late-at-a-month-end",
            "rule",
            "HCP",
            "2026-08-31",
            {1: "2026-08-31", 2: "2026-09-14", 3: "2027-03-01"},
            CALENDAR,
            {4: "2027-09-01"},
        ),
        derived(
            "infusion-1-moved",
            "rule",
            "HCP, SMPC-B",
            "2026-01-05",
            {1: "2026-01-08"},
            CALENDAR,
            {2: "2026-01-22", 3: "2026-07-08", 4: "2027-01-08"},
        ),
        derived(
            "early-but-allowed-600-anchors-the-next",
            "rule",
            "HCP",
            "2026-01-05",
            {1: "2026-01-05", 2: "2026-01-19", 3: "2026-06-05"},
            CALENDAR,
            {4: "2026-12-05"},
        ),
        derived(
            "missed-by-three-months",
            "rule",
            "HCP, DC",
            "2025-01-15",
            {1: "2025-01-15", 2: "2025-01-29", 3: "2025-10-15"},
            CALENDAR,
            {4: "2026-04-15", 5: "2026-10-15"},
        ),
        derived(
            "24-weeks",
            "policy",
            "HCP-old; section 9",
            "2026-01-05",
            {},
            WEEKS_24,
            {2: "2026-01-19", 3: "2026-06-22", 4: "2026-12-07", 5: "2027-05-24"},
        ),
        derived(
            "24-weeks-from-the-dose-given",
            "policy",
            "HCP-old; section 9",
            "2026-01-05",
            {1: "2026-01-05", 2: "2026-01-19", 3: "2026-06-29"},
            WEEKS_24,
            {4: "2026-12-14"},
        ),
        derived(
            "26-weeks",
            "policy",
            "section 9",
            "2026-01-05",
            {},
            WEEKS_26,
            {2: "2026-01-19", 3: "2026-07-06", 4: "2027-01-04", 5: "2027-07-05"},
        ),
    ],
)
def test_due_dates(first: str, days: Days, mode: IntervalMode, due: Days) -> None:
    doses = planned(first, days, mode)
    assert {number: str(doses[number].due) for number in due} == due


@pytest.mark.parametrize(
    ("last", "earliest"),
    [
        derived("common-february", "policy", "HCP + MONTH-CLAMP", "2026-09-30", "2027-02-28"),
        derived("leap-february", "policy", "HCP + MONTH-CLAMP", "2027-09-30", "2028-02-29"),
        derived("leap-day", "policy", "HCP + MONTH-CLAMP", "2028-02-29", "2028-07-29"),
        derived("short-november", "policy", "HCP + MONTH-CLAMP", "2026-06-30", "2026-11-30"),
        derived("31-to-a-30-day-month", "policy", "HCP + MONTH-CLAMP", "2026-01-31", "2026-06-30"),
        derived("across-the-year", "rule", "HCP, DC, SMPC-B", "2026-12-15", "2027-05-15"),
    ],
)
def test_five_months_after_the_last_dose(last: str, earliest: str) -> None:
    ran = given({3: last})
    assert str(earliest_allowed(load(), dose_number=4, given=ran)) == earliest
    due = planned("2020-01-01", {3: last})[4].due
    day_before = D(earliest) - timedelta(days=1)
    for on, expected in ((day_before, True), (D(earliest), False)):
        found = check_date(load(), dose_number=4, on=on, given=ran, due=due)
        assert ("INTERVAL-MINIMUM" in {item.id for item in found}) is expected, on


@pytest.mark.parametrize(
    ("number", "on", "days", "said"),
    [
        derived(
            "20-weeks-break-the-minimum", "rule", "section 9: 140 days",
            3, "2026-05-25", {1: "2026-01-05", 2: "2026-01-19"},
            ["INTERVAL-MINIMUM", "WINDOW-EARLY"],
        ),
        derived(
            "24-weeks-never-do", "rule", "section 9: 168 days",
            3, "2026-06-22", {1: "2026-01-05", 2: "2026-01-19"}, [],
        ),
        derived(
            "the-split-dose-is-one-dose", "rule", "section 1: 14 days do not breach it",
            2, "2026-01-19", {1: "2026-01-05"}, [],
        ),
        derived(
            "infusion-2-three-days-early", "policy", "section 9: soft +/- 3 d",
            2, "2026-01-16", {1: "2026-01-05"}, [],
        ),
        derived(
            "infusion-2-four-days-early", "policy", "section 9: soft +/- 3 d",
            2, "2026-01-15", {1: "2026-01-05"}, ["INFUSION-2-WINDOW"],
        ),
        derived(
            "infusion-2-four-days-late", "policy", "section 9: soft +/- 3 d",
            2, "2026-01-23", {1: "2026-01-05"}, ["INFUSION-2-WINDOW"],
        ),
        derived(
            "five-months-from-infusion-1-not-2", "rule", "section 1: one dose",
            3, "2026-06-05", {1: "2026-01-05", 2: "2026-01-19"}, ["WINDOW-EARLY"],
        ),
        derived(
            "very-late-infusion-2", "policy", "section 1: warn, the prescriber decides",
            3, "2026-07-05", {1: "2026-01-05", 2: "2026-03-09"}, ["INFUSION-2-LATE"],
        ),
        derived(
            "very-late-infusion-2-and-five-months-after-it", "policy", "section 1",
            3, "2026-08-09", {1: "2026-01-05", 2: "2026-03-09"}, ["WINDOW-LATE"],
        ),
        derived(
            "fourteen-days-before-the-due-date", "policy", "section 9: -14 / +28 d",
            4, "2026-12-22", {3: "2026-07-05"}, [],
        ),
        derived(
            "fifteen-days-before-the-due-date", "policy", "section 9: -14 / +28 d",
            4, "2026-12-21", {3: "2026-07-05"}, ["WINDOW-EARLY"],
        ),
        derived(
            "twenty-eight-days-after-the-due-date", "policy", "section 9: -14 / +28 d",
            4, "2027-02-02", {3: "2026-07-05"}, [],
        ),
        derived(
            "overdue-is-a-flag-not-an-error", "policy", "section 9",
            4, "2027-02-03", {3: "2026-07-05"}, ["WINDOW-LATE"],
        ),
        derived(
            "a-year-since-the-last-dose", "policy", "ROCHE-MI + policy",
            4, "2027-07-05", {3: "2026-07-05"}, ["WINDOW-LATE", "GAP-PROLONGED"],
        ),
    ],
)  # fmt: skip
def test_a_proposed_day(number: int, on: str, days: Days, said: list[str]) -> None:
    due = planned(min(days.values()), days)[number].due
    found = check_date(load(), dose_number=number, on=D(on), given=given(days), due=due)
    assert [item.id for item in found] == said


FIVE_MONTHS = "2026-06-06"
HOLIDAYS = {"2026-07-06", "2026-07-03"}


@pytest.mark.parametrize(
    ("due", "way", "not_before", "booked", "following"),
    [
        derived(
            "forward-over-a-holiday", "policy", "POLICY-ROLL",
            "2026-07-05", "forward", FIVE_MONTHS, "2026-07-07", "2027-01-07",
        ),
        derived(
            "backward-over-a-holiday", "policy", "POLICY-ROLL",
            "2026-07-05", "backward", FIVE_MONTHS, "2026-07-02", "2027-01-02",
        ),
        derived(
            "backward-would-pass-the-minimum", "policy", "POLICY-ROLL: never past the minimum",
            "2026-06-06", "backward", FIVE_MONTHS, "2026-06-08", "2026-12-08",
        ),
        derived(
            "month-end-rolls-into-the-next-month", "policy", "POLICY-ROLL",
            "2026-10-31", "forward", FIVE_MONTHS, "2026-11-02", "2027-05-02",
        ),
        derived(
            "an-open-day-stays", "policy", "POLICY-ROLL",
            "2026-07-07", "backward", FIVE_MONTHS, "2026-07-07", "2027-01-07",
        ),
    ],
)  # fmt: skip
def test_rolling_and_the_dose_after_it(
    due: str, way: str, not_before: str, booked: str, following: str
) -> None:
    day = roll_to_clinic_day(
        D(due),
        is_open=lambda each: each.weekday() < 5 and str(each) not in HOLIDAYS,
        direction=way,
        not_before=D(not_before),
    )
    assert str(day) == booked
    assert str(planned("2026-01-05", {3: booked})[4].due) == following


@pytest.mark.parametrize(
    ("last", "on", "days", "refused"),
    [
        derived(
            "180-days-precede-six-months", "policy", "POLICY-PAYER",
            "2026-01-05", "2026-07-04", 180, False,
        ),
        derived("day-179", "policy", "POLICY-PAYER", "2026-01-05", "2026-07-03", 180, True),
        derived(
            "a-payer-with-183-days", "policy", "POLICY-PAYER",
            "2026-01-05", "2026-07-05", 183, True,
        ),
        derived(
            "a-payer-with-183-days-kept", "policy", "POLICY-PAYER",
            "2026-01-05", "2026-07-07", 183, False,
        ),
    ],
)  # fmt: skip
def test_the_payers_own_interval(*, last: str, on: str, days: int, refused: bool) -> None:
    minimum = timedelta(days=days)
    found = payer_findings(load(), on=D(on), last_given=D(last), minimum=minimum)
    assert [item.id for item in found] == ["PAYER-INTERVAL"] * refused
    off = check_date(load(), dose_number=4, on=D(on), given=given({3: last}), due=D(on))
    assert "PAYER-INTERVAL" not in {item.id for item in off}


@pytest.mark.parametrize(
    ("last", "article", "us", "eu"),
    [
        derived(
            "month-end", "rule", "article S12, L26, UK-R",
            "2026-08-31", "2027-02-28", "2027-02-28", "2026-12-31",
        ),
        derived(
            "four-months-to-february", "rule", "article S12, L26, UK-R",
            "2027-10-31", "2028-04-30", "2028-04-30", "2028-02-29",
        ),
        derived(
            "plain", "rule", "article S12, L26, UK-R",
            "2026-07-05", "2027-01-05", "2027-01-05", "2026-11-05",
        ),
    ],
)  # fmt: skip
def test_contraception_by_edition(last: str, article: str, us: str, eu: str) -> None:
    ends = [
        str(contraception_until(load("ocrelizumab", edition), D(last)))
        for edition in ("default", "us", "eu")
    ]
    assert ends == [article, us, eu]
