"""A running infusion at a moment: what runs, what is next, what is not allowed, when it ends."""

# A Fraction equals an int of the same value, and these tests write volumes and rates as ints.
# mypy: disable-error-code="comparison-overlap"

from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from clinical.findings import Severity
from clinical.protocol import ClimbPolicy, load
from clinical.run import Action, RunStatus, rate_text
from clinical.run import replay as replay_run
from tests.clinical.charts import (
    FATAL,
    MILD,
    NINE,
    SEVERE,
    at,
    event,
    ids,
    rate_plan,
    replay,
    to_plan,
)
from tests.clinical.test_protocol import swapped

INITIAL, STANDARD, SHORT = (rate_plan(option) for option in ("initial", "standard", "short"))


def test_before_the_start() -> None:
    state = replay(INITIAL, [], 0)
    assert state.status is RunStatus.NOT_STARTED
    assert (state.rate_ml_h, state.volume_in_ml, state.volume_left_ml) == (0, 0, 250)
    assert (state.next_action.action, state.next_action.rate_ml_h) == (Action.START, 30)
    assert state.next_action.words == "Start at 30 mL/h."
    assert (state.started_at, state.ended_at, state.projected_end) == (None, None, None)
    assert (state.step, state.earliest_increase, state.vitals_due) == (None, None, None)
    assert (state.warnings, state.why_not_sooner, state.ran, state.ahead) == ((), (), (), ())
    assert (state.margin, state.worst_margin, state.observe_until) == (None, None, None)


def test_ten_minutes_in() -> None:
    state = replay(INITIAL, to_plan(INITIAL), 10)
    assert (state.status, state.step, state.rate_ml_h) == (RunStatus.RUNNING, 1, 30)
    assert (state.volume_in_ml, state.volume_left_ml) == (5, 245)
    assert (state.next_rate_ml_h, state.earliest_increase) == (60, at(30))
    assert [item.id for item in state.why_not_sooner] == ["INCREASE-TOO-SOON"]
    assert state.why_not_sooner[0].words == f"The rate may rise from {at(30).isoformat()}."
    action = state.next_action
    assert (action.action, action.opens_at, action.rate_ml_h) == (Action.INCREASE, at(30), 60)
    assert action.words == "Increase to 60 mL/h if it is tolerated."
    assert state.projected_end == state.worst_case_end == at(Fraction(475, 3))
    assert state.warnings == ()


def test_the_replay_never_raises_the_rate_by_itself() -> None:
    state = replay(INITIAL, [event("start", 0), event("vitals", 90)], 90)
    assert (state.rate_ml_h, state.volume_in_ml) == (30, 45)
    assert (state.step, state.earliest_increase) == (1, at(30))
    assert state.why_not_sooner == ()
    assert state.warnings == ()
    # 45 mL by then, 30, 45 and 60 mL in three half hours, the last 70 mL at 150 mL/h.
    assert state.projected_end == at(90 + 90 + 28)


def test_at_the_very_minute_the_rate_may_rise() -> None:
    state = replay(INITIAL, [event("start", 0), event("vitals", 0)], 30)
    assert state.earliest_increase == at(30)
    assert state.why_not_sooner == ()


def test_the_last_step_has_nothing_above_it() -> None:
    state = replay(INITIAL, to_plan(INITIAL), 155)
    assert (state.step, state.next_rate_ml_h, state.earliest_increase) == (6, None, None)
    assert state.why_not_sooner == ()
    end = at(Fraction(475, 3))
    assert (state.next_action.action, state.next_action.opens_at) == (Action.CHART_END, end)
    assert [part.rate_ml_h for part in state.ahead] == [180]


def test_a_bag_that_is_empty_before_the_next_step_says_so() -> None:
    small = rate_plan("initial", 20)
    state = replay(small, to_plan(small), 35)
    assert (state.next_action.action, state.next_action.opens_at) == (Action.CHART_END, at(35))


