"""Rates and reactions worked out apart from the code, one row a case (T, R).

The ends come from a separate calculation over the words of the four climb policies; the volumes and
rates before a reaction from the rate tables by hand. Minutes from the start, mL, mL/h.
"""

# A Fraction equals an int of the same value, and these tables hold ints.
# mypy: disable-error-code="comparison-overlap"

from datetime import datetime, timedelta

import pytest

from clinical.protocol import ReactionSeverity, load
from clinical.reactions import suggest, what_if
from clinical.run import Action, RunStatus
from tests.clinical.cases import POLICIES, derived, minutes, number, profile
from tests.clinical.charts import (
    FATAL,
    MILD,
    SEVERE,
    at,
    event,
    ids,
    rate_plan,
    replay,
    to_plan,
)

INIT, STANDARD, SHORT = "INIT_300_250", "MAINT_600_500_3H5", "MAINT_600_500_2H"


@pytest.mark.parametrize(
    ("name", "volume", "total", "by_minute"),
    [
        derived(
            "standard-by-minute", "arithmetic", "EU-PL, GRPH", STANDARD, 500, 210,
            {0: (0, 40), 15: (10, 40), 30: (20, 80), 75: (90, 120), 120: (200, 200),
             209: (496.6667, 200), 210: (500, 0), 300: (500, 0)},
        ),
        derived(
            "short-by-minute", "arithmetic", "EU-PL, CH", SHORT, 500, 120,
            {14: (23.3333, 100), 15: (25, 200), 30: (75, 250), 45: (137.5, 250),
             60: (200, 300), 119: (495, 300), 120: (500, 0)},
        ),
        derived(
            "initial-260", "arithmetic", "GRPH: drug added", INIT, 260, 161.6667,
            {150: (225, 180), 160: (255, 180), 162: (260, 0)},
        ),
        derived(
            "initial-200-ends-in-step-5", "arithmetic", "EU-PL", INIT, 200, 140,
            {120: (150, 150), 139: (197.5, 150), 140: (200, 0)},
        ),
        derived(
            "initial-225-ends-on-a-boundary", "arithmetic", "EU-PL", INIT, 225, 150,
            {149: (222.5, 150), 150: (225, 0)},
        ),
        derived(
            "standard-520", "arithmetic", "GRPH: drug added", STANDARD, 520, 216,
            {120: (200, 200), 210: (500, 200), 216: (520, 0)},
        ),
        derived(
            "short-520", "arithmetic", "GRPH: drug added", SHORT, 520, 124,
            {60: (200, 300), 120: (500, 300), 124: (520, 0)},
        ),
    ],
)  # fmt: skip
def test_volume_and_rate_by_minute(
    name: str, volume: int, total: float, by_minute: dict[int, tuple[float, float]]
) -> None:
    made = profile(load(), name, volume)
    assert minutes(made.total_seconds) == total
    for minute, expected in by_minute.items():
        after = timedelta(minutes=minute)
        assert (number(made.volume_at(after)), made.rate_at(after)) == expected, minute


