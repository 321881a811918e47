"""Answers that only a second reaction, a second medicine or a last millilitre tells apart.

Each of these was a change to the core that no other test noticed.
"""

# A Fraction equals an int of the same value, and these tests write volumes and rates as ints.
# mypy: disable-error-code="comparison-overlap"

from dataclasses import replace as changed
from datetime import date, timedelta
from fractions import Fraction

import pytest

from clinical.calendar import GivenDose, check_date, earliest_allowed, payer_findings
from clinical.climb import Rung, climb, table_hold
from clinical.eligibility import for_visit, may_have_paediatric
from clinical.facts import Facts, Liver, Vaccine
from clinical.findings import Severity
from clinical.observation import Discharge
from clinical.premedication import (
    PremedicationGiven,
    PremedicationKind,
    check_premedication,
    steroid_dose_mg,
)
from clinical.protocol import ClimbPolicy, ProtocolError, RateOption, load
from clinical.titration import offered_options
from tests.clinical.charts import MILD, at, event, rate_plan, replay, to_plan
from tests.clinical.patients import START, said, well
from tests.clinical.test_protocol import leaf, swapped

INITIAL, SHORT = rate_plan("initial"), rate_plan("short")


def test_vital_signs_follow_the_last_of_two_reactions() -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
        event("vitals", 75),
        event("reaction", 95, severity=MILD),
    ]
    assert replay(INITIAL, chart, 96).vitals_due == at(105)


def test_a_rate_put_in_at_the_very_start_leaves_no_stretch_without_length() -> None:
    chart = [event("start", 0), event("rate_changed", 0, rate=60)]
    state = replay(INITIAL, chart, 10)
    assert [(part.rate_ml_h, part.starts_s, part.ends_s) for part in state.ran] == [(60, 0, 600)]


def test_above_the_onset_rate_a_return_keeps_the_tables_own_time() -> None:
    longer = swapped('return_step = { value = "30 min"', 'return_step = { value = "50 min"')
    chart = [
        *to_plan(SHORT, 20),
        event("reaction", 20, severity=MILD),
        event("rate_changed", 20, rate=100),
        event("symptoms_resolved", 21),
        event("rate_changed", 50, rate=200, name="back"),
    ]
    state = replay(SHORT, chart, 51, policy=ClimbPolicy.RETURN, protocol=longer)
    assert state.earliest_increase == at(100)
    above = [*chart, event("rate_changed", 100, rate=250, name="above")]
    state = replay(SHORT, above, 101, policy=ClimbPolicy.RETURN, protocol=longer)
    assert (state.next_rate_ml_h, state.earliest_increase) == (300, at(130))


def test_the_same_rate_off_the_plan_charted_again_is_said_once() -> None:
    chart = [
        *to_plan(INITIAL, 31),
        event("rate_changed", 40, rate=50, name="off"),
        event("rate_changed", 45, rate=50, name="again"),
    ]
    said_once = [item.id for item in replay(INITIAL, chart, 46).warnings]
    assert said_once.count("RATE-OFF-PLAN") == 1


def test_a_first_dose_of_the_full_amount_may_not_run_short() -> None:
    offer = offered_options(
        load(), dose_number=1, prior_severe=False, prior_serious=False, age_years=40, dose_mg=600
    )
    assert offer.options == (RateOption.STANDARD,)
    assert [item.words for item in offer.findings] == ["Dose 1 of 600 mg runs the standard table."]


def test_a_light_adult_has_the_adult_steroid_dose() -> None:
    light = steroid_dose_mg(load(), age_years=40, weight_kg=Fraction(30))
    assert light == steroid_dose_mg(load())


def test_of_several_steroids_too_small_the_first_is_judged() -> None:
    def given(minutes: int, dose_mg: int) -> PremedicationGiven:
        return PremedicationGiven(
            kind=PremedicationKind.STEROID, drug="methylprednisolone",
            given_at=at(-minutes), dose_mg=Fraction(dose_mg),
        )  # fmt: skip

    found = check_premedication(load(), infusion_start=at(0), given=[given(30, 40), given(29, 60)])
    words = [item.words for item in found if item.id == "PREMED-STEROID-DOSE"]
    assert words == ["40 mg of methylprednisolone; 100 mg is the dose."]


