"""The planner's parts by themselves: the checker, the words, the process, the masks."""

import io
import json
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings

from scheduling.planner import child, parent
from scheduling.planner.check import check
from scheduling.planner.day import first_plan, plan_day
from scheduling.planner.heuristics import promised, ruin_and_recreate
from scheduling.planner.parent import last_answer, solve_apart
from scheduling.planner.score import score
from scheduling.planner.seats import seat
from scheduling.planner.shape import bits, shape_of, wider
from scheduling.planner.values import FINISH_ON_TIME, PlanChair, PlanDay, PlanVisit
from scheduling.planner.wire import shape_from_json, shape_to_json, solved_from_json
from tests.scheduling.planner.builders import (
    CLOSES,
    OPENS,
    a_day,
    days,
    faults,
    phases,
    visit,
    visits_of,
)

A, B = visit("a"), visit("b")
APART = {"a": "c0", "b": "c1"}
AT_OPENING = (0,) * 32 + (1,) + (0,) * 63


@pytest.mark.parametrize(
    ("starts", "chairs", "day", "words"),
    [
        ({"a": OPENS + 5}, APART, a_day(), "does not begin on a quarter-hour"),
        ({"a": OPENS - 15}, APART, a_day(), "not inside the hours"),
        ({"a": CLOSES}, APART, a_day(overtime=60), "not inside the hours"),
        ({"a": OPENS}, {"a": "none"}, a_day(), "no chair it can use"),
        ({"a": OPENS}, {}, a_day(), "no chair it can use"),
        ({"a": OPENS, "b": OPENS + 60}, {"a": "c0", "b": "c0"}, a_day(1, 2), "needed twice"),
        ({"a": OPENS, "b": OPENS}, APART, a_day(2, 1), "2 infusions would start; the nurses"),
        ({"a": OPENS, "b": OPENS + 15}, APART, a_day(points_per_nurse=1), "2 points to watch"),
        ({"a": OPENS}, APART, a_day(nurses=0), "No nurse is on duty at 08:00"),
        ({"a": OPENS}, APART, a_day(taken_starts=AT_OPENING), "2 infusions"),
        ({"a": OPENS}, APART, a_day(taken_points=(4,) * 96), "5 points to watch"),
        ({"a": OPENS, "b": OPENS}, APART, a_day(2, 2, pharmacy_limit=1), "2 bags to make ready"),
        ({"a": OPENS}, APART, a_day(2, 2, pharmacy_limit=1, taken_starts=AT_OPENING), "2 bags to"),
        ({"z": OPENS}, {"z": "c0"}, a_day(), "not on the list"),
    ],
)  # fmt: skip
def test_the_checker_sees(
    starts: dict[str, int], chairs: dict[str, str], day: PlanDay, words: str
) -> None:
    assert any(words in said for said in faults(starts, chairs, [A, B], day))


def test_the_checker_sees_windows_promises_and_outages() -> None:
    early = replace(A, earliest=OPENS + 30)
    late = replace(A, latest=OPENS)
    promised = replace(A, confirmed=OPENS)
    out = a_day(chairs=0, nurses=1)
    out = replace(out, chairs=(PlanChair(id="c0", taken=((OPENS, OPENS + 15),)),))
    assert "own times" in faults({"a": OPENS}, APART, [early], a_day())[0]
    assert "own times" in faults({"a": OPENS + 15}, APART, [late], a_day())[0]
    assert "promised for 08:00" in faults({}, {}, [promised], a_day())[0]
    assert "needed twice" in faults({"a": OPENS}, APART, [A], out)[0]
    assert "no chair it can" in faults(
        {"a": OPENS}, APART, [replace(A, kinds=frozenset({"isolation"}))], a_day()
    )[0]  # fmt: skip


def test_a_good_plan_has_no_faults() -> None:
    assert faults({"a": OPENS, "b": OPENS + 15}, APART, [A, B], a_day()) == []
    assert faults({"a": OPENS, "b": OPENS + 90}, {"a": "c0", "b": "c0"}, [A, B], a_day()) == []


def test_what_needs_no_bag_takes_none_of_the_pharmacys() -> None:
    day = a_day(2, 2, pharmacy_limit=1)
    both = {"a": OPENS, "b": OPENS}
    assert faults(both, APART, [A, replace(B, phases=phases(bag=False))], day) == []
    beside = replace(day, taken_starts=AT_OPENING, bagless=AT_OPENING)
    assert faults({"a": OPENS}, APART, [A], beside) == []
    at_once = [replace(A, latest=OPENS), replace(B, latest=OPENS, phases=phases(bag=False))]
    for visits, offered in ((at_once, day), (at_once[:1], beside)):
        plan = plan_day(visits, offered, rounds=5)
        assert (set(plan.starts.values()), plan.unplaced) == ({OPENS}, ())


