"""The last rise of a table is offered from when it opens until it is taken; what is left of the bag
does not take it away. (It did: found by hypothesis, as a set of vital signs asked for too late.)"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from clinical.protocol import ClimbPolicy, RateOption, load
from clinical.run import Action, Event, EventKind, RunState, replay
from clinical.titration import plan, rate_table

START = datetime(2026, 7, 6, 9, tzinfo=UTC)
BAGS = {RateOption.INITIAL: 300, RateOption.STANDARD: 600, RateOption.SHORT: 600}


def climbed(option: RateOption, *, to: int, at_s: float) -> RunState:
    """Return the state `at_s` seconds after the start, with all but the last `to` steps taken."""
    steps = rate_table(load(), option).steps
    made = plan(load(), dose_mg=BAGS[option], option=option)
    starts = [round(step.starts_s) for step in made.steps]
    events = [
        Event(
            id=f"{n:02}", kind=EventKind.RATE_CHANGED if n else EventKind.START,
            occurred_at=START + timedelta(seconds=starts[n]),
            recorded_at=START + timedelta(seconds=starts[n]),
            rate_ml_h=steps[n].rate_ml_h if n else None,
        )
        for n in range(len(steps) - to)
    ]  # fmt: skip
    now = START + timedelta(seconds=at_s)
    return replay(load(), made, events, now, policy=ClimbPolicy.LADDER)


@pytest.mark.parametrize("option", list(BAGS))
@pytest.mark.parametrize("late", [0, 1, 60, 300])
def test_the_last_step_is_offered_until_it_is_taken(option: RateOption, late: int) -> None:
    last = plan(load(), dose_mg=BAGS[option], option=option).steps[-1]
    state = climbed(option, to=1, at_s=round(last.starts_s) + late)
    assert state.next_action.action is Action.INCREASE
    assert state.next_action.rate_ml_h == last.rate_ml_h == state.next_rate_ml_h
    assert state.next_action.opens_at == START + timedelta(seconds=round(last.starts_s))


@pytest.mark.parametrize("option", list(BAGS))
def test_once_it_is_taken_the_end_comes_next(option: RateOption) -> None:
    last = plan(load(), dose_mg=BAGS[option], option=option).steps[-1]
    state = climbed(option, to=0, at_s=round(last.starts_s) + 60)
    assert state.next_action.action is Action.CHART_END
    assert state.next_action.opens_at == state.projected_end


def test_a_rise_that_the_bag_does_not_reach_is_not_offered() -> None:
    """15 mL at 30 mL/h are gone when the first rise would open."""
    made = plan(load(), dose_mg=300, option=RateOption.INITIAL, volume_ml=15)
    begun = Event(id="0", kind=EventKind.START, occurred_at=START, recorded_at=START)
    state = replay(load(), made, [begun], START + timedelta(minutes=5))
    assert state.rate_ml_h == Fraction(30)
    assert state.next_action.action is Action.CHART_END
