"""The day's arithmetic against a slow reading of it, minute by minute."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.capacity import (
    Day,
    Load,
    Phases,
    fits,
    free_starts,
    load_of,
    mask,
    nurses_allow,
    room_for,
    with_load,
)
from scheduling.grid import MINUTES, grid_of

CHAIRS = [UUID(int=n) for n in range(1, 5)]
GRID = grid_of(date(2026, 3, 9), "Europe/Berlin")
SHORT = Phases(
    premedication=60, infusion=120, observation=60, turnaround=15,
    points_infusion=1, points_observation=1,
)  # fmt: skip


def visit_of(premedication: int, infusion: int) -> Phases:
    return Phases(
        premedication=premedication, infusion=infusion, observation=60, turnaround=0,
        points_infusion=1, points_observation=1,
    )  # fmt: skip


def day_of(*, chairs: int = 2, points: int = 4, **changes: object) -> Day:
    fields: dict[str, object] = {
        "grid": GRID, "open": range(32, 72), "nurses": [2] * 96, "starts": [0] * 96,
        "points": [0] * 96, "chairs": dict.fromkeys(CHAIRS[:chairs], 0), "starts_per_nurse": 1,
        "points_per_nurse": points,
    }  # fmt: skip
    return Day(**(fields | changes))  # type: ignore[arg-type]


phases = st.builds(
    Phases,
    premedication=st.integers(0, 90),
    infusion=st.integers(15, 240),
    observation=st.integers(0, 90),
    turnaround=st.integers(0, 45),
    points_infusion=st.integers(0, 3),
    points_observation=st.integers(0, 2),
    isolation=st.booleans(),
    bag=st.booleans(),
)


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A day with closed edges, nurses that come and go, and other visits already there."""
    opens = draw(st.integers(20, 50))
    closes = draw(st.integers(opens, 90))
    shifts = draw(st.lists(st.tuples(st.integers(0, 95), st.integers(0, 95)), max_size=5))
    nurses = [sum(a <= n < b for a, b in shifts) for n in range(96)]
    day = day_of(
        chairs=draw(st.integers(0, 3)), open=range(opens, closes), nurses=nurses,
        points=draw(st.integers(1, 4)), pharmacy_limit=draw(st.integers(0, 2)),
        isolation=draw(st.frozensets(st.sampled_from(CHAIRS))),
        elsewhere=draw(st.sampled_from([0, 0, 1 << 40, mask(range(50, 60))])),
    )  # fmt: skip
    for visit, slot, chair in draw(
        st.lists(st.tuples(phases, st.integers(0, 80), st.integers(0, 2)), max_size=4)
    ):
        if CHAIRS[chair] in day.chairs:
            day = with_load(day, load_of(visit), slot, CHAIRS[chair])
    return day


@dataclass(frozen=True)
class Minutes:
    """A visit read minute by minute from its first: what it asks for in each."""

    visit: Phases

    def hands(self, minute: int) -> int:
        after = minute - self.visit.premedication
        return int(0 <= after < MINUTES and minute < self.visit.care)

    def points(self, minute: int) -> int:
        after = minute - self.visit.premedication
        if 0 <= after < self.visit.infusion:
            return self.visit.points_infusion
        return self.visit.points_observation if self.visit.infusion <= after else 0


