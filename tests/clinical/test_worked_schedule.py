"""The worked cases about dates (D)."""

from datetime import date

import pytest

from clinical import eligibility
from clinical.calendar import (
    GivenDose,
    PlannedDose,
    add_months,
    check_date,
    earliest_allowed,
    project,
    roll_to_clinic_day,
)
from clinical.facts import Vaccine
from clinical.findings import Severity, worst
from clinical.protocol import load
from clinical.vaccination import earliest_start
from tests.clinical.cases import CASES, Case, Cases
from tests.clinical.patients import well

case = Cases()
D = date.fromisoformat


def dose(number: int, day: str) -> GivenDose:
    return GivenDose(number=number, given_on=D(day), dose_mg=300 if number <= 2 else 600)


def planned(first: str, *given: GivenDose, until: str = "2029-01-01") -> dict[int, PlannedDose]:
    doses = project(load(), first_infusion=D(first), given=given, until=D(until))
    return {item.number: item for item in doses}


@case("D01")
def _first_year(given: Case, expected: Case) -> None:
    doses = planned(given["infusion1"])
    assert doses[1].due.isoformat() == expected["infusion1"]
    assert doses[2].due.isoformat() == expected["infusion2"]
    assert doses[3].due.isoformat() == expected["first_600"]
    assert doses[4].due.isoformat() == expected["second_600_planned"]
    assert f"{doses[3].due:%A}" == expected["first_600_weekday"]


@case("D02")
def _anchor(given: Case, expected: Case) -> None:
    ran = dose(1, given["infusion1"]), dose(2, given["infusion2_actual"])
    due = planned(given["infusion1"], *ran)[3].due
    assert due.isoformat() == expected["first_600"] != expected["not_equal"]
    assert (due - ran[0].given_on).days == expected["days_after_infusion1"]
    assert add_months(ran[1].given_on, 5).isoformat() == expected["five_months_after_infusion2"]
    found = check_date(load(), dose_number=3, on=due, given=ran, due=due)
    assert (found == []) is expected["first_600_respects_5_months_from_infusion2"]


@case("D03")
def _month_end(given: Case, expected: Case) -> None:
    doses = planned(given["infusion1"])
    assert doses[2].due.isoformat() == expected["infusion2"]
    assert doses[3].due.isoformat() == expected["first_600"]


@case("D05")
def _leap_day(given: Case, expected: Case) -> None:
    last = dose(3, given["last_dose"])
    assert planned("2027-01-01", last)[4].due.isoformat() == expected["next_due"]
    allowed = earliest_allowed(load(), dose_number=4, given=[last])
    assert str(allowed) == expected["earliest_allowed"]


@case("D07")
def _missed(given: Case, expected: Case) -> None:
    ran = dose(1, "2026-01-06"), dose(2, "2026-01-20"), dose(3, given["administered"])
    assert planned("2026-01-06", *ran[:2])[3].due.isoformat() == given["due"]
    due = planned("2026-01-06", *ran)[4].due.isoformat()
    assert due == expected["next_due"] != expected["must_not_be"]
    allowed = earliest_allowed(load(), dose_number=4, given=ran)
    assert str(allowed) == expected["earliest_allowed_next"]


@case("D08")
def _minimum(given: Case, expected: Case) -> None:
    last = dose(3, given["last_dose"])
    due = planned("2025-01-01", last)[4].due
    assert (
        str(earliest_allowed(load(), dose_number=4, given=[last])) == expected["earliest_allowed"]
    )
    for day in given["proposed"]:
        found = check_date(load(), dose_number=4, on=D(day), given=[last], due=due)
        decision = "BLOCK" if worst(found) is Severity.BLOCK else "ALLOW"
        assert decision == expected["decisions"][day], day


@case("D12")
def _weekend(given: Case, expected: Case) -> None:
    due = D(given["due"])
    assert f"{due:%A}" == expected["due_weekday"]
    booked = roll_to_clinic_day(
        due,
        is_open=lambda day: day.weekday() < 5,
        direction=given["roll"],
        not_before=D("2026-06-05"),
    )
    assert booked.isoformat() == expected["booked"]
    following = planned("2026-01-05", dose(3, booked.isoformat()))[4].due
    assert following.isoformat() == expected["next_due_if_given_on_booked"]


@case("D17")
def _contraception(given: Case, expected: Case) -> None:
    last = D(given["last_dose"])
    ends = {
        name: eligibility.contraception_until(load("ocrelizumab", name), last).isoformat()
        for name in ("default", "us", "eu")
    }
    assert ends == {
        "default": expected["article_6_months"],
        "us": expected["us_label_6_months"],
        "eu": expected["uk_eu_current_4_months"],
    }
    assert add_months(last, 12).isoformat() == expected["old_eu_12_months"]


@case("D18")
def _live_vaccine(given: Case, expected: Case) -> None:
    vaccine = Vaccine(name="yellow fever", live=True, on=D(given["live_vaccine"]))
    assert earliest_start(load(), vaccine).isoformat() == expected["earliest_start"]
    facts = well(vaccines=(vaccine,))
    for day in given["proposed_infusion1"]:
        found = eligibility.for_course(load(), facts, first_infusion=D(day))
        decision = {"hold": "HOLD", "clear": "ALLOW"}[found.decision]
        assert decision == expected["decisions"][day], day


@pytest.mark.parametrize("case_id", sorted(case.runners))
def test_worked_case(case_id: str) -> None:
    case.runners[case_id](CASES[case_id]["input"], CASES[case_id]["expected"])