def test_what_ran_and_what_follows_are_one_line() -> None:
    state = replay(STANDARD, to_plan(STANDARD), 45)
    assert [(part.rate_ml_h, part.starts_s / 60, part.ends_s / 60) for part in state.ran] == [
        (40, 0, 30),
        (80, 30, 45),
    ]
    assert [part.cumulative_ml for part in state.ran] == [20, 40]
    assert [(part.rate_ml_h, part.ends_s / 60) for part in state.ahead] == [
        (80, 60),
        (120, 90),
        (160, 120),
        (200, 210),
    ]
    assert state.ahead[0].starts_s / 60 == 45
    assert state.ahead[-1].cumulative_ml == 500


def test_the_same_rate_charted_again_changes_nothing() -> None:
    chart = [*to_plan(STANDARD, 60), event("rate_changed", 50, rate=80, name="again")]
    state = replay(STANDARD, chart, 55)
    assert len(state.ran) == 2
    assert state.earliest_increase == at(60)
    assert state.warnings == ()


def test_an_empty_bag_waits_for_the_nurse() -> None:
    state = replay(SHORT, to_plan(SHORT), 120)
    assert (state.status, state.rate_ml_h, state.volume_left_ml) == (RunStatus.RUNNING, 0, 0)
    assert (state.next_action.action, state.next_action.opens_at) == (Action.CHART_END, at(120))
    assert state.projected_end == state.worst_case_end == at(120)
    assert state.ahead == ()
    later = replay(SHORT, [*to_plan(SHORT), event("vitals", 120)], 121)
    assert later.volume_in_ml == 500
    assert ids(later) == []
    assert later.projected_end == at(120)
    assert ids(replay(SHORT, [*to_plan(SHORT), event("vitals", 120)], 122)) == [
        "VOLUME-EXCEEDS-BAG"
    ]


def test_how_much_more_than_the_bag_the_chart_adds_up_to() -> None:
    state = replay(SHORT, [*to_plan(SHORT), event("vitals", 140)], 140)
    assert state.warnings[0].words == (
        f"The charted rates empty the bag at {at(120).isoformat()} and add up to "
        "100.0 mL more than it holds."
    )
    assert state.volume_in_ml == 500


def test_completed() -> None:
    chart = [*to_plan(SHORT), event("completed", 120), event("vitals", 120)]
    state = replay(SHORT, chart, 125)
    assert (state.status, state.ended_at, state.observe_until) == (
        RunStatus.COMPLETED,
        at(120),
        at(180),
    )
    assert (state.next_action.action, state.next_action.opens_at) == (Action.OBSERVE, at(180))
    assert state.next_action.words == f"Observe until {at(180).isoformat()}."
    assert (state.rate_ml_h, state.step, state.next_rate_ml_h) == (0, None, None)
    assert state.projected_end == state.worst_case_end == at(120)
    assert state.vitals_due == at(150)
    assert state.warnings == ()
    assert state.ran[-1].ends_s == 120 * 60


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(118, ["ENDED-SHORT"]), (119, []), (120, []), (121, []), (122, ["VOLUME-EXCEEDS-BAG"])],
)
def test_a_charted_end_near_the_computed_one(minute: int, expected: list[str]) -> None:
    chart = [*to_plan(SHORT), event("completed", minute), event("vitals", minute)]
    assert ids(replay(SHORT, chart, 122)) == expected


def test_words_of_a_short_end() -> None:
    chart = [*to_plan(SHORT), event("completed", 118)]
    (found,) = replay(SHORT, chart, 118).warnings
    assert found.words == "Completed with 10.0 mL still in the bag by the charted rates."


def test_stopped_before_the_end_keeps_what_is_left() -> None:
    chart = [*to_plan(SHORT, 60), event("stopped", 60)]
    state = replay(SHORT, chart, 80)
    assert (state.status, state.volume_in_ml, state.volume_left_ml) == (RunStatus.STOPPED, 200, 300)
    assert (state.ended_at, state.observe_until, state.projected_end) == (at(60), at(120), at(60))
    assert ids(state) == []


