"""When vital signs are due and why: baseline, gaps, rate changes, a reaction, the end, after it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinical.observation import check_discharge
from clinical.protocol import Protocol, load
from clinical.vitals import (
    VitalsDue,
    VitalsSchedule,
    VitalsWhy,
    Watched,
    missing_after_end,
    vitals_due,
    with_schedule,
)
from tests.clinical.charts import MILD, NINE, at, event, rate_plan, replay
from tests.clinical.test_protocol import swapped

BASELINE, GAP, CHANGE = VitalsWhy.BASELINE, VitalsWhy.GAP, VitalsWhy.RATE_CHANGE
REACTION, END, AFTER = VitalsWhy.REACTION, VitalsWhy.END, VitalsWhy.AFTER_END
INITIAL, SHORT = rate_plan("initial"), rate_plan("short")


def watched(*vitals: float, started: float | None = 0, **minutes: float | None) -> Watched:
    """What is watched, in minutes after nine; a `reaction` has its symptoms open."""
    when: dict[str, Any] = {
        f"{name}_at": None if minute is None else at(minute) for name, minute in minutes.items()
    }
    return Watched(
        started_at=None if started is None else at(started),
        vitals=[at(minute) for minute in vitals],
        symptoms_open=minutes.get("reaction") is not None,
        **when,
    )


@pytest.mark.parametrize(
    ("vitals", "due", "why"),
    [
        ([], 0, END),
        ([-16], 0, END),
        ([-15], 30, AFTER),
        ([0], 30, AFTER),
        ([14], 30, AFTER),
        ([15], 60, AFTER),
        ([30], 60, AFTER),
        ([44], 60, AFTER),
        ([45], None, None),
        ([15, 44], 60, AFTER),
        ([15, 45], None, None),
        ([60], None, None),
        ([-30], 0, END),
    ],
)
def test_vital_signs_at_the_end_and_after_it(
    protocol: Protocol, vitals: list[int], due: int | None, why: VitalsWhy | None
) -> None:
    expected = None if due is None or why is None else VitalsDue(at=at(due), why=why)
    assert vitals_due(protocol, watched(*vitals, started=-120, ended=0)) == expected
    found = check_discharge(
        protocol, actual_end=at(0), at=at(60), vitals=[at(minute) for minute in vitals]
    ).findings
    assert [item.id for item in found] == ["OBSERVATION-VITALS"] * (due is not None)


@pytest.mark.parametrize(
    ("seen", "due", "why"),
    [
        (watched(), 0, BASELINE),
        (watched(-20), 30, GAP),
        (watched(0), 30, GAP),
        (watched(20, 5), 50, GAP),
        (watched(20, reaction=25), 40, REACTION),
        (watched(20, reaction=40), 50, GAP),
        (watched(20, reaction=35), 50, REACTION),  # one minute, the more pressing reason
        (watched(30, reaction=25), 45, REACTION),
        (watched(0, rises=15), 30, GAP),  # taken a quarter of an hour before: it counts
        (watched(-1, rises=15), 15, CHANGE),
        (watched(0, rises=16), 16, CHANGE),
        (watched(0, rises=30), 30, CHANGE),
        (watched(14, rises=30), 30, CHANGE),
        (watched(15, rises=30), 45, GAP),
        (watched(30, rises=30), 60, GAP),
        (watched(14, changed=30), 30, CHANGE),  # raised without a set: it is due since then
        (watched(15, changed=30), 45, GAP),
        (watched(31, changed=30), 61, GAP),
        (watched(14, changed=30, rises=60), 30, CHANGE),
        (watched(31, changed=30, rises=60), 60, CHANGE),
    ],
)
def test_vital_signs_while_it_runs(
    protocol: Protocol, seen: Watched, due: int, why: VitalsWhy
) -> None:
    assert vitals_due(protocol, seen) == VitalsDue(at=at(due), why=why)


def test_no_vital_signs_before_the_start_and_closer_ones_only_with_symptoms(
    protocol: Protocol,
) -> None:
    assert vitals_due(protocol, watched(20, started=None, reaction=20)) is None
    seen = watched(20, reaction=20)
    assert vitals_due(protocol, seen) == VitalsDue(at=at(35), why=REACTION)
    gone = replace(seen, symptoms_open=False)
    assert vitals_due(protocol, gone) == VitalsDue(at=at(50), why=GAP)
    assert vitals_due(protocol, replace(gone, reaction_at=None, symptoms_open=True)) is not None
    unsaid = Watched(started_at=at(0), vitals=[at(20)], reaction_at=at(20))
    assert vitals_due(protocol, unsaid) == VitalsDue(at=at(50), why=GAP)


@pytest.mark.parametrize(("taken", "due"), [(14, 30), (15, 60)])
def test_without_a_set_at_the_end_the_first_after_it_counts_from_the_end(
    protocol: Protocol, taken: int, due: int
) -> None:
    rules = replace(protocol.observation, vitals_after_end=minutes(30, 60))
    own = replace(protocol, observation=rules)
    assert missing_after_end(own, at(0), [at(taken)]) == VitalsDue(at=at(due), why=AFTER)


def test_every_instant_is_utc_whatever_the_clock_it_came_from(protocol: Protocol) -> None:
    """In the hour that happens twice, wall clocks would say 30 minutes for 90."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=0)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1)
    seen = Watched(started_at=first, vitals=[first], rises_at=second)
    assert vitals_due(protocol, seen) == VitalsDue(
        at=first.astimezone(NINE.tzinfo) + timedelta(minutes=30), why=GAP
    )
    seen = Watched(started_at=first, vitals=[first], changed_at=second, reaction_at=second)
    assert vitals_due(protocol, replace(seen, symptoms_open=True)) is not None
    ended = missing_after_end(protocol, second, [])
    assert ended is not None
    assert (ended.at.isoformat(), ended.why) == ("2026-10-25T01:30:00+00:00", END)