@pytest.mark.parametrize("left", [Fraction(1, 2), Fraction(1)])
def test_the_last_millilitre_takes_its_time(left: Fraction) -> None:
    rung = Rung(rate_ml_h=Fraction(60), hold=None)
    (part,) = climb(rung, iter(()), volume_ml=Fraction(250), left_ml=left)
    assert (part.ends_s, part.cumulative_ml) == (left * 60, 250)


def test_half_a_second_at_a_rate_is_a_stretch() -> None:
    first = Rung(rate_ml_h=Fraction(60), hold=timedelta(milliseconds=500))
    then = iter([Rung(rate_ml_h=Fraction(120), hold=None)])
    parts = climb(first, then, volume_ml=Fraction(250), left_ml=Fraction(1))
    assert [(part.rate_ml_h, part.starts_s) for part in parts] == [(60, 0), (120, Fraction(1, 2))]


def test_below_the_tables_first_rate_its_first_time_counts() -> None:
    first, second, *others = INITIAL.table.steps
    table = changed(
        INITIAL.table, steps=(changed(first, duration=timedelta(minutes=10)), second, *others)
    )
    assert table_hold(table, first.rate_ml_h / 2) == timedelta(minutes=10)


def test_without_an_age_there_is_no_paediatric_regimen() -> None:
    facts = Facts(age_years=None, weight_kg=30, indication="RMS")
    assert may_have_paediatric(load("ocrelizumab", "us"), facts) is False


def test_an_indication_that_is_not_treated_is_named() -> None:
    (found,) = said(well(indication="SLE")).findings
    assert found.words.startswith("Indication SLE;")
    (found,) = said(well(indication=None)).findings
    assert found.words.startswith("Indication not recorded;")


def test_low_normal_liver_tests_say_nothing() -> None:
    half = Fraction(1, 2)
    liver = Liver(alt_x_uln=half, ast_x_uln=half, alp_x_uln=half, bilirubin_x_uln=half)
    assert said(well(liver=liver)).ids == ()


def test_an_old_vaccination_does_not_hide_a_recent_one() -> None:
    old = Vaccine(name="influenza", live=False, on=START - timedelta(days=100))
    new = Vaccine(name="MMR", live=True, on=START - timedelta(days=3))
    for order in ((old, new), (new, old)):
        facts = well(vaccines=order)
        assert for_visit(load(), facts, dose_number=1, on=START).ids == ("VACCINE-LIVE-RECENT",)


def test_a_patient_with_nothing_open_may_leave() -> None:
    assert Discharge(opens_at=at(0), findings=()).allowed
    hold = load().finding("OBSERVATION-SHORT", "not yet")
    assert hold.severity is not Severity.CAUTION
    assert not Discharge(opens_at=at(0), findings=(hold,)).allowed


def test_two_secondary_sources_need_no_sign_off() -> None:
    one = 'vitals_gap = { value = "30 min", source = ["POLICY", "PRACT"], grade = "P"'
    both = one.replace('grade = "P"', 'grade = "B"')
    alone = both.replace('["POLICY", "PRACT"]', '["PRACT"]')
    path = "observation.vitals_gap"
    assert leaf(swapped(one, both), path).needs_sign_off is False
    assert leaf(swapped(one, alone), path).needs_sign_off is True


def test_of_several_missing_keys_and_unknown_roles_the_first_is_named() -> None:
    bag = "{ dose_mg = 300, bag_ml = 250, concentration_gate = true }"
    with pytest.raises(ProtocolError, match="missing key 'bag_ml'"):
        swapped(bag, "{ dose_mg = 300 }")
    rule = '[rules.PREGNANT]\ntitle = "Pregnancy"\nseverity = "block"\noverride = []'
    with pytest.raises(ProtocolError, match="unknown role 'porter'"):
        swapped(rule, rule.replace("[]", '["visitor", "porter"]'))


def dose(number: int, on: date, mg: int = 600) -> GivenDose:
    return GivenDose(number=number, given_on=on, dose_mg=mg)


