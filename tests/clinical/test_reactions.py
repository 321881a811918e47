"""Severity from grade and signs, the what-if, and when the rate may rise."""

# A Fraction equals an int of the same value, and these tests write volumes and rates as ints.
# mypy: disable-error-code="comparison-overlap"

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.climb import Rung, climb, policies_for, rungs, table_hold
from clinical.findings import Severity
from clinical.protocol import ClimbPolicy, Protocol, RateOption, ReactionSeverity, load
from clinical.reactions import (
    ReactionOutcome,
    check_increase,
    reduced_rate,
    severity_of_grade,
    suggest,
    what_if,
)
from clinical.titration import RatePlan, rate_table
from tests.clinical.charts import FATAL, MILD, SEVERE, at, rate_plan
from tests.clinical.test_protocol import swapped

INITIAL, STANDARD, SHORT = (rate_plan(option) for option in ("initial", "standard", "short"))


def after(
    plan: RatePlan, onset: float, severity: ReactionSeverity, free: float | None = None
) -> ReactionOutcome:
    return what_if(
        load(),
        plan,
        onset=timedelta(minutes=onset),
        severity=severity,
        symptom_free_after=None if free is None else timedelta(minutes=free),
    )


@pytest.mark.parametrize("grade", [0, 5, -1])
def test_a_grade_off_the_scale(protocol: Protocol, grade: int) -> None:
    with pytest.raises(ValueError, match=f"grade {grade} is not one of 1, 2, 3, 4"):
        severity_of_grade(protocol, grade)


@pytest.mark.parametrize(
    ("signs", "grade", "severity", "for_good", "because"),
    [
        ([], None, MILD, False, ()),
        ([], 1, MILD, False, ()),
        ([], 3, SEVERE, False, ()),
        ([], 4, FATAL, True, ()),
        (["pruritus", "rash"], 2, MILD, False, ()),
        (["dyspnoea"], 1, SEVERE, False, ("dyspnoea",)),
        (["dyspnoea"], 4, FATAL, True, ("dyspnoea",)),
        (["flushing", "fever"], 1, MILD, False, ()),
        (
            ["fever", "throat_pain", "flushing", "nausea"],
            1,
            SEVERE,
            False,
            ("flushing", "fever", "throat_pain"),
        ),
        (["bronchospasm"], 2, SEVERE, True, ("bronchospasm",)),
        (["asthma_exacerbation"], None, SEVERE, True, ("asthma_exacerbation",)),
        (["hypersensitivity"], None, SEVERE, True, ("hypersensitivity",)),
        (["anaphylaxis"], 1, FATAL, True, ("anaphylaxis",)),
        (["acute_respiratory_distress"], None, FATAL, True, ("acute_respiratory_distress",)),
        (["bronchospasm"], 4, FATAL, True, ("bronchospasm",)),
        (["dyspnoea", "anaphylaxis"], 1, FATAL, True, ("dyspnoea", "anaphylaxis")),
    ],
)
def test_what_grade_and_signs_suggest(
    protocol: Protocol,
    *,
    signs: list[str],
    grade: int | None,
    severity: ReactionSeverity,
    for_good: bool,
    because: tuple[str, ...],
) -> None:
    said = suggest(protocol, signs=signs, grade=grade)
    assert (said.severity, said.stop_for_good, said.because) == (severity, for_good, because)
    assert [item.id for item in said.findings] == ["REACTION-SUGGESTED"] * bool(because)


def test_the_words_of_a_suggestion(protocol: Protocol) -> None:
    def words(*signs: str) -> str:
        return suggest(protocol, signs=signs).findings[0].words

    assert words("dyspnoea") == "Dyspnoea: the leaflet names this severe."
    assert words("bronchospasm") == (
        "Bronchospasm: the leaflet names this severe; the leaflet says: stop for good."
    )
    assert "life-threatening" in words("anaphylaxis")
    assert MILD.words == "mild to moderate"