# -- in the run: which changes count --


def test_a_set_before_each_step_of_the_quick_table() -> None:
    chart = [event("start", 0), event("vitals", -20)]
    state = replay(SHORT, chart, 1)
    assert (state.vitals_due, state.vitals_why) == (at(15), CHANGE)
    state = replay(SHORT, [*chart, event("vitals", 13)], 14)
    assert (state.vitals_due, state.vitals_why) == (at(43), GAP)
    chart += [event("vitals", 13), event("rate_changed", 15, rate=200)]
    state = replay(SHORT, chart, 16)
    assert (state.vitals_due, state.vitals_why) == (at(30), CHANGE)


def test_a_change_without_a_set_before_it_asks_for_one_at_once() -> None:
    chart = [event("start", 0), event("vitals", 0), event("rate_changed", 30, rate=60)]
    state = replay(INITIAL, chart, 31)
    assert (state.vitals_due, state.vitals_why) == (at(30), CHANGE)
    assert "VITALS-OVERDUE" in [item.id for item in state.warnings]
    state = replay(INITIAL, [*chart, event("vitals", 32)], 33)
    assert (state.vitals_due, state.vitals_why) == (at(60), CHANGE)


def test_the_same_rate_again_is_no_change() -> None:
    chart = [event("start", 0), event("vitals", 0), event("rate_changed", 20, rate=30)]
    assert replay(INITIAL, chart, 21).vitals_due == at(30)


def test_nothing_rises_while_symptoms_are_open() -> None:
    chart = [event("start", 0), event("vitals", 0), event("reaction", 12, severity=MILD)]
    chart += [event("vitals", 13), event("rate_changed", 13, rate=15)]
    state = replay(INITIAL, chart, 14)
    assert (state.vitals_due, state.vitals_why) == (at(28), REACTION)


def test_no_set_for_a_rise_that_does_not_come() -> None:
    """At the last step, and once the bag is empty, the next thing is the end."""
    chart = [event("start", 0), event("vitals", 0), event("rate_changed", 1, rate=180)]
    chart += [event("vitals", 70)]
    state = replay(INITIAL, chart, 71)
    assert (state.vitals_due, state.vitals_why) == (at(100), GAP)


def test_before_the_start_and_after_the_last_set_nothing_is_due() -> None:
    assert replay(INITIAL, [], 0).vitals_why is None
    chart = [event("start", 0), event("vitals", 0), event("stopped", 10), event("vitals", 60)]
    state = replay(INITIAL, chart, 70)
    assert (state.vitals_due, state.vitals_why) == (None, None)
    state = replay(INITIAL, chart[:3], 11)
    assert (state.vitals_due, state.vitals_why) == (at(40), AFTER)


# -- a clinic's own times --


def minutes(*numbers: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=number) for number in numbers)


def observed(protocol: Protocol, **own: Any) -> Any:
    return with_schedule(protocol, VitalsSchedule(**own)).observation


def test_a_clinic_that_sets_nothing_keeps_the_protocol(protocol: Protocol) -> None:
    assert with_schedule(protocol, VitalsSchedule()) is protocol


@pytest.mark.parametrize(("gap", "kept"), [(1, 1), (20, 20), (30, 30), (31, 30), (90, 30)])
def test_a_clinics_gap_is_never_wider_than_the_protocols(
    protocol: Protocol, gap: int, kept: int
) -> None:
    [own] = minutes(gap)
    assert observed(protocol, gap=own).vitals_gap == timedelta(minutes=kept)


@pytest.mark.parametrize(
    ("gap", "wanted", "kept"),
    [(None, 4, 5), (None, 5, 5), (None, 10, 10), (None, 15, 15), (None, 16, 15), (12, 15, 12),
     (12, None, 12), (20, None, 15)],
)  # fmt: skip
def test_a_clinics_gap_in_a_reaction_stays_within_five_to_fifteen(
    protocol: Protocol, gap: int | None, wanted: int | None, kept: int
) -> None:
    own = {
        name: timedelta(minutes=number)
        for name, number in (("gap", gap), ("gap_in_reaction", wanted))
        if number is not None
    }
    assert observed(protocol, **own).vitals_gap_in_reaction == timedelta(minutes=kept)


def test_a_clinic_adds_times_after_the_end_and_takes_none_away(protocol: Protocol) -> None:
    own = observed(protocol, after_end=minutes(15, 60, 120))
    assert own.vitals_after_end == minutes(0, 15, 30, 60, 120)
    assert observed(protocol, gap=minutes(20)[0]).vitals_after_end == minutes(0, 30, 60)


def test_a_clinic_may_leave_out_the_sets_at_rate_changes(protocol: Protocol) -> None:
    seen = watched(0, rises=16, changed=16)
    own = with_schedule(protocol, VitalsSchedule(at_rate_changes=False))
    assert vitals_due(own, seen) == VitalsDue(at=at(30), why=GAP)
    assert own.observation.vitals_at_rate_changes is False
    assert own.rules is protocol.rules
    never = swapped(
        "vitals_at_rate_changes = { value = true", "vitals_at_rate_changes = { value = false"
    )
    assert (
        with_schedule(never, VitalsSchedule(gap=minutes(20)[0])).observation.vitals_at_rate_changes
        is False
    )


def test_the_values_are_policy_and_say_so() -> None:
    path = {value.path: value for value in load().values}
    for name in ("gap", "gap_in_reaction", "gap_in_reaction_least", "at_rate_changes",
                 "counts_for", "after_end"):  # fmt: skip
        assert path[f"observation.vitals_{name}"].needs_sign_off, name
