"""What a running infusion warns about: rates off the plan, odd events, the bag, vital signs."""

# A Fraction equals an int of the same value, and these tests write volumes and rates as ints.
# mypy: disable-error-code="comparison-overlap"

from datetime import timedelta

import pytest

from clinical.protocol import ClimbPolicy
from clinical.run import RunStatus
from tests.clinical.charts import (
    MILD,
    at,
    event,
    ids,
    rate_plan,
    replay,
    to_plan,
)

INITIAL, STANDARD, SHORT = (rate_plan(option) for option in ("initial", "standard", "short"))


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
    assert replay(INITIAL, free, 86).vitals_due == at(105)  # the rate may rise then
