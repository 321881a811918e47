"""A reaction while it runs: half of the real rate, both conditions, stops, the climb back."""

# A Fraction equals an int of the same value, and these tests write volumes and rates as ints.
# mypy: disable-error-code="comparison-overlap"

from fractions import Fraction

import pytest

from clinical.findings import Severity
from clinical.protocol import ClimbPolicy, load
from clinical.run import Action
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

INITIAL, STANDARD, SHORT = (rate_plan(option) for option in ("initial", "standard", "short"))


def reacting(*more: object, minute: int = 75) -> list[object]:
    return [*to_plan(INITIAL, minute), event("reaction", minute, severity=MILD), *more]


def test_a_mild_reaction_asks_for_half_of_the_rate_really_running() -> None:
    state = replay(INITIAL, reacting(), 76)  # type: ignore[arg-type]
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.REDUCE, 45)
    assert (state.next_action.opens_at, state.next_action.words) == (
        at(75),
        "Reduce the rate to 45 mL/h.",
    )
    assert (state.rate_ml_h, state.symptoms_open, state.earliest_increase) == (90, True, None)
    assert ids(state) == ["REACTION-HALVE"]
    assert [(item.finding.id, item.since) for item in state.overdue] == [("REACTION-HALVE", at(75))]
    assert state.reactions[0].onset_ml_h == 90
    assert (state.next_rate_ml_h, [item.id for item in state.why_not_sooner]) == (
        75,
        ["INCREASE-SYMPTOMS"],
    )


def test_half_of_what_the_pump_says_not_of_the_plan() -> None:
    chart = [
        event("start", 0),
        event("rate_changed", 60, rate=50),
        event("reaction", 75, severity=MILD),
    ]
    assert replay(INITIAL, chart, 75).next_action.rate_ml_h == 25


def test_at_half_rate_time_and_symptoms_are_both_needed() -> None:
    half = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
    ]
    early = replay(INITIAL, half, 95)
    assert ids(early) == ["VITALS-OVERDUE"]
    assert (early.earliest_increase, early.next_rate_ml_h, early.step) == (at(105), 75, None)
    assert [item.id for item in early.why_not_sooner] == ["INCREASE-SYMPTOMS", "INCREASE-TOO-SOON"]
    assert early.next_action.opens_at is None
    late = replay(INITIAL, half, 105)
    assert late.earliest_increase is None
    assert [item.id for item in late.why_not_sooner] == ["INCREASE-SYMPTOMS"]
    free = [*half, event("symptoms_resolved", 90)]
    assert replay(INITIAL, free, 104).earliest_increase == at(105)
    assert [item.id for item in replay(INITIAL, free, 104).why_not_sooner] == ["INCREASE-TOO-SOON"]
    assert replay(INITIAL, free, 105).why_not_sooner == ()
    assert replay(INITIAL, free, 105).next_action.opens_at == at(105)
    slow = [*half, event("symptoms_resolved", 117)]
    assert replay(INITIAL, slow, 120).earliest_increase == at(117)


def test_worst_case_is_held_at_half_until_the_onset_rate_is_back() -> None:
    half = [
        *to_plan(STANDARD, 130),
        event("reaction", 130, severity=MILD),
        event("rate_changed", 130, rate=100),
        event("symptoms_resolved", 140),
    ]
    state = replay(STANDARD, half, 130)
    assert (state.projected_end, state.worst_case_end) == (at(237), at(290))
    climbing = [*half, event("rate_changed", 160, rate=140)]
    state = replay(STANDARD, climbing, 160)
    assert state.projected_end == at(237)
    assert state.worst_case_end == at(160 + (500 - Fraction(850, 3)) / 140 * 60)
    back = [*climbing, event("rate_changed", 190, rate=200)]
    state = replay(STANDARD, back, 190)
    assert state.projected_end == state.worst_case_end


@pytest.mark.parametrize(
    ("policy", "rates"),
    [
        (ClimbPolicy.INCREMENT, [45, 75, 105, 135, 165]),
        (ClimbPolicy.LADDER, [45, 60, 90, 120, 150]),
        (ClimbPolicy.RETURN, [45, 90, 120, 150]),
        (ClimbPolicy.HELD, [45]),
        (None, [45, 75, 105, 135, 165]),
    ],
)
def test_the_climb_by_policy(policy: ClimbPolicy | None, rates: list[int]) -> None:
    half = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
    ]
    state = replay(INITIAL, half, 75, policy=policy)
    assert [part.rate_ml_h for part in state.ahead] == rates
    assert state.next_rate_ml_h == (rates[1] if len(rates) > 1 else None)


def test_each_edition_climbs_its_own_way() -> None:
    half = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
    ]
    eu = load("ocrelizumab", "eu")
    state = replay(rate_plan("initial", protocol=eu), half, 75, protocol=eu)
    assert [part.rate_ml_h for part in state.ahead] == [45, 90, 120, 150]


