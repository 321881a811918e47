"""A running infusion at a moment: what runs, what is next, what is not allowed, when it ends."""

# A Fraction equals an int of the same value, and these tests write volumes and rates as ints.
# mypy: disable-error-code="comparison-overlap"

from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from clinical.protocol import load
from clinical.run import Action, RunStatus, rate_text
from clinical.run import replay as replay_run
from tests.clinical.charts import (
    MILD,
    NINE,
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
    state = replay(small, to_plan(small), 33)
    assert [part.rate_ml_h for part in state.ahead] == [60]
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
    chart = [*to_plan(SHORT, 60), event("stopped", 60), event("vitals", 60)]
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
