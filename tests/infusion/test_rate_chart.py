"""The geometry of the rate chart, and its rows: the same facts twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from clinical.model import RateOption, ReactionSeverity
from clinical.protocol import load
from clinical.run import Event, EventKind, RunState, replay
from clinical.titration import RatePlan, plan
from infusion import rate_chart
from infusion.rate_chart import HEIGHT, LEFT, RIGHT, WIDTH, RateChart, draw
from infusion.segments import tenth_of_ml
from tests.infusion.builders import at

PROTOCOL = load("ocrelizumab", "default")
STANDARD = plan(PROTOCOL, dose_mg=600, option=RateOption.STANDARD)
ZONE = ZoneInfo("Europe/Berlin")


def event(kind: EventKind, minute: float, **more: Any) -> Event:
    return Event(
        id=f"{kind}{minute}", kind=kind, occurred_at=at(minute), recorded_at=at(minute), **more
    )


def rate(minute: float, ml_h: int) -> Event:
    return event(EventKind.RATE_CHANGED, minute, rate_ml_h=Fraction(ml_h))


def state(events: Sequence[Event], minute: float) -> RunState:
    return replay(PROTOCOL, STANDARD, events, at(minute))


def points(text: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in (pair.split(",") for pair in text.split())]


BEGUN = [event(EventKind.START, 0), rate(30, 80), rate(60, 120)]
PAUSED = [*BEGUN, event(EventKind.PAUSED, 70), event(EventKind.RESUMED, 85)]


def test_before_the_start_only_the_plan_is_drawn_and_time_counts_from_zero() -> None:
    chart = draw(STANDARD, None, ZONE)
    assert (chart.ran, chart.expected, chart.picture.ran, chart.picture.ahead) == ((), (), "", "")
    assert chart.picture.now_x is None
    assert chart.picture.times[0].label == "0min"
    assert chart.planned[0].begins_at is None
    assert chart.planned[1].after == timedelta(minutes=30)


def test_what_ran_comes_in_rows_of_one_rate_each() -> None:
    chart = draw(STANDARD, state(PAUSED, 100), ZONE)
    rows = [(row.begins_at, row.ends_at, row.rate_ml_h, row.shown_ml) for row in chart.ran]
    assert rows == [
        (at(0), at(30), Fraction(40), Decimal("20.0")),
        (at(30), at(60), Fraction(80), Decimal("40.0")),
        (at(60), at(70), Fraction(120), Decimal("20.0")),
        (at(70), at(85), Fraction(0), Decimal("0.0")),
        (at(85), at(100), Fraction(120), Decimal("30.0")),
    ]
    assert [row.paused for row in chart.ran] == [False, False, False, True, False]


def test_what_is_expected_goes_on_where_it_ran_to_and_fills_the_bag() -> None:
    chart = draw(STANDARD, state(PAUSED, 100), ZONE)
    assert chart.expected[0].begins_at == chart.ran[-1].ends_at
    given_ml = sum(row.volume_ml for row in (*chart.ran, *chart.expected))
    assert given_ml == STANDARD.volume_ml
    assert points(chart.picture.ran)[-1][0] == points(chart.picture.ahead)[0][0]


def test_now_stands_between_what_ran_and_what_is_expected() -> None:
    picture = draw(STANDARD, state(BEGUN, 70), ZONE).picture
    assert picture.now_x == points(picture.ran)[-1][0] == points(picture.ahead)[0][0]


def test_after_the_end_there_is_no_now_and_nothing_expected() -> None:
    ended = [*BEGUN, event(EventKind.STOPPED, 90)]
    chart = draw(STANDARD, state(ended, 200), ZONE)
    assert (chart.picture.now_x, chart.expected) == (None, ())
    assert chart.ran[-1].ends_at == at(90)


def test_a_pause_is_a_band_and_a_reaction_a_mark() -> None:
    shivers = event(EventKind.REACTION, 66, severity=ReactionSeverity.MILD_MODERATE)
    chart = draw(STANDARD, state([*PAUSED, shivers], 100), ZONE)
    (band,) = chart.picture.pauses
    (mark,) = chart.picture.reactions
    assert mark.x < band.x
    assert mark.number == 1
    assert chart.reactions == ((1, at(66)),)


def test_times_are_on_the_wall_and_on_the_hour() -> None:
    """Nine o'clock UTC is ten in Berlin; a start at 10:10 gets its first line at 10:30."""
    late = [event(EventKind.START, 10)]
    picture = draw(STANDARD, state(late, 20), ZONE).picture
    assert picture.times[0].label == "10:30"
    assert {label.label[-2:] for label in picture.times} <= {"00", "30"}
    assert picture.times[0].at > LEFT