def test_a_pause_stops_the_step_clock() -> None:
    chart = [*to_plan(INITIAL, 90), event("paused", 70), event("resumed", 80)]
    paused = replay(INITIAL, chart, 75)
    assert (paused.status, paused.rate_ml_h, paused.step) == (RunStatus.PAUSED, 0, 3)
    assert (paused.volume_in_ml, paused.earliest_increase) == (60, None)
    assert (paused.next_action.action, paused.next_action.rate_ml_h) == (Action.RESUME, 90)
    assert paused.next_action.opens_at == at(75)
    assert paused.next_action.words == "Resume at 90 mL/h."
    assert [item.words for item in paused.why_not_sooner] == [
        "The time at this rate stands still until the infusion runs at it."
    ]
    assert paused.projected_end == at(Fraction(475, 3) + 5)
    after = replay(INITIAL, chart, 85)
    assert after.earliest_increase == at(100)
    assert after.projected_end == at(Fraction(475, 3) + 10)
    assert [(part.rate_ml_h, part.ends_s / 60) for part in after.ran] == [
        (30, 30),
        (60, 60),
        (90, 70),
        (0, 80),
        (90, 85),
    ]


def test_a_pause_after_the_time_had_passed_keeps_the_moment() -> None:
    chart = [event("start", 0), event("vitals", 40), event("paused", 40)]
    state = replay(INITIAL, chart, 45)
    assert state.earliest_increase == at(30)
    assert state.why_not_sooner == ()
    resumed = replay(INITIAL, [*chart, event("resumed", 50)], 55)
    assert resumed.earliest_increase == at(30)


def test_a_rate_set_while_paused_runs_from_the_resumption() -> None:
    chart = [
        *to_plan(INITIAL, 60),
        event("paused", 45),
        event("rate_changed", 46, rate=30, name="x"),
    ]
    state = replay(INITIAL, chart, 50)
    assert (state.rate_ml_h, state.next_action.rate_ml_h) == (0, 30)
    resumed = replay(INITIAL, [*chart, event("resumed", 60)], 70)
    assert (resumed.rate_ml_h, resumed.volume_in_ml, resumed.earliest_increase) == (30, 35, at(90))


# -- reactions --


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


# -- charted rates the plan does not have --


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (60, []),
        (45, ["RATE-OFF-PLAN"]),
        (90, ["RATE-OFF-PLAN"]),
        (180, ["RATE-OFF-PLAN"]),
        (181, ["RATE-ABOVE-MAXIMUM"]),
        (20, ["RATE-OFF-PLAN"]),
    ],
)
def test_a_charted_rate_is_held_against_the_plan(rate: int, expected: list[str]) -> None:
    chart = [event("start", 0), event("vitals", 0), event("rate_changed", 30, rate=rate)]
    assert ids(replay(INITIAL, chart, 30)) == expected


@pytest.mark.parametrize(("minute", "expected"), [(29, ["INCREASE-TOO-SOON"]), (30, []), (31, [])])
def test_a_rate_charted_too_soon(minute: int, expected: list[str]) -> None:
    chart = [event("start", 0), event("vitals", minute), event("rate_changed", minute, rate=60)]
    assert ids(replay(INITIAL, chart, minute)) == expected


def test_a_rate_charted_in_a_pause_short_of_its_time() -> None:
    chart = [
        event("start", 0),
        event("paused", 20),
        event("vitals", 40),
        event("rate_changed", 45, rate=60),
    ]
    assert ids(replay(INITIAL, chart, 46)) == ["INCREASE-TOO-SOON"]


def test_a_rate_raised_with_symptoms_open() -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
        event("vitals", 105),
        event("rate_changed", 105, rate=75, name="up"),
    ]
    assert ids(replay(INITIAL, chart, 106)) == ["INCREASE-SYMPTOMS"]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (45, []),
        (30, []),
        (44, []),
        (46, ["RATE-OFF-PLAN", "REACTION-HALVE"]),
        (60, ["REACTION-HALVE"]),
        (120, ["RATE-OFF-PLAN", "INCREASE-TOO-SOON", "INCREASE-SYMPTOMS", "REACTION-HALVE"]),
    ],
)
def test_a_rate_charted_after_a_reaction(rate: int, expected: list[str]) -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 76, rate=rate),
    ]
    assert ids(replay(INITIAL, chart, 76)) == expected