def test_a_policy_the_table_cannot_follow_is_refused() -> None:
    with pytest.raises(ValueError, match="the short table cannot climb by increment"):
        replay(SHORT, [], 0, policy=ClimbPolicy.INCREMENT)


def test_the_climb_keeps_the_times_of_its_policy() -> None:
    half = [
        *to_plan(SHORT, 40),
        event("reaction", 40, severity=MILD),
        event("rate_changed", 40, rate=125),
        event("symptoms_resolved", 50),
    ]
    state = replay(SHORT, half, 40)
    assert [(part.rate_ml_h, (part.ends_s - part.starts_s) / 60) for part in state.ahead][:3] == [
        (125, 30),
        (200, 15),
        (250, 30),
    ]
    ladder = replay(SHORT, [*half, event("rate_changed", 70, rate=200, name="up")], 75)
    assert ladder.earliest_increase == at(85)
    back = [*half, event("rate_changed", 70, rate=250, name="up")]
    assert replay(SHORT, back, 75, policy=ClimbPolicy.RETURN).earliest_increase == at(100)
    first = [
        *to_plan(SHORT, 20),
        event("reaction", 20, severity=MILD),
        event("rate_changed", 20, rate=100),
    ]
    again = [*first, event("symptoms_resolved", 21), event("rate_changed", 50, rate=200, name="up")]
    assert replay(SHORT, again, 55, policy=ClimbPolicy.RETURN).earliest_increase == at(80)
    assert replay(SHORT, again, 55, policy=ClimbPolicy.LADDER).earliest_increase == at(65)


def test_below_the_onset_rate_a_return_keeps_the_tables_own_time() -> None:
    chart = [
        *to_plan(SHORT, 45),
        event("reaction", 45, severity=MILD),
        event("rate_changed", 45, rate=125, name="half"),
        event("symptoms_resolved", 50),
        event("rate_changed", 75, rate=200, name="up"),
    ]
    state = replay(SHORT, chart, 76, policy=ClimbPolicy.RETURN)
    assert (state.next_rate_ml_h, state.earliest_increase) == (250, at(90))


def test_going_lower_still_is_not_climbing() -> None:
    chart = [
        *to_plan(SHORT, 45),
        event("reaction", 45, severity=MILD),
        event("rate_changed", 45, rate=125, name="half"),
        event("symptoms_resolved", 48),
        event("rate_changed", 50, rate=100, name="lower"),
    ]
    assert replay(SHORT, chart, 51).earliest_increase == at(80)


def test_for_good_counts_from_the_life_threatening_reaction() -> None:
    chart = [
        *to_plan(STANDARD, 100),
        event("reaction", 50, severity=MILD, name="first"),
        event("reaction", 100, severity=FATAL, name="second"),
        event("reaction", 101, severity=MILD, name="third"),
    ]
    state = replay(STANDARD, chart, 102)
    assert state.next_action.opens_at == at(100)
    assert [item.since for item in state.overdue][:1] == [at(100)]


def test_increments_are_half_an_hour_apart_and_stop_at_the_maximum() -> None:
    half = [
        *to_plan(STANDARD, 130),
        event("reaction", 130, severity=MILD),
        event("rate_changed", 130, rate=100),
        event("symptoms_resolved", 131),
        event("rate_changed", 160, rate=140),
    ]
    state = replay(STANDARD, half, 170)
    assert (state.next_rate_ml_h, state.earliest_increase) == (180, at(190))
    state = replay(STANDARD, [*half, event("rate_changed", 190, rate=180)], 200)
    assert (state.next_rate_ml_h, state.earliest_increase) == (200, at(220))


def test_a_second_reaction_halves_the_rate_running_then() -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
        event("reaction", 95, severity=MILD),
        event("rate_changed", 95, rate=Fraction(45, 2)),
        event("vitals", 95),
    ]
    state = replay(INITIAL, chart, 100)
    assert [item.onset_ml_h for item in state.reactions] == [90, 45]
    assert state.earliest_increase == at(125)
    assert state.worst_case_end == at(95 + (250 - Fraction(165, 2)) / Fraction(45, 2) * 60)
    assert state.warnings == ()


def test_a_second_reaction_starts_the_hold_again() -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=40),
        event("reaction", 95, severity=MILD),
    ]
    state = replay(INITIAL, chart, 96)
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.REDUCE, 20)
    assert state.earliest_increase is None


def test_a_severe_reaction_asks_for_a_stop_at_once() -> None:
    chart = [*to_plan(STANDARD, 100), event("reaction", 100, severity=SEVERE)]
    state = replay(STANDARD, chart, 101)
    assert (state.next_action.action, state.next_action.opens_at) == (Action.STOP, at(100))
    assert ids(state) == ["REACTION-STOP"]
    assert [item.since for item in state.overdue] == [at(100)]
    stopped = [*chart, event("paused", 102)]
    state = replay(STANDARD, stopped, 110)
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.RESTART, 80)
    assert state.next_action.opens_at is None
    assert state.next_action.words == "Restart at 80 mL/h once every symptom has resolved."
    assert ids(state) == []
    assert state.projected_end is not None
    free = [*stopped, event("symptoms_resolved", 145)]
    state = replay(STANDARD, free, 150)
    assert (state.next_action.action, state.next_action.opens_at) == (Action.RESTART, at(145))
    again = [*free, event("vitals", 150), event("resumed", 150, rate=80)]
    state = replay(STANDARD, again, 151)
    assert (state.rate_ml_h, state.earliest_increase, ids(state)) == (80, at(180), [])


