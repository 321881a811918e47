"""The geometry of the dose timeline."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.web.timeline import CLEARANCE, MARGIN, WIDTH, draw

TODAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Dose:
    number: int
    state: str
    due_on: date
    earliest_on: date | None = None
    latest_on: date | None = None
    given_on: date | None = None


def due(day: date, number: int = 1, state: str = "planned", window: int = 0) -> Dose:
    return Dose(number, state, day, day - timedelta(days=window), day + timedelta(days=window))


COURSES = st.lists(
    st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 1, 1)), min_size=1, max_size=9
)


def test_no_dose_gives_an_empty_picture() -> None:
    picture = draw([], TODAY)
    assert picture.marks == ()
    assert picture.today_x is None


def test_later_is_further_and_today_lies_between() -> None:
    picture = draw([due(date(2026, 6, 1)), due(date(2027, 6, 1), 2)], TODAY)
    first, second = picture.marks
    assert picture.today_x is not None
    assert MARGIN < first.x < picture.today_x < second.x < WIDTH - MARGIN


def test_distance_is_time() -> None:
    days = [date(2026, 1, 1), date(2026, 7, 1), date(2026, 12, 29)]
    first, second, third = (mark.x for mark in draw([due(day) for day in days], TODAY).marks)
    assert abs((second - first) - (third - second)) <= 1


def test_a_dose_stands_where_it_was_given_and_its_window_where_it_was_due() -> None:
    late = Dose(
        1, "given", date(2026, 1, 5), date(2025, 12, 22), date(2026, 1, 19), date(2026, 3, 9)
    )
    (mark,) = draw([late], TODAY).marks
    assert mark.solid
    assert mark.x > mark.window_x + mark.window_width


def test_a_dose_not_given_is_hollow_and_has_its_states_tone_and_icon() -> None:
    (mark,) = draw([due(TODAY, state="overdue")], TODAY).marks
    assert (mark.solid, mark.tone, mark.icon) == (False, "danger", "alert")


def test_two_doses_14_days_apart_stay_two_marks() -> None:
    days = [date(2020, 1, 6), date(2020, 1, 20), date(2027, 1, 4)]
    first, second, _ = draw([due(day, n) for n, day in enumerate(days, 1)], TODAY).marks
    assert second.x - first.x == CLEARANCE


def test_ticks_name_months_in_order_without_crowding() -> None:
    for years in (1, 2, 5, 12):
        last = date(2026 + years, 1, 5)
        ticks = draw([due(date(2026, 1, 5)), due(last, 2)], TODAY).ticks
        assert 2 <= len(ticks) <= 14
        assert all(right.x - left.x >= 40 for left, right in pairwise(ticks))
    assert ticks[0].label.startswith("Jan ")


@given(days=COURSES)
def test_every_dose_is_drawn_once_in_order_and_starts_inside(days: list[date]) -> None:
    marks = draw([due(day, n, window=14) for n, day in enumerate(days)], TODAY).marks
    assert sorted(mark.number for mark in marks) == list(range(len(days)))
    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)
    assert all(mark.window_width >= 2 and mark.window_x >= MARGIN for mark in marks)
    assert marks[0].x >= MARGIN


@given(days=COURSES)
def test_the_order_they_come_in_does_not_matter(days: list[date]) -> None:
    doses = [due(day, n) for n, day in enumerate(sorted(set(days)))]
    assert draw(doses[::-1], TODAY) == draw(doses, TODAY)
