"""Billing times: only from the record, and no hour that did not run."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.model import RateOption
from clinical.protocol import load
from clinical.run import Event, EventKind, RunState, replay
from clinical.titration import plan
from infusion.billing import RULES, BillingTimes, HourRules, billing_times, hour_rules, hours
from tests.infusion.builders import at

PROTOCOL = load("ocrelizumab", "default")
BAG = plan(PROTOCOL, dose_mg=600, option=RateOption.STANDARD)
HOURS = HourRules(16, 31, ())


def event(kind: EventKind, minute: float, **more: Any) -> Event:
    return Event(
        id=f"{kind}{minute}", kind=kind, occurred_at=at(minute), recorded_at=at(minute), **more
    )


def state(*events: Event, now: float = 900) -> RunState:
    return replay(PROTOCOL, BAG, events, at(now))


START = event(EventKind.START, 0)


@pytest.mark.parametrize(
    ("minutes", "counted"),
    [
        (0, (0, 0)), (15, (0, 0)), (16, (1, 0)), (60, (1, 0)), (90, (1, 0)), (91, (1, 1)),
        (120, (1, 1)), (150, (1, 1)), (151, (1, 2)), (210, (1, 2)), (211, (1, 3)),
    ],
)  # fmt: skip
def test_minutes_become_hours(minutes: int, counted: tuple[int, int]) -> None:
    assert hours(minutes, HOURS) == counted


def test_the_shipped_rules_say_that_nobody_has_signed_them() -> None:
    """No source of the clinical requirements states them."""
    rules = hour_rules()
    assert (rules.first_from, rules.further_from) == (16, 31)
    assert rules.to_sign == ("first_hour", "further_hour")
    assert "why" in RULES.read_text()


@pytest.mark.parametrize("run", [None, state(), state(START), state(START, now=5)])
def test_without_a_charted_stop_nothing_is_counted(run: RunState | None) -> None:
    times = billing_times(run, HOURS)
    assert not times.complete
    assert (times.stopped_at, times.elapsed, times.infusion_minutes) == (None, None, None)
    assert (times.first_hours, times.further_hours) == (None, None)


def test_a_bag_that_must_be_empty_is_still_without_a_stop() -> None:
    """The plan would end after three and a half hours; after fifteen nobody charted the end."""
    run = state(START)
    assert run.volume_left_ml == 0
    assert billing_times(run, HOURS).started_at == at(0)
    assert billing_times(run, HOURS).stopped_at is None


def test_the_times_are_the_charted_ones_whatever_the_plan_says() -> None:
    times = billing_times(state(START, event(EventKind.COMPLETED, 200)), HOURS)
    assert times == BillingTimes(
        started_at=at(0), stopped_at=at(200), elapsed=timedelta(minutes=200),
        infusion_minutes=200, pause_minutes=0, first_hours=1, further_hours=2,
    )  # fmt: skip


def test_a_pause_is_not_infusion_time() -> None:
    run = state(
        START, event(EventKind.PAUSED, 60), event(EventKind.RESUMED, 95),
        event(EventKind.COMPLETED, 130),
    )  # fmt: skip
    times = billing_times(run, HOURS)
    assert (times.infusion_minutes, times.pause_minutes) == (95, 35)
    assert (times.first_hours, times.further_hours) == (1, 1)


def test_a_corrected_stop_counts_as_corrected() -> None:
    stop = event(EventKind.COMPLETED, 200)
    right = Event(
        id="again", kind=EventKind.COMPLETED, occurred_at=at(140), recorded_at=at(210),
        amends=stop.id,
    )  # fmt: skip
    assert billing_times(state(START, stop, right), HOURS).infusion_minutes == 140


@given(st.integers(0, 2000))
def test_more_minutes_never_bill_less_and_never_more_than_began(minutes: int) -> None:
    first, further = hours(minutes, HOURS)
    assert sum(hours(minutes + 1, HOURS)) >= first + further
    assert (first + further) * 60 <= minutes + 60
    assert further == 0 or first == 1


@given(pause=st.integers(1, 100), length=st.integers(0, 100), rest=st.integers(1, 100),
       seconds=st.integers(0, 59))  # fmt: skip
def test_infusion_and_pauses_make_up_the_time_between_start_and_stop(
    pause: int, length: int, rest: int, seconds: int
) -> None:
    resumed = pause + length + seconds / 60
    run = state(
        START, event(EventKind.PAUSED, pause),
        event(EventKind.RESUMED, resumed, rate_ml_h=Fraction(40)),
        event(EventKind.STOPPED, resumed + rest),
    )  # fmt: skip
    times = billing_times(run, HOURS)
    assert times.infusion_minutes == pause + rest
    assert times.elapsed is not None
    assert times.pause_minutes == (times.elapsed - timedelta(minutes=pause + rest)) // timedelta(
        minutes=1
    )