@settings(max_examples=60, deadline=None)
@given(visits_of(most=4), days())
def test_the_masks_allow_exactly_what_the_checker_allows(
    visits: list[PlanVisit], day: PlanDay
) -> None:
    """One visit more beside a plan: every start tried with the checker, against one look."""
    *others, last = visits
    plan = plan_day(others, day, rounds=5) if others else None
    starts, chairs = (dict(plan.starts), dict(plan.chairs)) if plan else ({}, {})
    pinned = [
        replace(one, confirmed=starts[one.id], chair=chairs[one.id])
        for one in others
        if one.id in starts
    ]
    shape = shape_of([*pinned, last], day, FINISH_ON_TIME)
    room = promised(shape)
    position, mine = next((n, item) for n, item in enumerate(shape.items) if item.id == last.id)
    by_mask = {slot * 15: pool for here, pool in room.starts(mine) for slot in bits(here)}
    for minute, pool in by_mask.items():
        places = {**room.places, position: (minute // 15, pool)}
        seats = seat(shape, places, [*pinned, last])
        assert seats is not None
        assert check({**starts, last.id: minute}, seats, [*pinned, last], day) == []
    tried = {
        minute
        for minute in range(0, day.slots * 15, 15)
        for chair in day.chairs
        if not check({**starts, last.id: minute}, {**chairs, last.id: chair.id}, visits, day)
    }
    # The grid counts a slot used in part as used; the checker looks at five minutes at a time.
    if all(_on_the_grid(one) for one in visits):
        assert tried <= set(by_mask)


def _on_the_grid(one: PlanVisit) -> bool:
    spans = (one.phases.premedication, one.phases.infusion, one.phases.observation)
    return all(minutes % 15 == 0 for minutes in (*spans, one.phases.turnaround))


def test_somebody_left_out_is_told_why_and_what_would_help() -> None:
    four = [visit(name, 60) for name in "abcd"]
    plan = plan_day(four, a_day(chairs=1, nurses=2, overtime=0))
    words = {reason.words for reason in plan.unplaced}
    assert len(plan.unplaced) == 3
    assert all("chairs" in said for said in words)
    assert all("With one more chair it could begin at 08:00." in said for said in words)
    lone = plan_day([visit("a", 180)], a_day(overtime=0)).unplaced[0].words
    assert lone.startswith("No start lies inside the hours")
    assert "No single chair, nurse or half-hour makes room" in lone
    strained = a_day(chairs=9, nurses=1, overtime=0, points_per_nurse=1)
    busy = plan_day(four, strained).unplaced[0].words
    assert "watching" in busy
    assert "With one more nurse it could begin at" in busy


def test_closing_later_is_a_way_out() -> None:
    long = visit("a", 120)
    words = plan_day([long], a_day(overtime=0)).unplaced[0].words
    assert "With closing 30 min later it could begin at 08:00." in words


def test_a_wider_day_has_what_was_asked_for() -> None:
    day = a_day(chairs=1, nurses=1, overtime=0)
    more = wider(day, chairs=1, nurses=1, minutes=30)
    assert (len(more.chairs), more.hard_close) == (2, day.hard_close + 30)
    assert more.nurses[OPENS // 15] == 2
    assert more.nurses[day.hard_close // 15] == 2
    assert more.nurses[0] == 0


def test_visits_keep_the_chairs_they_have_where_they_can() -> None:
    visits = [visit("a", confirmed=OPENS, chair="c1"), visit("b", confirmed=OPENS + 15, chair="c0")]
    day = a_day(chairs=3)
    shape = shape_of(visits, day, FINISH_ON_TIME)
    chairs = seat(shape, first_plan(shape, seed=0), visits)
    assert chairs == {"a": "c1", "b": "c0"}


def test_isolation_rooms_are_left_to_those_who_need_them() -> None:
    rooms = (PlanChair(id="room", kind="isolation"), PlanChair(id="bed", kind="bed"))
    day = replace(a_day(), chairs=rooms)
    ill = replace(A, kinds=frozenset({"isolation"}))
    plan = plan_day([ill, B], day)
    assert plan.chairs == {"a": "room", "b": "bed"}
    assert len(plan_day([A, B], replace(day, hard_close=CLOSES, closes=CLOSES)).starts) == 1


def test_the_child_process_answers_and_both_sides_mean_the_same() -> None:
    visits = [visit(name, 30, preferred=OPENS) for name in "abc"]
    day = a_day()
    shape = shape_of(visits, day, FINISH_ON_TIME)
    begin = first_plan(shape, seed=0)
    solved = solve_apart(shape, begin, seconds=10, seed=0)
    assert solved is not None
    assert score(shape, solved.places) <= score(shape, begin)
    assert solved.bounds.unplaced == 0
    problem = {"kind": "day", "shape": shape_to_json(shape), "begin": [], "seed": 0,
               "until": time.monotonic() + 10}  # fmt: skip
    told = io.StringIO()
    assert child.main(io.StringIO(2 * (json.dumps(problem) + "\n")), told) == 0
    said = told.getvalue().splitlines()
    assert said.count(child.DONE) == 2
    assert child.DONE.encode() == parent.DONE
    *_, last, done = said
    assert done == child.DONE
    again = solved_from_json(json.loads(last))
    assert score(shape, again.places) == score(shape, solved.places)


def test_a_shape_survives_the_wire_without_its_names() -> None:
    shape = shape_of([visit("Jane"), visit("June")], a_day(), FINISH_ON_TIME)
    sent = json.dumps(shape_to_json(shape))
    assert "Jane" not in sent
    again = shape_from_json(json.loads(sent))
    nameless = [[replace(item, id="") for item in one.items] for one in (again, shape)]
    assert nameless[0] == nameless[1]
    assert [pool.usable for pool in again.pools] == [pool.usable for pool in shape.pools]
    assert again.limits == shape.limits


def run(code: str, **more: object) -> dict[str, object] | None:
    command = (sys.executable, "-c", code)
    return last_answer({"x": 1}, command=command, **{"seconds": 5, **more})  # type: ignore[arg-type]


def test_a_child_that_dies_leaves_what_it_said_before() -> None:
    said = "import os; print('{\"n\": 1}', flush=True); print('{\"n\"', flush=True); os._exit(9)"
    assert run(said) == {"n": 1}
    assert run("raise SystemExit(3)") is None
    assert run("print('no json')") is None


ECHO = """
import os, sys
for n, line in enumerate(sys.stdin):
    print('{"n": %d, "pid": %d}' % (n, os.getpid()), flush=True)
    print("null", flush=True)
    if n == 1: os._exit(0)
"""


def test_a_process_is_kept_for_the_next_problem_and_replaced_when_it_has_gone() -> None:
    """Starting one costs as much as an ordinary day's solving."""
    parent.end_kept()
    answers = [run(ECHO) for _ in range(3)]
    assert [one and one["n"] for one in answers] == [0, 1, 0]
    first, second, third = (one["pid"] for one in answers if one)
    assert first == second != third
    assert parent.waiting() == [third]
    parent.end_kept()
    assert parent.waiting() == []


def test_a_process_that_was_stopped_or_late_is_not_asked_again() -> None:
    parent.end_kept()
    assert run("import time; time.sleep(3600)", seconds=0.2) is None
    assert run("import sys; sys.stdin.readline(); print('{}')") == {}
    assert parent.waiting() == []


def test_a_child_that_does_not_read_keeps_nobody_waiting() -> None:
    """The problem is larger than a pipe holds."""
    code = (sys.executable, "-c", "import time; time.sleep(3600)")
    assert last_answer({"x": "x" * 1_000_000}, seconds=0.5, command=code) is None


def test_a_child_that_hangs_is_ended() -> None:
    """Not a measurement: without the hard stop this would sleep for an hour."""
    assert run("import time; print('{}', flush=True); time.sleep(3600)", seconds=0.5) == {}


def test_somebody_who_cancels_is_heard() -> None:
    asked = iter([False, True])
    stopped = run("import time; time.sleep(3600)", seconds=3600, stop=lambda: next(asked, True))
    assert stopped is None


def test_the_search_stops_when_it_is_told() -> None:
    shape = shape_of([visit(f"v{n}", 30) for n in range(6)], a_day(), FINISH_ON_TIME)
    begin = first_plan(shape, seed=0)
    looks = iter([True, True, False])
    found = ruin_and_recreate(shape, begin, seed=0, rounds=10**9, going=lambda: next(looks))
    assert score(shape, found) <= score(shape, begin)
