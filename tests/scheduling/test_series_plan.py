"""The plan of a series: what every combination of days would find, by dynamic programming."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling import series_plan
from scheduling.series_plan import EARLY, LATE, Path, Rules, Window, days_of, plan_series

START = date(2026, 3, 9)


def window_of(number: int, path: Path) -> Window:
    """Doses a week apart, each counted from the date before it, two days of play."""
    due = path[-1].day + timedelta(days=7) if path else START
    del number
    return Window(due=due, earliest=due - timedelta(days=2), latest=due + timedelta(days=2))


def rules(prices: dict[tuple[int, date], int], today: date = START) -> Rules:
    return Rules(
        window=window_of, price=lambda number, day: prices.get((number, day)),
        allowed=lambda _number, day, path: all(step.day < day for step in path), today=today,
    )  # fmt: skip


def total(days: tuple[date, ...], prices: dict[tuple[int, date], int]) -> int | None:
    """What a choice of days costs, counted slowly; None when it is not allowed."""
    cost, before = 0, None
    for number, day in enumerate(days, start=1):
        due = START if before is None else before + timedelta(days=7)
        price = prices.get((number, day))
        apart = (day - due).days
        if price is None or abs(apart) > 2 or day < START:
            return None
        cost += price + (LATE * apart if apart > 0 else -EARLY * apart)
        before = day
    return cost


prices = st.dictionaries(
    st.tuples(st.integers(1, 3), st.integers(0, 20).map(lambda n: START + timedelta(days=n))),
    st.integers(0, 30), max_size=40,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(prices=prices)
def test_no_choice_of_days_is_cheaper(prices: dict[tuple[int, date], int]) -> None:
    every = [START + timedelta(days=n) for n in range(21)]
    costs = [cost for days in product(every, repeat=3) if (cost := total(days, prices)) is not None]
    steps = plan_series([1, 2, 3], rules(prices))
    if costs:
        assert not any(step.open for step in steps)
        assert total(tuple(step.day for step in steps), prices) == min(costs)
    else:
        assert any(step.open for step in steps)


def test_a_dose_moved_moves_the_targets_after_it() -> None:
    free = {(n, START + timedelta(days=d)): 0 for n in (1, 2, 3) for d in range(30)}
    late = START + timedelta(days=2)
    first, second, third = plan_series([1, 2, 3], rules(free), pinned={1: late})
    assert (first.day, second.day, third.day) == (
        late, late + timedelta(days=7), late + timedelta(days=14),
    )  # fmt: skip
    assert third.window.due == late + timedelta(days=14)


def test_a_dose_without_a_day_stays_open_and_the_others_are_still_placed() -> None:
    free = {(n, START + timedelta(days=d)): 0 for n in (1, 3) for d in range(30)}
    first, second, third = plan_series([1, 2, 3], rules(free))
    assert (first.open, second.open, third.open) == (False, True, False)
    assert second.day == second.window.due
    assert third.day == second.day + timedelta(days=7)


def test_a_dose_past_its_window_is_looked_for_from_today() -> None:
    today = START + timedelta(days=30)
    free = {(1, today + timedelta(days=3)): 0}
    [step] = plan_series([1], rules(free, today))
    assert (step.day, step.open) == (today + timedelta(days=3), False)
    days = days_of(Window(due=START, earliest=START, latest=START), today)
    assert (days[0], days[-1]) == (today, today + series_plan.OVERDUE_REACH)


@pytest.mark.parametrize("beam", [1, 2])
def test_following_fewer_dates_still_gives_an_answer(
    beam: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series_plan, "BEAM", beam)
    free = {(n, START + timedelta(days=d)): 0 for n in (1, 2, 3) for d in range(30)}
    steps = plan_series([1, 2, 3], rules(free))
    assert [step.day for step in steps] == [START + timedelta(days=n) for n in (0, 7, 14)]