def test_an_unknown_sign_is_named(protocol: Protocol) -> None:
    with pytest.raises(ValueError, match="unknown sign 'hiccups'"):
        suggest(protocol, signs=["yawning", "rash", "hiccups"])


@pytest.mark.parametrize(("rate", "half"), [(30, 15), (90, 45), (45, Fraction(45, 2)), (250, 125)])
def test_half_is_exact(protocol: Protocol, rate: int, half: Fraction) -> None:
    assert reduced_rate(protocol, Fraction(rate)) == half


def test_the_fraction_comes_from_the_file() -> None:
    third = swapped('rate_fraction = { value = "1/2"', 'rate_fraction = { value = "1/3"')
    assert reduced_rate(third, Fraction(90)) == 30


@pytest.mark.parametrize(
    ("minute", "resolved", "expected"),
    [
        (104, 80, ["INCREASE-TOO-SOON"]),
        (105, 80, []),
        (106, 80, []),
        (105, 105, []),
        (105, 106, ["INCREASE-SYMPTOMS"]),
        (105, None, ["INCREASE-SYMPTOMS"]),
        (80, None, ["INCREASE-TOO-SOON", "INCREASE-SYMPTOMS"]),
    ],
)
def test_an_increase_needs_time_and_no_symptoms(
    protocol: Protocol, minute: int, resolved: int | None, expected: list[str]
) -> None:
    found = check_increase(
        protocol,
        at=at(minute),
        reduced_since=at(75),
        symptoms_resolved_at=None if resolved is None else at(resolved),
    )
    assert [item.id for item in found] == expected
    if "INCREASE-TOO-SOON" in expected:
        assert found[0].words == f"The rate may rise from {at(105).isoformat()}."


def test_an_increase_after_another_hold(protocol: Protocol) -> None:
    def found(minute: int) -> list[object]:
        return [
            *check_increase(
                protocol,
                at=at(minute),
                reduced_since=at(0),
                symptoms_resolved_at=at(0),
                hold=timedelta(minutes=15),
            )
        ]

    assert (len(found(14)), len(found(15))) == (1, 0)


@pytest.mark.parametrize(
    ("plan", "onset", "free", "rate", "ends"),
    [
        # short, mild at 45 min: 250 -> 125 for 30 min; 137.5 + 62.5 mL; ladder 200 x 15, 250 x 30
        (SHORT, 45, None, 250, {"ladder": 141, "return": 75 + 30 + 35, "held": 219}),
        (SHORT, 100, None, 300, {"ladder": 132.5, "return": 130 + 5, "held": 140}),
        (STANDARD, 130, None, 200, {"increment": 237, "ladder": 243, "return": 225, "held": 290}),
    ],
)
def test_ends_by_policy(
    plan: RatePlan, onset: int, free: int | None, rate: int, ends: dict[str, float]
) -> None:
    outcome = after(plan, onset, MILD, free)
    assert outcome.rate_at_onset_ml_h == rate
    found = {str(policy): path[-1] for policy, path in outcome.paths.items()}
    assert all(last.cumulative_ml == plan.volume_ml for last in found.values())
    assert set(found) == set(ends)
    if plan is STANDARD:
        assert {key: last.ends_s / 60 for key, last in found.items()} == ends
    assert outcome.end(ClimbPolicy.HELD) == timedelta(minutes=ends["held"])


def test_the_short_table_climbs_by_its_own_times() -> None:
    outcome = after(SHORT, 45, MILD)
    assert [
        (part.rate_ml_h, (part.ends_s - part.starts_s) / 60)
        for part in outcome.paths[ClimbPolicy.LADDER]
    ][:3] == [
        (125, 30),
        (200, 15),
        (250, 30),
    ]
    back = outcome.paths[ClimbPolicy.RETURN]
    assert [(part.rate_ml_h, (part.ends_s - part.starts_s) / 60) for part in back][:2] == [
        (125, 30),
        (250, 30),
    ]
    assert back[2].rate_ml_h == 300