@pytest.mark.parametrize(
    ("resolved", "rate", "expected"),
    [
        (140, 80, []),
        (145, 80, []),
        (140, 60, []),
        (146, 80, ["RESTART-SYMPTOMS"]),
        (140, 81, ["RATE-OFF-PLAN", "RESTART-RATE", "REACTION-HALVE"]),
        (140, 120, ["RESTART-RATE", "REACTION-HALVE"]),
        (140, None, ["RESTART-RATE", "REACTION-HALVE"]),
        (146, None, ["RESTART-SYMPTOMS", "RESTART-RATE", "REACTION-HALVE"]),
    ],
)
def test_the_restart_after_a_severe_reaction(
    resolved: int, rate: int | None, expected: list[str]
) -> None:
    chart = [
        *to_plan(STANDARD, 100),
        event("reaction", 100, severity=SEVERE),
        event("paused", 100),
        event("vitals", 145),
        event("symptoms_resolved", resolved),
        event("resumed", 145, rate=rate),
    ]
    assert ids(replay(STANDARD, chart, 147)) == expected


def test_a_mild_reaction_while_a_severe_one_is_open_stays_severe() -> None:
    chart = [
        *to_plan(STANDARD, 100),
        event("reaction", 100, severity=SEVERE),
        event("paused", 101),
        event("reaction", 105, severity=MILD),
    ]
    state = replay(STANDARD, chart, 106)
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.RESTART, 80)
    over = [*chart, event("symptoms_resolved", 107), event("reaction", 108, severity=MILD)]
    state = replay(STANDARD, over, 109)
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.RESUME, 80)


def test_a_pause_for_a_mild_reaction_resumes_at_half() -> None:
    chart = [*to_plan(STANDARD, 100), event("reaction", 100, severity=MILD), event("paused", 100)]
    state = replay(STANDARD, chart, 101)
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.RESUME, 80)
    resumed = replay(STANDARD, [*chart, event("resumed", 105)], 106)
    assert ids(resumed) == ["REACTION-HALVE"]
    assert resumed.next_action.action is Action.REDUCE


def test_a_life_threatening_reaction_ends_it_for_good() -> None:
    chart = [*to_plan(STANDARD, 100), event("reaction", 100, severity=FATAL)]
    state = replay(STANDARD, chart, 101)
    assert (state.next_action.action, state.next_action.opens_at) == (Action.STOP_FOR_GOOD, at(100))
    assert state.stopped_for_good
    assert (state.projected_end, state.worst_case_end, state.ahead) == (None, None, ())
    assert (state.next_rate_ml_h, state.earliest_increase, state.why_not_sooner) == (None, None, ())
    assert ids(state) == ["REACTION-PERMANENT"]
    assert state.warnings[0].severity is Severity.BLOCK
    assert state.warnings[0].override_by == ()
    paused = replay(STANDARD, [*chart, event("paused", 101)], 102)
    assert paused.next_action.action is Action.STOP_FOR_GOOD
    resumed = [
        *chart,
        event("paused", 101),
        event("symptoms_resolved", 110),
        event("vitals", 110),
        event("resumed", 111, rate=20),
    ]
    assert ids(replay(STANDARD, resumed, 112)) == [
        "REACTION-PERMANENT",
        "REACTION-PERMANENT",
    ]
    stopped = replay(STANDARD, [*chart, event("stopped", 101)], 102)
    assert (stopped.next_action.action, stopped.projected_end) == (Action.OBSERVE, at(101))
    assert stopped.stopped_for_good


def test_a_reaction_before_the_start() -> None:
    mild = [event("reaction", -5, severity=MILD)]
    state = replay(INITIAL, mild, 0)
    assert (state.symptoms_open, state.next_action.action) == (True, Action.START)
    started = replay(INITIAL, [*mild, event("start", 0), event("vitals", 0)], 1)
    assert ids(started) == ["RESTART-SYMPTOMS"]
    fatal = replay(INITIAL, [event("reaction", -5, severity=FATAL)], 0)
    assert fatal.next_action.action is Action.STOP_FOR_GOOD


def test_a_reaction_during_observation() -> None:
    chart = [*to_plan(SHORT), event("completed", 120), event("reaction", 150, severity=MILD)]
    state = replay(SHORT, chart, 151)
    assert (state.symptoms_open, state.next_action.action) == (True, Action.OBSERVE)
    assert len(state.reactions) == 1
