"""The chart as it arrives: repeated, late, out of order, amended, withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.events import Event, EventKind, settle
from clinical.protocol import ReactionSeverity, load
from clinical.run import replay as replay_run
from tests.clinical.charts import MILD, at, event, rate_plan, replay, to_plan
from tests.clinical.test_two_engines import infusions, to_events

INITIAL = rate_plan("initial")


def test_events_are_read_in_the_order_they_happened() -> None:
    first, second = event("start", 0, recorded=90), event("rate_changed", 30, rate=60, recorded=10)
    assert settle([second, first]) == [first, second]


def test_events_of_one_instant_have_an_order() -> None:
    chart = [event(kind.value, 5, rate=60, severity=MILD) for kind in EventKind]
    assert [item.kind for item in settle(reversed(chart))] == list(EventKind)


def test_of_two_rates_at_one_instant_the_later_entry_stands() -> None:
    chart = [
        event("start", 0),
        event("rate_changed", 30, rate=90, recorded=31, name="a"),
        event("rate_changed", 30, rate=60, recorded=32, name="b"),
    ]
    assert replay(INITIAL, chart, 31).rate_ml_h == 60
    tied = [chart[0], replace(chart[1], recorded_at=at(32)), chart[2]]
    assert replay(INITIAL, tied, 31).rate_ml_h == 60


def test_a_repeated_tap_is_one_event() -> None:
    tap = event("paused", 10, name="same")
    again = replace(tap, recorded_at=at(12))
    assert settle([again, tap]) == [tap]


def test_an_amended_time_moves_the_event() -> None:
    wrong = event("rate_changed", 40, rate=60, name="w")
    right = event("rate_changed", 30, rate=60, name="r", recorded=50, amends="w")
    chart = [event("start", 0), wrong, right]
    assert replay(INITIAL, chart, 60).volume_in_ml == 15 + 30
    assert [item.id for item in settle(chart)] == ["start@0", "r"]


def test_the_last_amendment_stands_however_they_arrive() -> None:
    wrong = event("rate_changed", 30, rate=90, name="w")
    once = event("rate_changed", 30, rate=80, name="x", recorded=40, amends="w")
    twice = event("rate_changed", 30, rate=60, name="y", recorded=50, amends="x")
    also = event("rate_changed", 30, rate=120, name="z", recorded=45, amends="w")
    for chart in (
        [wrong, once, twice, also],
        [also, twice, once, wrong],
        [twice, wrong, also, once],
    ):
        assert [item.id for item in settle(chart)] == ["y"]


def test_an_amendment_recorded_at_the_same_instant_goes_before_what_it_amends() -> None:
    wrong = event("rate_changed", 30, rate=90, name="z")
    right = event("rate_changed", 30, rate=60, name="a", recorded=30, amends="z")
    assert [item.id for item in settle([wrong, right])] == ["a"]


def test_a_withdrawn_entry_leaves_nothing() -> None:
    pause = event("paused", 40, name="p")
    gone = event("paused", 40, name="q", recorded=41, amends="p", withdrawn=True)
    assert settle([pause, gone]) == []
    back = event("paused", 45, name="r", recorded=46, amends="q")
    assert [item.id for item in settle([gone, back, pause])] == ["r"]


def test_an_amendment_may_arrive_before_what_it_amends() -> None:
    right = event("rate_changed", 30, rate=60, name="r", recorded=50, amends="w")
    assert [item.id for item in settle([right])] == ["r"]
    chain = event("rate_changed", 31, rate=60, name="s", recorded=51, amends="r")
    assert [item.id for item in settle([chain, right])] == ["s"]


def test_entries_that_amend_each_other_end() -> None:
    one = event("paused", 1, name="a", amends="b")
    two = event("paused", 2, name="b", amends="a")
    assert len(settle([one, two])) >= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"occurred_at": datetime(2026, 1, 1)}, "must carry a time zone"),  # noqa: DTZ001
        ({"recorded_at": datetime(2026, 1, 1)}, "must carry a time zone"),  # noqa: DTZ001
        ({"rate_ml_h": Fraction(0)}, "rate_ml_h must be above 0"),
        ({"rate_ml_h": Fraction(-1)}, "rate_ml_h must be above 0"),
        ({"rate_ml_h": None}, "rate_ml_h is needed for a rate change"),
        ({"kind": EventKind.REACTION}, "severity is needed for a reaction"),
    ],
)
def test_an_event_that_could_not_be_replayed_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    good = event("rate_changed", 1, rate=60)
    with pytest.raises(ValueError, match=words):
        replace(good, **changes)


def test_what_an_event_may_do_without() -> None:
    Event(
        id="x",
        kind=EventKind.REACTION,
        occurred_at=at(0),
        recorded_at=at(0),
        severity=ReactionSeverity.SEVERE,
    )
    assert event("start", 0).rate_ml_h is None


def test_times_are_kept_in_utc() -> None:
    assert event("start", 0).occurred_at.tzinfo is UTC


def test_a_late_entry_changes_what_is_known_now() -> None:
    chart = to_plan(INITIAL, 60)
    late = event("paused", 40, recorded=55), event("resumed", 50, recorded=56)
    assert replay(INITIAL, chart, 55).volume_in_ml == 40
    assert replay(INITIAL, [*chart, *late], 55).volume_in_ml == 30


@forall(infusions(), st.randoms(use_true_random=False), st.data())
def test_the_order_of_arrival_does_not_matter(
    infusion: Any, random: Any, data: st.DataObject
) -> None:
    option, bag, _, taps, now = infusion
    chart = to_events(taps)
    for position, item in enumerate(list(chart)):
        if data.draw(st.integers(0, 4)) == 0:
            chart.append(
                replace(
                    item,
                    id=f"amends-{position}",
                    amends=item.id,
                    recorded_at=item.recorded_at + timedelta(minutes=5),
                    withdrawn=data.draw(st.booleans()),
                )
            )
    moment, plan = at(0) + timedelta(seconds=now), rate_plan(option, bag)
    shuffled = [*chart, *random.sample(chart, len(chart) // 2)]
    random.shuffle(shuffled)
    assert replay_run(load(), plan, shuffled, moment) == replay_run(load(), plan, chart, moment)


@forall(infusions(), st.integers(0, 20_000))
def test_events_after_now_are_not_there_yet(infusion: Any, second: int) -> None:
    option, bag, _, taps, _ = infusion
    moment, plan, chart = at(0) + timedelta(seconds=second), rate_plan(option, bag), to_events(taps)
    early = [item for item in chart if item.occurred_at <= moment]
    assert replay_run(load(), plan, chart, moment) == replay_run(load(), plan, early, moment)


@forall(infusions(), st.integers(0, 20_000), st.integers(0, 20_000))
def test_volume_never_shrinks_and_never_passes_the_bag(
    infusion: Any, first: int, more: int
) -> None:
    option, bag, _, taps, _ = infusion
    plan, chart = rate_plan(option, bag), to_events(taps)
    early = replay_run(load(), plan, chart, at(0) + timedelta(seconds=first))
    late = replay_run(load(), plan, chart, at(0) + timedelta(seconds=first + more))
    assert 0 <= early.volume_in_ml <= late.volume_in_ml <= bag
    assert late.volume_in_ml + late.volume_left_ml == bag
    ran = sum(part.rate_ml_h * (part.ends_s - part.starts_s) / 3600 for part in late.ran)
    assert late.volume_in_ml == min(ran, bag)
    for part in late.ahead[1:]:
        assert part.rate_ml_h <= plan.table.maximum_ml_h
    if late.projected_end is not None and late.worst_case_end is not None:
        assert late.projected_end <= late.worst_case_end
    if late.ahead:
        assert late.ahead[-1].cumulative_ml == bag