def test_symptoms_longer_than_the_hold_delay_the_climb() -> None:
    outcome = after(INITIAL, 75, MILD, 45)
    assert outcome.restart_s == 75 * 60
    assert outcome.earliest_increase_s == 120 * 60
    short = after(INITIAL, 75, MILD, 10)
    assert short.earliest_increase_s == 105 * 60


def test_a_severe_reaction_that_goes_on_has_no_restart() -> None:
    outcome = after(STANDARD, 100, SEVERE)
    assert (outcome.restart_s, outcome.earliest_increase_s, outcome.paths) == (None, None, {})
    assert outcome.volume_at_earliest_increase_ml is None
    assert outcome.new_rate_ml_h == 80
    at_once = after(STANDARD, 100, SEVERE, 0)
    assert (at_once.restart_s, at_once.earliest_increase_s) == (6000, 7800)
    assert at_once.paths[ClimbPolicy.HELD][0].rate_ml_h == 80


def test_a_life_threatening_reaction_has_no_rate_at_all() -> None:
    outcome = after(STANDARD, 100, FATAL, 20)
    assert (outcome.new_rate_ml_h, outcome.restart_s, outcome.paths) == (None, None, {})
    assert outcome.remaining_ml == 500 - outcome.volume_at_onset_ml


def test_a_bag_that_is_empty_before_the_first_increase() -> None:
    outcome = after(SHORT, 118, MILD)
    assert outcome.remaining_ml == 10
    assert outcome.volume_at_earliest_increase_ml == 500
    assert {path[-1].ends_s for path in outcome.paths.values()} == {(118 + 4) * 60}
    assert outcome.delay(ClimbPolicy.HELD) == timedelta(minutes=2)


@pytest.mark.parametrize("onset", [-1, 120, 500])
def test_nothing_to_halve_when_nothing_runs(onset: int) -> None:
    with pytest.raises(ValueError, match="nothing is running"):
        after(SHORT, onset, MILD)


# -- the climb --


def test_which_policies_a_table_can_follow(protocol: Protocol) -> None:
    assert policies_for(rate_table(protocol, RateOption.SHORT)) == (
        ClimbPolicy.LADDER,
        ClimbPolicy.RETURN,
        ClimbPolicy.HELD,
    )
    assert policies_for(rate_table(protocol, RateOption.INITIAL)) == tuple(ClimbPolicy)


def test_no_increment_to_climb_by(protocol: Protocol) -> None:
    rising = rungs(
        rate_table(protocol, RateOption.SHORT),
        protocol.reaction,
        ClimbPolicy.INCREMENT,
        rate_ml_h=Fraction(100),
        onset_ml_h=Fraction(200),
    )
    with pytest.raises(ValueError, match="has no increment"):
        next(rising)


@pytest.mark.parametrize(
    ("rate", "hold"), [(10, 15), (100, 15), (199, 15), (200, 15), (250, 30), (299, 30), (300, None)]
)
def test_how_long_the_table_keeps_a_rate(protocol: Protocol, rate: int, hold: int | None) -> None:
    table = rate_table(protocol, RateOption.SHORT)
    expected = None if hold is None else timedelta(minutes=hold)
    assert table_hold(table, Fraction(rate)) == expected