def slowly(day: Day, visit: Phases, start: int, chair: UUID) -> bool:
    """Whether `visit` may begin at minute `start`, asked of every minute by itself."""
    care_end = -(-(start + visit.care) // MINUTES)
    if not day.open or start < day.open.start * MINUTES or care_end > day.open.stop:
        return False
    if chair not in day.chairs or (visit.isolation and chair not in day.isolation):
        return False
    used = {(start + minute) // MINUTES for minute in range(visit.total)}
    if any((day.chairs[chair] | day.elsewhere) >> slot & 1 for slot in used):
        return False
    asks = Minutes(visit)
    most: dict[int, tuple[int, int]] = {}
    for minute in range(visit.care):
        slot = (start + minute) // MINUTES
        hands, points = most.get(slot, (0, 0))
        most[slot] = max(hands, asks.hands(minute)), max(points, asks.points(minute))
    return all(people_can(day, slot, *asked, bag=visit.bag) for slot, asked in most.items())


def people_can(day: Day, slot: int, hands: int, points: int, *, bag: bool) -> bool:
    """Whether nurses and pharmacy can do so much more in one quarter-hour."""
    nurses, started = day.nurses[slot], day.starts[slot] + hands
    without = day.bagless[slot] if day.bagless else 0
    made_up = started - without if bag and day.pharmacy_limit else 0
    if hands and (started > nurses * day.starts_per_nurse or made_up > day.pharmacy_limit):
        return False
    watched = day.points[slot] + points
    return nurses > 0 and (not points or watched <= nurses * day.points_per_nurse)


def test_what_needs_no_bag_asks_nothing_of_the_pharmacy() -> None:
    """One bag a quarter-hour, and one visit begins its infusion in each of two: one of them has
    no bag."""
    day = day_of(pharmacy_limit=1)
    bagless = load_of(replace(SHORT, bag=False))
    day = with_load(day, load_of(SHORT), 32, CHAIRS[0])
    assert 32 not in free_starts(day, load_of(SHORT))
    assert 32 in free_starts(day, bagless)
    assert fits(day, bagless, 32, CHAIRS[1]) == []
    beside = with_load(day_of(pharmacy_limit=1), bagless, 32, CHAIRS[0])
    assert sum(beside.starts) == sum(beside.bagless) == 1
    assert 32 in free_starts(beside, load_of(SHORT))
    assert fits(beside, load_of(SHORT), 32, CHAIRS[1]) == []


def test_a_visit_without_an_hour_after_it_costs_none() -> None:
    """Found by hypothesis: the quarter-hour in which it ends was charged as observation."""
    visit = Phases(premedication=0, infusion=16, observation=0, turnaround=15, points_infusion=1,
                   points_observation=2)  # fmt: skip
    assert load_of(visit).points == (1, 1)


@given(day=days(), visit=phases)
def test_masks_find_exactly_what_a_minute_by_minute_reading_finds(day: Day, visit: Phases) -> None:
    load = load_of(visit)
    found = {(slot, chair) for slot, free in free_starts(day, load).items() for chair in free}
    assert found == {
        (slot, chair)
        for slot in range(96)
        for chair in day.chairs
        if slowly(day, visit, slot * MINUTES, chair)
    }


@given(day=days(), visit=phases, slot=st.integers(0, 95))
def test_fits_and_free_starts_never_disagree(day: Day, visit: Phases, slot: int) -> None:
    load = load_of(visit)
    for chair in [*day.chairs, uuid4()]:
        free = chair in free_starts(day, load).get(slot, [])
        assert (fits(day, load, slot, chair) == []) == free


@given(day=days(), visit=phases)
def test_a_visit_placed_is_never_offered_its_own_chair_again(day: Day, visit: Phases) -> None:
    load = load_of(visit)
    for slot, chairs in free_starts(day, load).items():
        after = with_load(day, load, slot, chairs[0])
        assert chairs[0] not in free_starts(after, load).get(slot, [])
        assert after.chairs[chairs[0]].bit_count() == day.chairs[chairs[0]].bit_count() + load.chair


@given(day=days(), visits=st.lists(phases, max_size=4))
def test_one_visit_fewer_always_still_has_room(day: Day, visits: list[Phases]) -> None:
    loads = [load_of(visit) for visit in visits]
    assert room_for(day, [])
    if loads and room_for(day, loads):
        shortest = sorted(loads, key=lambda load: load.chair, reverse=True)[:-1]
        assert room_for(day, shortest)


def test_a_visit_off_the_quarter_hour_uses_every_slot_it_touches() -> None:
    load = load_of(SHORT, offset=10)
    assert load.chair == 18  # 10 + 255 minutes
    assert [n for n, start in enumerate(load.starts) if start] == [4, 5]
    assert load.points == (0, 0, 0, 0, *[1] * 13)


def test_infusing_and_observing_in_one_slot_costs_the_dearer() -> None:
    visit = Phases(
        premedication=0, infusion=20, observation=25, turnaround=0,
        points_infusion=2, points_observation=1,
    )  # fmt: skip
    assert load_of(visit).points == (2, 2, 1)


@pytest.mark.parametrize(
    ("changes", "slot", "code", "words"),
    [
        (
            {"open": range(0), "closed_because": "Closed on Sundays."},
            40,
            "CLINIC-CLOSED",
            "Sundays",
        ),
        ({}, 31, "CLINIC-HOURS", "Open 08:00 to 18:00; this would end at 11:45"),
        ({}, 57, "CLINIC-HOURS", "this would end at 18:15"),
        ({"nurses": [0] * 96}, 40, "NURSES-NONE", "No nurses are on duty that day"),
        ({"nurses": [2] * 48 + [0] * 48}, 40, "NURSES-NONE", "No nurse is on duty at 12:00"),
        ({"starts": [2] * 96}, 40, "NURSES-STARTS", "at 11:00"),
        ({"points": [8] * 96}, 40, "NURSES-POINTS", "at 11:00"),
        ({"chairs": {CHAIRS[0]: mask(range(50, 60))}}, 40, "CHAIR-TAKEN", "taken from 12:30"),
        ({"chairs": {}}, 40, "CHAIR-OUT", "not in use"),
        ({"starts": [1] * 96, "pharmacy_limit": 1}, 40, "PHARMACY-FULL", "for 11:00"),
    ],
)
def test_each_obstacle_says_what_and_when(
    changes: dict[str, object], slot: int, code: str, words: str
) -> None:
    day = replace(day_of(), **changes)  # type: ignore[arg-type]
    [found] = fits(day, load_of(SHORT), slot, CHAIRS[0])
    assert (found.id, found.severity) == (code, "block")
    assert words in found.words


def test_a_visit_that_needs_isolation_fits_an_isolation_room_only() -> None:
    day = day_of(isolation=frozenset(CHAIRS[1:2]))
    load = load_of(replace(SHORT, isolation=True))
    [found] = fits(day, load, 40, CHAIRS[0])
    assert found.id == "CHAIR-ISOLATION"
    assert {chair for free in free_starts(day, load).values() for chair in free} == {CHAIRS[1]}


def test_each_rule_about_people_has_its_mask_and_speaks_for_itself() -> None:
    """One rule broken never shows as another: what stops a visit is named exactly."""
    load = load_of(SHORT)
    free = day_of()
    for changes, code in (
        ({"nurses": [2] * 48 + [0] * 48}, "NURSES-NONE"),
        ({"starts": [2] * 96}, "NURSES-STARTS"),
        ({"points": [8] * 96}, "NURSES-POINTS"),
        ({"starts": [1] * 96, "pharmacy_limit": 1}, "PHARMACY-FULL"),
    ):
        day = replace(free, **changes)
        stopped = {code for code, starts in nurses_allow(day, load).items() if not starts >> 40 & 1}
        assert stopped == {code}


def test_the_turnaround_may_run_past_closing_and_needs_no_nurse() -> None:
    on_duty = [2] * 72 + [0] * 24
    assert fits(day_of(nurses=on_duty), load_of(SHORT), 56, CHAIRS[0]) == []


def test_room_is_found_for_the_long_before_the_short() -> None:
    """First come, first placed would put the short visit at eight and lose the long one."""
    long, short = load_of(visit_of(60, 315)), load_of(visit_of(0, 105))
    day = day_of(chairs=1)
    assert room_for(day, [short, long])
    assert not room_for(day, [short, long, short])


@pytest.mark.parametrize(
    ("day", "zone", "slots"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 92),
        (date(2026, 10, 25), "Europe/Berlin", 100),
        (date(2026, 3, 8), "America/New_York", 92),
        (date(2026, 11, 1), "America/New_York", 100),
        (date(2026, 4, 5), "Australia/Lord_Howe", 98),
        (date(2026, 10, 4), "Australia/Lord_Howe", 94),
        (date(2026, 3, 9), "Asia/Kathmandu", 96),
    ],
)
def test_a_day_has_as_many_quarter_hours_as_it_lasts(day: date, zone: str, slots: int) -> None:
    grid = grid_of(day, zone)
    assert grid.count == slots
    assert grid.label(0) == "00:00"
    assert grid.instant(grid.count) == grid_of(day + timedelta(days=1), zone).midnight
    assert [grid.slot_of(grid.instant(slot)) for slot in range(slots)] == list(range(slots))
    assert grid.slot_of(grid.instant(slots)) is None
    assert grid.slot_of(grid.instant(4) + timedelta(minutes=1)) is None


def test_wall_times_on_the_day_the_clocks_go_forward() -> None:
    """Two o'clock does not exist; eight o'clock is seven hours after midnight."""
    grid = grid_of(date(2026, 3, 29), "Europe/Berlin")
    assert grid.inside(time(8), time(18)) == range(28, 68)
    assert grid.wall(time(2, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert [grid.label(slot) for slot in (7, 8, 28)] == ["01:45", "03:00", "08:00"]


def test_wall_times_on_the_day_the_clocks_go_back() -> None:
    grid = grid_of(date(2026, 10, 25), "Europe/Berlin")
    assert grid.inside(time(8), time(18)) == range(36, 76)
    assert [grid.label(slot) for slot in (8, 12)] == ["02:00", "02:00"]


@given(
    day=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Kathmandu"]),
    starts=st.times(),
    ends=st.times(),
)
def test_slots_inside_a_span_are_those_that_touch_nothing_else(
    day: date, zone: str, starts: time, ends: time
) -> None:
    grid = grid_of(day, zone)
    inside, touching = grid.inside(starts, ends), grid.touching(starts, ends)
    first, last = grid.wall(starts), grid.wall(ends)
    assert list(inside) == [
        n for n in range(grid.count) if first <= grid.instant(n) and grid.instant(n + 1) <= last
    ]
    if first < last:
        assert list(touching) == [
            n for n in range(grid.count) if grid.instant(n) < last and first < grid.instant(n + 1)
        ]


def test_a_load_is_measured_in_slots() -> None:
    assert load_of(SHORT) == Load(17, (0, 0, 0, 0, 1, *[0] * 11), (0, 0, 0, 0, *[1] * 12))
