"""The dose calendar over any date: months, minimum interval, no drift, clinic days."""

from datetime import date, timedelta

from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.calendar import (
    GivenDose,
    Roll,
    add_months,
    after_intervals,
    dose_mg,
    project,
    roll_to_clinic_day,
)
from clinical.protocol import IntervalMode, load

DATES = st.dates(date(2015, 1, 1), date(2060, 12, 31))
D = date.fromisoformat


@forall(DATES, st.integers(0, 60))
def test_months_land_in_the_right_month_on_the_same_or_the_last_day(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    last = (moved + timedelta(days=1)).month != moved.month
    assert moved.day == day.day or (moved.day < day.day and last)


@forall(DATES)
def test_six_and_five_months_in_days(day: date) -> None:
    assert 181 <= (add_months(day, 6) - day).days <= 184
    assert 150 <= (add_months(day, 5) - day).days <= 153


@forall(DATES, st.sampled_from(list(IntervalMode)), st.integers(0, 4), st.data())
def test_no_planned_date_is_ever_below_the_minimum(
    start: date, mode: IntervalMode, ran: int, data: st.DataObject
) -> None:
    protocol = load()
    given: list[GivenDose] = []
    day = start
    for number in range(1, ran + 1):
        given.append(GivenDose(number=number, given_on=day, dose_mg=dose_mg(protocol, number)))
        day += timedelta(days=data.draw(st.integers(7, 400)))
    planned = project(
        protocol,
        first_infusion=start,
        given=given,
        until=day + timedelta(days=1500),
        interval_mode=mode,
    )
    assert [dose.number for dose in planned] == list(range(ran + 1, ran + 1 + len(planned)))
    before = given[0].given_on if 0 < ran <= 2 else (given[-1].given_on if given else start)
    for dose in planned:
        assert dose.earliest <= dose.due <= dose.latest
        if dose.number > 2:
            assert dose.due >= add_months(before, 5)
            assert dose.earliest >= add_months(before, 5)
            before = dose.due


@forall(DATES, st.integers(1, 30), st.integers(1, 30))
def test_projection_has_no_drift(start: date, first: int, more: int) -> None:
    protocol = load()
    both = after_intervals(protocol, start, first + more)
    assert both == add_months(start, 6 * (first + more))
    assert (
        abs((both - after_intervals(protocol, after_intervals(protocol, start, first), more)).days)
        <= 3
    )


@forall(DATES, st.integers(0, 500), st.sets(st.integers(0, 6), max_size=6), st.sampled_from(Roll))
def test_rolling_never_passes_the_bound_and_lands_open(
    day: date, back: int, shut: set[int], direction: Roll
) -> None:
    bound = day - timedelta(days=back)

    def is_open(candidate: date) -> bool:
        return candidate.weekday() not in shut

    rolled = roll_to_clinic_day(day, is_open=is_open, direction=direction, not_before=bound)
    assert is_open(rolled)
    assert rolled >= bound
    if is_open(day):
        assert rolled == day