@pytest.mark.parametrize(
    ("policy", "rate", "onset", "expected"),
    [
        (ClimbPolicy.INCREMENT, 170, 180, [(180, None)]),
        (ClimbPolicy.INCREMENT, 150, 180, [(180, None)]),
        (ClimbPolicy.INCREMENT, 120, 180, [(150, 30), (180, None)]),
        (ClimbPolicy.INCREMENT, 180, 180, []),
        (ClimbPolicy.LADDER, 150, 180, [(180, None)]),
        (ClimbPolicy.LADDER, 149, 180, [(150, 30), (180, None)]),
        (ClimbPolicy.LADDER, 180, 180, []),
        (ClimbPolicy.RETURN, 90, 180, [(180, None)]),
        (ClimbPolicy.RETURN, 120, 300, [(180, None)]),
        (ClimbPolicy.RETURN, 75, 150, [(150, 30), (180, None)]),
        (ClimbPolicy.RETURN, 150, 150, [(180, None)]),
        (ClimbPolicy.RETURN, 60, 130, [(130, 30), (150, 30), (180, None)]),
        (ClimbPolicy.HELD, 30, 180, []),
    ],
)
def test_the_rungs_of_each_policy(
    protocol: Protocol,
    *,
    policy: ClimbPolicy,
    rate: int,
    onset: int,
    expected: list[tuple[int, int | None]],
) -> None:
    rising = rungs(
        rate_table(protocol, RateOption.INITIAL),
        protocol.reaction,
        policy,
        rate_ml_h=Fraction(rate),
        onset_ml_h=Fraction(onset),
    )
    found = [(rung.rate_ml_h, rung.hold) for rung in rising]
    assert found == [(r, None if m is None else timedelta(minutes=m)) for r, m in expected]


def test_a_hold_already_over_leaves_no_stretch() -> None:
    stretches = climb(
        Rung(rate_ml_h=Fraction(30), hold=timedelta(0)),
        iter([Rung(rate_ml_h=Fraction(60), hold=None)]),
        volume_ml=Fraction(100),
        left_ml=Fraction(60),
    )
    assert [(part.rate_ml_h, part.starts_s, part.ends_s) for part in stretches] == [(60, 0, 3600)]
    assert stretches[0].cumulative_ml == 100


def test_the_shortest_stretch_is_still_one() -> None:
    short, rest = climb(
        Rung(rate_ml_h=Fraction(30), hold=timedelta(seconds=1)),
        iter([Rung(rate_ml_h=Fraction(60), hold=None)]),
        volume_ml=Fraction(100),
        left_ml=Fraction(60),
    )
    assert (short.ends_s, rest.starts_s) == (1, 1)


def test_a_rate_with_nothing_above_runs_out_the_bag() -> None:
    (only,) = climb(
        Rung(rate_ml_h=Fraction(30), hold=timedelta(minutes=1)),
        iter([]),
        volume_ml=Fraction(60),
        left_ml=Fraction(60),
    )
    assert only.ends_s == 7200


@forall(
    st.sampled_from(RateOption),
    st.fractions(0, 1, max_denominator=997),
    st.sampled_from([MILD, SEVERE]),
    st.integers(0, 200),
)
def test_whatever_the_reaction_the_bag_is_given_and_no_faster_than_allowed(
    option: RateOption, share: Fraction, severity: ReactionSeverity, free: int
) -> None:
    plan = rate_plan(option)
    onset = timedelta(seconds=int(plan.total_seconds * share))
    if onset >= plan.total_duration:
        onset = timedelta(0)
    outcome = what_if(
        load(), plan, onset=onset, severity=severity, symptom_free_after=timedelta(minutes=free)
    )
    assert outcome.new_rate_ml_h == plan.rate_at(onset) / 2
    slowest = outcome.paths[ClimbPolicy.HELD][-1].ends_s
    for path in outcome.paths.values():
        assert path[-1].cumulative_ml == plan.volume_ml
        assert plan.total_seconds <= path[-1].ends_s <= slowest
        assert all(part.rate_ml_h <= plan.table.maximum_ml_h for part in path)
        volume = outcome.volume_at_onset_ml
        for part in path:
            volume += part.rate_ml_h * (part.ends_s - part.starts_s) / 3600
            assert part.cumulative_ml == volume


def test_the_findings_of_a_reaction_are_as_severe_as_the_rule_says(protocol: Protocol) -> None:
    assert protocol.rules["REACTION-STOP"].severity is Severity.BLOCK
    assert protocol.rules["REACTION-PERMANENT"].override_by == ()
    assert protocol.rules["REACTION-HALVE"].severity is Severity.HOLD