@pytest.mark.parametrize(
    ("name", "volume", "onset", "severity", "free", "before", "increase", "ends"),
    [
        derived(
            "at-a-step-boundary-the-new-rate-counts", "arithmetic", "EU-PL, AB",
            INIT, 250, 30, MILD, None, (60, 15, 30), (60, 30),
            {"hold_half": 500, "us_increment": 183.3333, "us_ladder": 183.3333,
             "eu_return": 183.3333},
        ),
        derived(
            "severe-at-75-free-after-20", "arithmetic", "EU-PL, AB",
            INIT, 250, 75, SEVERE, 20, (90, 67.5, 45), (125, 90),
            {"hold_half": 338.3333, "us_increment": 215.9091, "us_ladder": 225,
             "eu_return": 207},
        ),
        derived(
            "drug-added-260", "arithmetic", "EU-PL, AB, GRPH",
            INIT, 260, 75, MILD, None, (90, 67.5, 45), (105, 90),
            {"hold_half": 331.6667, "us_increment": 199.5455, "us_ladder": 209,
             "eu_return": 191},
        ),
        derived(
            "the-bag-empties-before-the-rate-may-rise", "arithmetic", "EU-PL, AB",
            INIT, 250, 155, MILD, None, (180, 240, 90), (185, 250),
            {"hold_half": 161.6667, "us_increment": 161.6667, "us_ladder": 161.6667,
             "eu_return": 161.6667},
        ),
        derived(
            "severe-at-once", "arithmetic", "EU-PL, AB",
            INIT, 250, 0, SEVERE, 30, (30, 0, 15), (60, 7.5),
            {"hold_half": 1030, "us_increment": 202.7273, "us_ladder": 215.8333,
             "eu_return": 215.8333},
        ),
        derived(
            "standard-at-the-last-boundary", "arithmetic", "EU-PL, AB",
            STANDARD, 500, 120, MILD, None, (200, 200, 100), (150, 250),
            {"hold_half": 300, "us_increment": 237, "us_ladder": 243, "eu_return": 225},
        ),
        derived(
            "mild-but-45-minutes-of-symptoms", "rule", "article S9 and label: both",
            STANDARD, 500, 100, MILD, 45, (160, 146.6667, 80), (145, 206.6667),
            {"hold_half": 365, "us_increment": 251, "us_ladder": 251, "eu_return": 239},
        ),
        derived(
            "mild-and-soon-well-still-30-minutes", "rule", "article S9 and label: both",
            STANDARD, 500, 130, MILD, 10, (200, 233.3333, 100), (160, 283.3333),
            {"hold_half": 290, "us_increment": 237, "us_ladder": 243, "eu_return": 225},
        ),
        derived(
            "severe-late-in-520-mL", "arithmetic", "EU-PL, AB, GRPH",
            STANDARD, 520, 200, SEVERE, 60, (200, 466.6667, 100), (290, 516.6667),
            {"hold_half": 292, "us_increment": 291.4286, "us_ladder": 291.6667,
             "eu_return": 291},
        ),
        derived(
            "short-at-20", "arithmetic", "EU-PL, CH",
            SHORT, 500, 20, MILD, None, (200, 41.6667, 100), (50, 91.6667),
            {"hold_half": 295, "us_ladder": 141.6667, "eu_return": 146.6667},
        ),
        derived(
            "short-severe-at-45", "arithmetic", "EU-PL, CH",
            SHORT, 500, 45, SEVERE, 30, (250, 137.5, 125), (105, 200),
            {"hold_half": 249, "us_ladder": 175, "eu_return": 170},
        ),
        derived(
            "short-in-a-15-minute-step", "arithmetic", "EU-PL: 30 min back at the onset rate",
            SHORT, 500, 10, MILD, None, (100, 16.6667, 50), (40, 41.6667),
            {"hold_half": 590, "us_ladder": 151.6667, "eu_return": 161.6667},
        ),
        derived(
            "short-520-in-the-last-step", "arithmetic", "EU-PL, GRPH",
            SHORT, 520, 90, MILD, None, (300, 350, 150), (120, 425),
            {"hold_half": 158, "us_ladder": 145.8, "eu_return": 139},
        ),
        derived(
            "short-severe-free-at-once", "arithmetic", "EU-PL, CH",
            SHORT, 500, 60, SEVERE, 0, (300, 200, 150), (90, 275),
            {"hold_half": 180, "us_ladder": 145, "eu_return": 135},
        ),
    ],
)  # fmt: skip
def test_a_reaction(
    *,
    name: str,
    volume: int,
    onset: int,
    severity: ReactionSeverity,
    free: int | None,
    before: tuple[float, float, float],
    increase: tuple[float, float],
    ends: dict[str, float],
) -> None:
    made = profile(load(), name, volume)
    told = what_if(
        load(),
        made,
        onset=timedelta(minutes=onset),
        severity=severity,
        symptom_free_after=None if free is None else timedelta(minutes=free),
    )
    assert (
        told.rate_at_onset_ml_h,
        number(told.volume_at_onset_ml),
        told.new_rate_ml_h,
    ) == before
    assert minutes(told.earliest_increase_s) == increase[0]
    assert number(told.volume_at_earliest_increase_ml) == increase[1]
    assert {
        name: minutes(told.paths[policy][-1].ends_s)
        for name, policy in POLICIES.items()
        if policy in told.paths
    } == ends


@pytest.mark.parametrize(
    ("severity", "restart"),
    [
        derived("severe-and-not-yet-well", "rule", "article S10", SEVERE, 30),
        derived("life-threatening", "rule", "article S11", FATAL, None),
    ],
)
def test_no_way_on(severity: ReactionSeverity, restart: int | None) -> None:
    told = what_if(load(), profile(load(), INIT), onset=timedelta(minutes=45), severity=severity)
    assert (told.new_rate_ml_h, told.restart_s, told.earliest_increase_s) == (restart, None, None)
    assert (told.paths, told.remaining_ml) == ({}, 220)