@pytest.mark.parametrize(
    ("rate", "expected"), [(75, []), (60, []), (70, ["RATE-OFF-PLAN"]), (90, ["RATE-OFF-PLAN"])]
)
def test_a_rate_charted_on_the_way_up(rate: int, expected: list[str]) -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
        event("symptoms_resolved", 80),
        event("vitals", 100),
        event("rate_changed", 105, rate=rate, name="up"),
    ]
    assert ids(replay(INITIAL, chart, 106)) == expected


def test_raising_the_rate_under_the_held_policy_is_off_plan() -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
        event("symptoms_resolved", 80),
        event("vitals", 100),
        event("rate_changed", 105, rate=60, name="up"),
    ]
    (found,) = replay(INITIAL, chart, 106, policy=ClimbPolicy.HELD).warnings
    assert found.id == "RATE-OFF-PLAN"
    assert found.words.endswith("the rate stays.")


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (None, []),
        (30, []),
        (60, ["RATE-OFF-PLAN"]),
        (20, ["RATE-OFF-PLAN"]),
        (200, ["RATE-ABOVE-MAXIMUM"]),
    ],
)
def test_the_first_rate(rate: int | None, expected: list[str]) -> None:
    chart = [event("start", 0, rate=rate), event("vitals", 0)]
    state = replay(INITIAL, chart, 1)
    assert ids(state) == expected
    assert state.rate_ml_h == (rate or 30)


def test_words_of_the_rate_warnings() -> None:
    chart = [
        event("start", 0, rate=20),
        event("rate_changed", 1, rate=300),
        event("rate_changed", 2, rate=50),
    ]
    assert [item.words for item in replay(INITIAL, chart, 2).warnings][:3] == [
        "started at 20 mL/h: the plan starts at 30 mL/h.",
        "300 mL/h is above the maximum of 180 mL/h.",
        f"50 mL/h at {at(2).isoformat()}: not a rate of the plan.",
    ]
    high = [event("start", 0), event("rate_changed", 30, rate=90)]
    assert replay(INITIAL, high, 30).warnings[0].words == (
        f"90 mL/h at {at(30).isoformat()}: the plan has 60 mL/h next."
    )


@pytest.mark.parametrize(
    ("chart", "kinds"),
    [
        ([event("rate_changed", 0, rate=60)], 1),
        ([event("paused", 0)], 1),
        ([event("resumed", 0)], 1),
        ([event("stopped", 0)], 1),
        ([event("completed", 0)], 1),
        ([event("symptoms_resolved", 0)], 1),
        ([event("start", 0), event("start", 1)], 1),
        ([event("start", 0), event("resumed", 1)], 1),
        ([event("start", 0), event("paused", 1), event("paused", 2)], 1),
        ([event("start", 0), event("stopped", 1), event("completed", 2)], 1),
        ([event("start", 0), event("stopped", 1), event("rate_changed", 2, rate=60)], 1),
        ([event("start", 0), event("stopped", 1), event("paused", 2)], 1),
        ([event("start", 0), event("stopped", 1), event("resumed", 2)], 1),
        ([event("start", 0), event("paused", 1), event("stopped", 2)], 0),
    ],
)
def test_events_that_do_not_fit_are_named_and_left_out(chart: list, kinds: int) -> None:  # type: ignore[type-arg]
    state = replay(INITIAL, [*chart, event("vitals", 2)], 3)
    assert ids(state) == ["EVENT-ORDER"] * kinds


def test_words_of_an_event_that_does_not_fit() -> None:
    (found,) = replay(INITIAL, [event("rate_changed", 0, rate=60)], 1).warnings
    assert found.words == f"rate changed at {at(0).isoformat()}: the infusion is not started."


def test_a_completed_infusion_does_not_resume_and_a_stopped_one_says_so() -> None:
    chart = [*to_plan(SHORT), event("completed", 120), event("resumed", 125)]
    state = replay(SHORT, chart, 126)
    assert (state.status, state.ended_at) == (RunStatus.COMPLETED, at(120))
    chart = [event("start", 0), event("vitals", 0), event("stopped", 10), event("resumed", 20)]
    state = replay(INITIAL, chart, 30)
    assert (state.status, state.ended_at, state.volume_in_ml) == (RunStatus.RUNNING, None, 10)
    assert [(part.starts_s / 60, part.ends_s / 60) for part in state.ran] == [(0, 10), (20, 30)]


