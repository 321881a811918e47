"""The search over many days: it finds exactly what trying every start finds, and ranks sensibly."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.capacity import Day, Load, Phases, fits, load_of, mask, room_for, with_load
from scheduling.grid import grid_of
from scheduling.slot_search import (
    PROPOSALS,
    Found,
    Sought,
    Wishes,
    rules_of,
)
from scheduling.slot_search import search as search_days
from scheduling.slot_words import obstacles_of, reasons_for
from tests.scheduling.builders import MONDAY, NOW, at
from tests.scheduling.test_capacity import CHAIRS, SHORT, days, phases

LABELS = {chair: f"Chair {n}" for n, chair in enumerate(CHAIRS, start=1)}
LONG = load_of(replace(SHORT, infusion=210))  # five and a half hours of care


def a_day(day: date = MONDAY, **changes: object) -> Day:
    fields: dict[str, object] = {
        "grid": grid_of(day, "Europe/Berlin"), "open": range(32, 72), "nurses": (4,) * 96,
        "starts": (0,) * 96, "points": (0,) * 96, "chairs": dict.fromkeys(CHAIRS[:3], 0),
        "starts_per_nurse": 1, "points_per_nurse": 4,
    }  # fmt: skip
    return Day(**(fields | changes))  # type: ignore[arg-type]


def fortnight(**changes: object) -> list[Day]:
    return [a_day(MONDAY + timedelta(days=n), **changes) for n in range(14) if n % 7 < 5]


def sought(load: Load | None = None, **changes: object) -> Sought:
    fields: dict[str, object] = {
        "load": load or load_of(SHORT), "due": MONDAY + timedelta(days=4), "earliest": MONDAY,
        "latest": MONDAY + timedelta(days=13), "not_before": MONDAY, "now": NOW,
    }  # fmt: skip
    return Sought(**(fields | changes))  # type: ignore[arg-type]


def search(days_given: Iterable[Day], asked: Sought, **more: Any) -> Found:
    return search_days({day.grid.day: day for day in days_given}, asked, **more)


def found_days(found: Found) -> list[date]:
    return [each.day for each in found.proposals]


wishes = st.builds(
    Wishes,
    weekdays=st.frozensets(st.integers(0, 6), max_size=3),
    half=st.sampled_from(["", "morning", "afternoon"]),
    arrives_from=st.none() | st.builds(time, st.integers(6, 16), st.sampled_from([0, 10, 30])),
    leaves_by=st.none() | st.builds(time, st.integers(8, 20), st.sampled_from([0, 20, 45])),
    nurse=st.none() | st.dictionaries(st.just(MONDAY), st.integers(0, 2**96 - 1)),
)


def wished(day: Day, load: Load, slot: int, wish: Wishes) -> bool:
    """The wishes asked one by one of one start, by the wall clock."""
    shown = f"{time(slot // 4, slot % 4 * 15):%H:%M}"
    leaves = slot + load.care
    left = f"{leaves // 4:02}:{leaves % 4 * 15:02}"
    hands = [slot + n for n, start in enumerate(load.starts) if start]
    on_duty = None if wish.nurse is None else wish.nurse.get(day.grid.day, 0)
    return all(
        [
            not wish.weekdays or day.grid.day.weekday() in wish.weekdays,
            wish.half != "morning" or shown < "12:00",
            wish.half != "afternoon" or shown >= "12:00",
            wish.arrives_from is None or shown >= f"{wish.arrives_from:%H:%M}",
            wish.leaves_by is None or left <= f"{wish.leaves_by:%H:%M}",
            on_duty is None or all(on_duty >> n & 1 for n in hands),
        ]
    )


@settings(deadline=None)
@given(day=days(), visit=phases, wish=wishes, passed=st.integers(-10, 100))
def test_the_masks_are_what_trying_every_start_finds(
    day: Day, visit: Phases, wish: Wishes, passed: int
) -> None:
    load = load_of(visit)
    asked = sought(load, wishes=wish, now=day.grid.instant(passed))
    starts = -1
    for allowed in rules_of(day, asked).values():
        starts &= allowed
    assert {slot for slot in range(96) if starts >> slot & 1} == {
        slot
        for slot in range(96)
        if slot >= passed
        and wished(day, load, slot, wish)
        and any(fits(day, load, slot, chair) == [] for chair in day.chairs)
    }


@settings(deadline=None)
@given(each=st.lists(days(), min_size=1, max_size=6), visit=phases, wish=wishes)
def test_every_proposal_fits_and_a_miss_never_does(
    each: list[Day], visit: Phases, wish: Wishes
) -> None:
    load = load_of(visit)
    row = [
        replace(
            day, grid=grid_of(MONDAY + timedelta(days=n), "Europe/Berlin"), closed_because="Shut."
        )
        for n, day in enumerate(each)
    ]
    by_date = {day.grid.day: day for day in row}
    found = search(row, sought(load, wishes=wish))
    assert len(found.proposals) <= PROPOSALS
    for proposal in found.proposals:
        day = by_date[proposal.day]
        assert fits(day, load, proposal.slot, proposal.chair) == []
        assert wished(day, load, proposal.slot, wish)
    assert len({(one.day, one.slot) for one in found.proposals}) == len(found.proposals)
    for miss in found.misses:
        assert miss.broken
        assert not found.proposals
        why, remedy = obstacles_of(miss, by_date[miss.day], sought(load, wishes=wish), LABELS)
        assert all(why)
        assert why
        assert remedy
    possible = any(
        fits(day, load, slot, chair) == [] and wished(day, load, slot, wish)
        for day in row for slot in range(96) for chair in day.chairs
    )  # fmt: skip
    assert possible == bool(found.proposals)


def test_the_due_date_comes_first_and_the_others_are_other_days_and_halves() -> None:
    found = search(fortnight(), sought())
    first, *others = found.proposals
    assert first.day == MONDAY + timedelta(days=4)
    assert 3 <= len(found.proposals) <= 5
    assert len(set(found_days(found))) == len(found.proposals)
    assert {each.slot < 48 for each in found.proposals} == {True, False}
    assert all(first.cost <= each.cost for each in others)


def test_a_day_late_costs_more_than_a_day_early() -> None:
    due = MONDAY + timedelta(days=2)
    shut = a_day(due, open=range(0), closed_because="Shut.")
    row = [shut if day.grid.day == due else day for day in fortnight()[:5]]
    assert found_days(search(row, sought(due=due)))[0] == due - timedelta(days=1)


def test_nothing_before_the_day_allowed_and_nothing_the_protocol_stops() -> None:
    never = MONDAY + timedelta(days=3)
    days_found = found_days(search(fortnight(), sought(not_before=never)))
    assert min(days_found) >= never
    found = search(fortnight(), sought(), stops=lambda day: day < MONDAY + timedelta(days=8))
    assert min(found_days(found)) == MONDAY + timedelta(days=8)
    assert search(fortnight(), sought(), stops=lambda _day: True) == Found()


def test_a_time_outside_the_window_comes_after_every_time_inside() -> None:
    tight = sought(latest=MONDAY + timedelta(days=4), earliest=MONDAY + timedelta(days=4))
    found = search(fortnight(), tight)
    assert found_days(found)[0] == MONDAY + timedelta(days=4)
    assert found.proposals[0].cost + 100 < found.proposals[2].cost


def test_a_long_visit_goes_to_an_edge_of_the_day() -> None:
    open_late = a_day(open=range(28, 80))
    starts = {each.slot for each in search([open_late], sought(LONG)).proposals}
    assert starts <= {28, 48, 80 - LONG.care}


def test_a_chair_is_chosen_that_leaves_no_useless_gap() -> None:
    load = load_of(SHORT)
    snug = mask(range(32 + load.chair, 72))  # taken from just when the visit would leave
    loose = mask(range(32 + load.chair + 3, 72))
    day = a_day(chairs={CHAIRS[0]: loose, CHAIRS[1]: snug})
    best = search([day], sought(load, due=MONDAY)).proposals[0]
    assert (best.slot, best.chair, best.wasted) == (32, CHAIRS[1], 0)


def test_an_isolation_room_is_left_alone_while_another_chair_is_free() -> None:
    apart = frozenset([CHAIRS[0]])
    day = a_day(isolation=apart)
    assert {each.chair for each in search([day], sought()).proposals} == {CHAIRS[1]}
    only = replace(day, chairs={CHAIRS[0]: 0})
    assert {each.chair for each in search([only], sought()).proposals} == {CHAIRS[0]}
    needs = sought(load_of(replace(SHORT, isolation=True)))
    assert {each.chair for each in search([day], needs).proposals} == {CHAIRS[0]}


def test_room_promised_to_a_held_day_is_not_given_away() -> None:
    """One chair, one visit promised: what is proposed leaves room for it."""
    day = a_day(chairs={CHAIRS[0]: 0})
    promised = {MONDAY: [load_of(SHORT)]}
    for proposal in search([day], sought(due=MONDAY), promised=promised).proposals:
        after = with_load(day, load_of(SHORT), proposal.slot, proposal.chair)
        assert room_for(after, promised[MONDAY])
    long = sought(load_of(replace(SHORT, infusion=300)), due=MONDAY)
    assert search([day], long).proposals
    [miss] = search([day], long, promised=promised).misses
    assert miss.broken == ("DAY-PROMISED",)


@pytest.mark.parametrize(
    ("changes", "code", "words", "remedy"),
    [
        ({"chairs": dict.fromkeys(CHAIRS[:2], mask(range(32, 72)))}, "CHAIR-TAKEN",
         "No chair is free: Chair 1 comes nearest.", "Moving one visit"),
        ({"starts": (4,) * 96}, "NURSES-STARTS", "starting as many", "One more nurse"),
        ({"points": (16,) * 96}, "NURSES-POINTS", "watching as much", "One more nurse"),
        ({"nurses": (0,) * 40 + (1,) * 10 + (0,) * 46}, "NURSES-NONE", "No nurse", "on duty"),
        ({"pharmacy_limit": 1, "starts": (1,) * 96}, "PHARMACY-FULL", "bags", "One more bag"),
        ({"open": range(32, 40)}, "CLINIC-HOURS", "longer than", "longer"),
        ({"open": range(0), "closed_because": "Shut."}, "CLINIC-CLOSED", "Shut.", "Opening"),
    ],
)  # fmt: skip
def test_a_miss_names_what_stops_it_and_what_would_free_it(
    changes: dict[str, object], code: str, words: str, remedy: str
) -> None:
    row = [replace(day, **changes) for day in fortnight()]  # type: ignore[arg-type]
    found = search(row, sought())
    miss = found.misses[0]
    assert miss.broken == (code,)
    assert miss.day == MONDAY + timedelta(days=4)
    day = next(day for day in row if day.grid.day == miss.day)
    why, free = obstacles_of(miss, day, sought(), LABELS)
    assert words in " ".join(why)
    assert remedy in free


def test_a_wish_in_the_way_is_named_as_one() -> None:
    """Weekends are shut: what stops a Saturday is the wish for it, not the clinic."""
    found = search(fortnight(), sought(wishes=Wishes(weekdays=frozenset([5]))))
    assert found.misses[0].broken == ("WISH-WEEKDAY",)
    found = search(fortnight(), sought(wishes=Wishes(leaves_by=time(9))))
    assert found.misses[0].broken == ("WISH-TIME",)
    found = search(fortnight(), sought(wishes=Wishes(nurse={})))
    assert found.misses[0].broken == ("WISH-NURSE",)


def test_a_companion_who_must_leave_early_decides_the_hour() -> None:
    wish = Wishes(arrives_from=time(9, 30), leaves_by=time(14))
    load = load_of(SHORT)
    for each in search(fortnight(), sought(load, wishes=wish)).proposals:
        grid = grid_of(each.day, "Europe/Berlin")
        assert grid.label(each.slot) >= "09:30"
        assert grid.label(each.slot + load.care) <= "14:00"


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_clock_change_day_is_searched_by_the_wall_clock(day: date) -> None:
    grid = grid_of(day, "Europe/Berlin")
    opens = grid.inside(time(8), time(18))
    shape = (0,) * grid.count
    here = a_day(day, open=opens, nurses=(4,) * grid.count, starts=shape, points=shape)
    asked = sought(due=day, earliest=day, latest=day, wishes=Wishes(arrives_from=time(9)))
    found = search([here], asked).proposals
    assert min(grid.label(each.slot) for each in found) == "09:00"
    later = replace(asked, now=at(day, "13:00"))
    assert min(grid.label(each.slot) for each in search([here], later).proposals) >= "13:00"


def test_what_speaks_for_a_time_is_said_in_the_words_of_the_desk() -> None:
    week = fortnight()
    best = search(week, sought()).proposals[0]
    day = next(day for day in week if day.grid.day == best.day)
    words = reasons_for(best, day, sought(), LABELS)
    assert words[0] == "On the due date."
    assert "Chair 1 is free; a nurse is free to start at 09:00." in words
    later = reasons_for(best, day, sought(due=best.day - timedelta(days=3)), LABELS)
    assert later[0] == "3 days after the due date, inside the window."
    early = sought(due=best.day + timedelta(days=1), earliest=best.day + timedelta(days=1))
    assert (
        reasons_for(best, day, early, LABELS)[0] == "1 day before the due date, outside the window."
    )


def test_the_order_of_the_days_given_does_not_matter() -> None:
    week = fortnight()
    assert search(week, sought()) == search(reversed(week), sought())


def test_a_time_that_has_passed_is_not_proposed() -> None:
    found = search([a_day()], sought(now=at(MONDAY, "11:10")))
    assert min(each.slot for each in found.proposals) >= 44
    assert search([a_day()], sought(now=at(MONDAY, "19:00"))) == Found()