FIRST, LATE_SECOND = dose(1, date(2026, 1, 5), 300), dose(2, date(2026, 3, 30), 300)


def test_a_later_dose_on_record_does_not_move_the_minimum_of_an_earlier_one() -> None:
    third = earliest_allowed(load(), dose_number=3, given=[FIRST, dose(2, date(2026, 1, 19), 300)])
    with_fourth = [FIRST, dose(2, date(2026, 1, 19), 300), dose(4, date(2027, 1, 5))]
    assert earliest_allowed(load(), dose_number=3, given=with_fourth) == third


def test_a_gap_counts_from_the_dose_before_not_from_a_later_one() -> None:
    given = [FIRST, dose(2, date(2026, 1, 19), 300), dose(4, date(2029, 1, 5))]
    on = date(2029, 1, 8)
    found = check_date(load(), dose_number=3, on=on, given=given, due=on)
    assert "GAP-PROLONGED" in [item.id for item in found]


def test_a_gap_before_a_dose_on_record_counts_from_the_dose_before_it() -> None:
    given = [FIRST, dose(2, date(2026, 1, 19), 300), dose(3, date(2029, 1, 5))]
    on = date(2029, 1, 8)
    found = check_date(load(), dose_number=3, on=on, given=given, due=on)
    assert [item.id for item in found] == ["DOSE-ORDER", "GAP-PROLONGED"]


def test_a_date_before_an_earlier_dose_is_out_of_order() -> None:
    on = date(2026, 1, 12)
    given = [FIRST, dose(2, date(2026, 1, 19), 300)]
    found = check_date(load(), dose_number=3, on=on, given=given, due=on)
    assert found[0].id == "DOSE-ORDER"
    assert found[0].words == "Dose 2 was given on 2026-01-19; dose 3 comes after it."


def test_a_second_infusion_before_its_day_is_not_late() -> None:
    on = date(2026, 6, 10)
    given = [FIRST, dose(2, date(2026, 1, 18), 300)]
    found = check_date(load(), dose_number=3, on=on, given=given, due=on)
    assert "INFUSION-2-LATE" not in [item.id for item in found]


def test_the_payer_asks_nothing_long_after_its_interval() -> None:
    assert payer_findings(load(), on=date(2027, 6, 1), last_given=date(2026, 1, 5)) == []


@pytest.mark.parametrize(("number", "says"), [(2, False), (3, True), (4, False)])
def test_a_late_second_infusion_concerns_the_third_dose_only(number: int, *, says: bool) -> None:
    on = date(2026, 7, 6)
    found = check_date(load(), dose_number=number, on=on, given=[FIRST, LATE_SECOND], due=on)
    assert ("INFUSION-2-LATE" in [item.id for item in found]) is says


def test_a_pump_may_run_below_one_millilitre_an_hour() -> None:
    assert event("rate_changed", 5, rate=Fraction(1, 2)).rate_ml_h == Fraction(1, 2)


def test_back_at_the_rate_of_onset_the_worst_case_is_the_plan_again() -> None:
    standard = rate_plan("standard")
    onset, above = standard.steps[1].rate_ml_h, standard.steps[2].rate_ml_h
    chart = [
        *to_plan(standard, 60),
        event("reaction", 60, severity=MILD),
        event("rate_changed", 60, rate=onset / 2),
        event("symptoms_resolved", 61),
    ]
    held = replay(standard, chart, 89)
    assert held.reactions[0].onset_ml_h == onset
    assert held.worst_case_end is not None
    assert held.projected_end is not None
    assert held.worst_case_end > held.projected_end
    for rate in (onset, above):
        risen = replay(standard, [*chart, event("rate_changed", 90, rate=rate)], 91)
        assert risen.next_rate_ml_h is not None
        assert risen.projected_end == risen.worst_case_end


def test_a_start_at_the_maximum_is_named_as_a_start() -> None:
    standard = rate_plan("standard")
    state = replay(standard, [event("start", 0, rate=standard.table.maximum_ml_h)], 1)
    words = [item.words for item in state.warnings if item.id == "RATE-OFF-PLAN"]
    assert words == ["started at 200 mL/h: the plan starts at 40 mL/h."]