# -- the bag's beyond-use time, vital signs --


@pytest.mark.parametrize(
    ("finish_by", "expected"),
    [
        (289, ["BEYOND-USE-RISK"]),
        (290, []),
        (291, []),
        (237, ["BEYOND-USE-RISK"]),
        (236, ["BEYOND-USE-PASSED"]),
    ],
)
def test_the_margin_to_the_beyond_use_time(finish_by: int, expected: list[str]) -> None:
    half = [
        *to_plan(STANDARD, 130),
        event("reaction", 130, severity=MILD),
        event("rate_changed", 130, rate=100),
        event("vitals", 130),
    ]
    state = replay(STANDARD, half, 131, finish_by=finish_by)
    assert ids(state) == expected
    assert state.margin == timedelta(minutes=finish_by - 237)
    assert state.worst_margin == timedelta(minutes=finish_by - 290)


def test_an_ended_infusion_no_longer_warns_about_its_bag() -> None:
    chart = [*to_plan(SHORT), event("completed", 120), event("vitals", 120)]
    state = replay(SHORT, chart, 121, finish_by=60)
    assert (ids(state), state.margin) == ([], timedelta(minutes=-60))


def test_no_projection_no_margin() -> None:
    assert replay(SHORT, [], 0, finish_by=60).margin is None


@pytest.mark.parametrize(("minute", "expected"), [(59, []), (60, []), (61, ["VITALS-OVERDUE"])])
def test_vital_signs_are_overdue_after_their_time(minute: int, expected: list[str]) -> None:
    state = replay(INITIAL, to_plan(INITIAL, 60), minute)
    assert state.vitals_due == at(60)
    assert [item.finding.id for item in state.overdue] == expected
    assert ids(state) == expected


def test_vital_signs_are_closer_together_in_a_reaction() -> None:
    chart = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
    ]
    assert replay(INITIAL, chart, 76).vitals_due == at(90)
    assert replay(INITIAL, [*chart, event("vitals", 80)], 81).vitals_due == at(95)
    free = [*chart, event("vitals", 80), event("symptoms_resolved", 85)]
    assert replay(INITIAL, free, 86).vitals_due == at(110)


# -- time itself --


def test_naive_times_are_refused() -> None:
    naive = datetime(2026, 7, 6, 9)  # noqa: DTZ001
    with pytest.raises(ValueError, match="must carry a time zone"):
        replay_run(load(), INITIAL, [], naive)
    with pytest.raises(ValueError, match="must carry a time zone"):
        replay_run(load(), INITIAL, [], NINE, must_finish_by=naive)


def test_what_has_not_happened_yet_is_not_counted() -> None:
    chart = to_plan(INITIAL)
    assert replay(INITIAL, chart, 29) == replay(
        INITIAL, [item for item in chart if item.occurred_at <= at(29)], 29
    )
    assert replay(INITIAL, chart, 30).rate_ml_h == 60


def test_an_hour_that_a_clock_repeats_is_still_an_hour() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=0)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1)
    start = event("start", 0)
    chart = [type(start)(id="s", kind=start.kind, occurred_at=first, recorded_at=first)]
    state = replay_run(load(), INITIAL, chart, second)
    assert state.volume_in_ml == 30
    assert state.started_at is not None
    assert state.now - state.started_at == timedelta(hours=1)


def test_another_hold_in_the_file_is_another_answer() -> None:
    longer = swapped('\nhold = { value = "30 min"', '\nhold = { value = "45 min"')
    half = [
        *to_plan(INITIAL, 75),
        event("reaction", 75, severity=MILD),
        event("rate_changed", 75, rate=45),
    ]
    assert replay(INITIAL, half, 80, protocol=longer).earliest_increase == at(120)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Fraction(45, 2), "22.5 mL/h"),
        (Fraction(30), "30 mL/h"),
        (Fraction(45, 4), "11.25 mL/h"),
        (Fraction(100), "100 mL/h"),
    ],
)
def test_rates_read_as_on_a_pump(rate: Fraction, text: str) -> None:
    assert rate_text(rate) == text