@pytest.mark.parametrize(
    ("start", "length", "volume", "end"),
    [
        derived("on-a-boundary", "policy", "POLICY-PAUSE", 60, 15, 45, 173.3333),
        derived("an-hour", "policy", "POLICY-PAUSE", 100, 60, 110, 218.3333),
        derived("in-the-last-step", "policy", "POLICY-PAUSE", 155, 5, 240, 163.3333),
        derived("before-the-first-rise", "policy", "POLICY-PAUSE", 29, 31, 14.5, 189.3333),
    ],
)
def test_a_pause_without_a_reaction(start: int, length: int, volume: float, end: float) -> None:
    made = rate_plan("initial")
    chart = [*to_plan(made, start), event("paused", start)]
    assert number(replay(made, chart, start + 1).volume_in_ml) == volume
    resumed = replay(made, [*chart, event("resumed", start + length)], start + length)
    assert resumed.projected_end is not None
    assert minutes_after(resumed.projected_end) == end


def minutes_after(moment: datetime) -> float:
    return round((moment - at(0)).total_seconds() / 60, 4)


def test_a_second_reaction_halves_the_rate_then_running() -> None:
    """Rule (AB, EU-PL): half of the rate at onset, whatever halved it before."""
    made = rate_plan("initial")
    chart = [
        *to_plan(made, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
        event("symptoms_resolved", 95),
        event("rate_changed", 105, rate=75),
        event("reaction", 120, severity=MILD),
    ]
    asked = replay(made, chart, 120)
    assert (asked.next_action.action, asked.next_action.rate_ml_h) == (Action.REDUCE, 37.5)
    # 67.5 to minute 75, 22.5 at 45 mL/h, 18.75 in fifteen minutes at 75 mL/h
    assert asked.volume_in_ml == 108.75
    chart += [event("rate_changed", 121, rate=37.5), event("symptoms_resolved", 125)]
    after = replay(made, chart, 130)
    assert after.earliest_increase == at(151)
    assert after.next_rate_ml_h == 67.5
    # held: 110 mL in at 121, 140 mL left at 37.5 mL/h
    assert after.worst_case_end == at(121 + 224)


def test_half_of_what_the_pump_really_ran() -> None:
    """Rule (R15): the plan says 120 at minute 100, the pump was left at 90."""
    made = rate_plan("initial")
    chart = [*to_plan(made, 90), event("reaction", 100, severity=MILD)]
    state = replay(made, chart, 100)
    assert (state.reactions[0].onset_ml_h, state.next_action.rate_ml_h) == (90, 45)


def test_a_severe_reaction_stopped_by_charting_the_stop() -> None:
    """Rule (article S10): stopped is stopped, by whichever entry; it is not asked for again."""
    made = rate_plan("standard")
    chart = [
        *to_plan(made, 100),
        event("reaction", 100, severity=SEVERE),
        event("stopped", 101),
        event("symptoms_resolved", 130),
        event("resumed", 135, rate=80),
    ]
    state = replay(made, chart, 140)
    assert state.status is RunStatus.RUNNING
    assert "REACTION-STOP" not in ids(state)
    assert (state.next_action.action, state.earliest_increase) == (Action.INCREASE, at(165))


@pytest.mark.parametrize(
    ("signs", "grade", "severity", "for_good"),
    [
        derived("flushing-alone", "rule", "EU-PL", ["flushing"], None, MILD, False),
        derived("two-of-the-complex", "rule", "EU-PL", ["flushing", "fever"], 2, MILD, False),
        derived(
            "the-whole-complex", "rule", "EU-PL",
            ["throat_pain", "fever", "flushing"], 1, SEVERE, False,
        ),
        derived("dyspnoea", "rule", "EU-PL", ["dyspnoea"], 1, SEVERE, False),
        derived("bronchospasm", "rule", "EU-PL", ["bronchospasm"], 2, SEVERE, True),
        derived("asthma", "rule", "EU-PL", ["asthma_exacerbation", "rash"], 1, SEVERE, True),
        derived("hypersensitivity", "rule", "EU-PL", ["hypersensitivity"], None, SEVERE, True),
        derived("distress", "rule", "EU-PL", ["acute_respiratory_distress"], 1, FATAL, True),
        derived("signs-never-lower-a-grade", "policy", "CTCAE", ["rash"], 4, FATAL, True),
    ],
)  # fmt: skip
def test_signs_and_grade(
    *, signs: list[str], grade: int | None, severity: ReactionSeverity, for_good: bool
) -> None:
    found = suggest(load(), signs=signs, grade=grade)
    assert (found.severity, found.stop_for_good) == (severity, for_good)