def test_a_faster_rate_is_higher_up_and_fits_under_the_top() -> None:
    picture = draw(STANDARD, state(BEGUN, 70), ZONE).picture
    heights = [y for _, y in points(picture.ran)]
    assert heights[0] > heights[2] > heights[4]
    assert picture.rates[0].label == "0"
    assert int(picture.rates[-1].label) >= 200


def test_a_volume_is_rounded_half_up_to_a_tenth() -> None:
    assert tenth_of_ml(Fraction(1, 3)) == Decimal("0.3")
    assert tenth_of_ml(Fraction(1, 20)) == Decimal("0.1")
    assert tenth_of_ml(Fraction(5, 2)) == Decimal("2.5")


MINUTES = st.lists(st.integers(1, 400), min_size=1, max_size=6, unique=True).map(sorted)
PLANS = st.sampled_from([
    STANDARD,
    plan(PROTOCOL, dose_mg=300, option=RateOption.INITIAL),
    plan(PROTOCOL, dose_mg=600, option=RateOption.SHORT),
])  # fmt: skip


@given(bag=PLANS, minutes=MINUTES, kinds=st.lists(st.sampled_from("rpc"), min_size=6, max_size=6),
       now=st.integers(0, 600))  # fmt: skip
def test_whatever_is_charted_the_picture_stays_in_its_frame(
    bag: RatePlan, minutes: list[int], kinds: list[str], now: int
) -> None:
    made = {"r": EventKind.RESUMED, "p": EventKind.PAUSED}
    charted = [event(EventKind.START, 0)]
    for minute, kind in zip(minutes, kinds, strict=False):
        charted.append(rate(minute, 60) if kind == "c" else event(made[kind], minute))
    chart = draw(bag, replay(PROTOCOL, bag, charted, at(now)), ZONE)
    _check(chart)


def _check(chart: RateChart) -> None:
    picture = chart.picture
    drawn = [p for text in (picture.plan, picture.ran, picture.ahead) for p in points(text)]
    assert all(LEFT <= x <= WIDTH - RIGHT for x, _ in drawn)
    assert all(0 <= y <= HEIGHT for _, y in drawn)
    for text in (picture.plan, picture.ran, picture.ahead):
        assert all(left[0] <= right[0] for left, right in pairwise(points(text)))
    assert all(a.until == b.after for a, b in pairwise((*chart.ran, *chart.expected)))
    assert all(row.volume_ml >= 0 for row in (*chart.ran, *chart.expected, *chart.planned))
    assert len(picture.times) <= 13


def test_the_template_draws_the_picture_and_says_it_as_a_table() -> None:
    shivers = event(EventKind.REACTION, 66, severity=ReactionSeverity.MILD_MODERATE)
    chart = draw(STANDARD, state([*PAUSED, shivers], 100), ZONE)
    html = render_to_string("infusion/_rate_chart.html", {"chart": chart})
    assert f'points="{chart.picture.plan}"' in html
    assert "style=" not in html
    assert html.count("<tr>") == 1 + 5 + len(chart.expected) + len(chart.planned) + 1
    assert "Reaction 1" in html
    assert "20 mL" in html.replace("\u00a0", " ")


def test_the_frame_of_the_template_is_the_one_of_the_geometry() -> None:
    """The template takes the top from the height of a pause's band in one place."""
    html = render_to_string(
        "infusion/_rate_chart.html", {"chart": draw(STANDARD, state(PAUSED, 100), ZONE)}
    )
    band = rate_chart.HEIGHT - rate_chart.BOTTOM - rate_chart.TOP
    assert f'y="{rate_chart.TOP}"' in html
    assert f'height="{band}"' in html


def test_the_wall_clock_goes_back_and_the_picture_goes_on() -> None:
    """On 25-Oct-2026 03:00 in Berlin is 02:00 again: an hour is still an hour wide."""
    begins = datetime.fromisoformat("2026-10-25T00:10:00+00:00")
    first = Event(id="s", kind=EventKind.START, occurred_at=begins, recorded_at=begins)
    later = replay(PROTOCOL, STANDARD, [first], begins + timedelta(minutes=5))
    marks = draw(STANDARD, later, ZONE).picture.times
    gaps = {right.at - left.at for left, right in pairwise(marks)}
    assert max(gaps) - min(gaps) <= 1
