"""Who cannot stay on a day: the rule in its own words, over any day hypothesis can think of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.capacity import Day, Load, Phases, fits, load_of
from scheduling.disruption.affected import CLAIMS, HELD, HERE, Affected, Sitting, claim, sort_out
from scheduling.grid import grid_of

DATE = date(2026, 3, 9)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # 92 and 100 quarter-hours
CHAIRS = [UUID(int=n) for n in range(1, 5)]
calm = settings(  # a busy machine is no failure
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
BERLIN = "Europe/Berlin"
LOAD = load_of(Phases(premedication=30, infusion=120, observation=60, turnaround=15,
                      points_infusion=1, points_observation=1))  # fmt: skip


def empty(
    day: date = DATE, *, nurses: int = 2, shut: bool = False, out: dict[UUID, int] | None = None,
    bags: int = 0,
) -> Day:  # fmt: skip
    grid = grid_of(day, BERLIN)
    nothing = [0] * grid.count
    return Day(
        grid=grid, open=range(0) if shut else range(32, 72), closed_because="Floods.",
        nurses=[nurses] * grid.count, starts=nothing, points=nothing,
        chairs={chair: (out or {}).get(chair, 0) for chair in CHAIRS},
        starts_per_nurse=1, points_per_nurse=2, pharmacy_limit=bags,
    )  # fmt: skip


def sitting(n: int, slot: int | None = 32, status: str = "confirmed", **changes: Any) -> Sitting:
    usual = Sitting(
        booking_id=UUID(int=100 + n), status=status, load=LOAD, slot=slot,
        chair=None if slot is None else CHAIRS[n % 4], latest=DATE + timedelta(days=30),
        promised_at=datetime(2026, 1, 1, n % 24, tzinfo=UTC),
    )  # fmt: skip
    return replace(usual, **changes)


loads = st.builds(
    lambda pre, infusion, watch, points, bag: load_of(
        Phases(premedication=pre, infusion=infusion, observation=watch, turnaround=15,
               points_infusion=points, points_observation=1, bag=bag)
    ),
    st.sampled_from([0, 30]), st.sampled_from([60, 120, 210]), st.sampled_from([0, 60]),
    st.integers(1, 2), st.booleans(),
)  # fmt: skip


@st.composite
def sittings(draw: st.DrawFn) -> list[Sitting]:
    """Bookings as the constraints let them be: no two in one chair at one time."""
    found, taken = [], dict.fromkeys(CHAIRS, 0)
    for n in range(draw(st.integers(0, 8))):
        load, status = draw(loads), draw(st.sampled_from(list(CLAIMS)))
        days = draw(st.integers(0, 3))
        fields: dict[str, Any] = {
            "load": load, "latest": DATE + timedelta(days=days), "status": status,
            "promised_at": datetime(2026, 1, draw(st.integers(1, 3)), tzinfo=UTC),
        }  # fmt: skip
        if status == HELD:
            found.append(sitting(n, None, **fields))
            continue
        slot, chair = draw(st.integers(32, 60)), draw(st.sampled_from(CHAIRS))
        wanted = ((1 << load.chair) - 1) << slot
        if not taken[chair] & wanted:
            taken[chair] |= wanted
            found.append(sitting(n, slot, chair=chair, **fields))
    return found


days = st.builds(
    lambda day, nurses, out, bags: empty(day, nurses=nurses, out={CHAIRS[0]: out}, bags=bags),
    st.sampled_from([DATE, SPRING, AUTUMN]), st.integers(0, 3),
    st.sampled_from([0, 0b1111 << 40, (1 << 96) - 1]), st.integers(0, 1),
)  # fmt: skip


def gone(found: tuple[Affected, ...]) -> set[UUID]:
    return {each.sitting.booking_id for each in found}


@calm
@given(day=days, booked=sittings())
def test_with_the_affected_gone_the_day_carries_everybody_who_stays(
    day: Day, booked: list[Sitting]
) -> None:
    after = sort_out(day, booked)
    here = [each for each in booked if each.status == HERE]
    left = sort_out(day, here).day
    for n in range(day.grid.count):
        assert after.day.points[n] <= max(day.point_limit(n), left.points[n])
        assert after.day.starts[n] <= max(day.start_limit(n), left.starts[n])
        assert not day.pharmacy_limit or after.day.bags[n] <= max(1, left.bags[n])
    stay = [each for each in booked if each.booking_id not in gone(after.affected)]
    assert sort_out(day, stay).affected == ()


@calm
@given(day=days, booked=sittings())
def test_nobody_goes_who_could_have_stayed(day: Day, booked: list[Sitting]) -> None:
    after = sort_out(day, booked)
    for each in after.affected:
        one = each.sitting
        if one.slot is not None and one.chair is not None and one.status != HERE:
            assert fits(after.day, one.load, one.slot, one.chair), "there is room for it after all"


@calm
@given(day=days, booked=sittings())
def test_a_weaker_claim_never_decides_about_a_stronger_one(day: Day, booked: list[Sitting]) -> None:
    ordered = sorted(booked, key=claim)
    everybody = gone(sort_out(day, ordered).affected)
    for n in range(len(ordered)):
        first = ordered[:n]
        assert gone(sort_out(day, first).affected) == everybody & {s.booking_id for s in first}


@calm
@given(day=days, booked=sittings(), order=st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_read_means_nothing(
    day: Day, booked: list[Sitting], order: Any
) -> None:
    shuffled = list(booked)
    order.shuffle(shuffled)
    assert sort_out(day, shuffled) == sort_out(day, booked)


@calm
@given(booked=sittings(), day=st.sampled_from([DATE, SPRING, AUTUMN]))
def test_on_a_closed_day_nobody_stays(booked: list[Sitting], day: date) -> None:
    after = sort_out(empty(day, shut=True), booked)
    assert len(after.affected) == len(booked)
    assert {each.cause for each in after.affected} <= {"CLINIC-CLOSED"}


def test_a_day_that_carries_everybody_affects_nobody() -> None:
    booked = [sitting(0, 32), sitting(1, 36), sitting(2, 40), sitting(3, None, HELD)]
    assert sort_out(empty(nurses=3), booked).affected == ()


def test_a_chair_out_of_use_affects_whoever_sits_in_it_then() -> None:
    out = empty(nurses=4, out={CHAIRS[0]: 1 << 46})  # 11:30 to 11:45
    booked = [sitting(0, 32), sitting(4, 48), sitting(1, 36)]
    [only] = sort_out(out, booked).affected
    assert (only.sitting.booking_id, only.cause) == (UUID(int=100), "CHAIR-TAKEN")


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ({"status": "confirmed"}, {"status": HERE}),
        ({"status": "proposed"}, {"status": "confirmed"}),
        ({"latest": DATE + timedelta(days=9)}, {"latest": DATE + timedelta(days=2)}),
        ({"promised_at": datetime(2026, 2, 2, tzinfo=UTC)},
         {"promised_at": datetime(2026, 1, 1, tzinfo=UTC)}),
    ],
    ids=["not here yet", "only proposed", "more room to move", "promised later"],
)  # fmt: skip
def test_of_two_who_cannot_both_stay_the_weaker_claim_goes(
    weaker: dict[str, Any], stronger: dict[str, Any]
) -> None:
    goes, stays = sitting(1, 32, **weaker), sitting(2, 32, **stronger)
    for order in ([goes, stays], [stays, goes]):
        [only] = sort_out(empty(nurses=1), order).affected
        assert (only.sitting, only.cause) == (goes, "NURSES-STARTS")


def test_who_is_here_is_watched_even_when_the_chair_broke() -> None:
    """Somebody in the broken chair still needs the nurse: the next one does not get her."""
    out = empty(nurses=1, out={CHAIRS[0]: (1 << 96) - 1})
    found = sort_out(out, [sitting(0, 32, HERE), sitting(1, 32)]).affected
    assert {each.sitting.status: each.cause for each in found} == {
        HERE: "CHAIR-TAKEN", "confirmed": "NURSES-STARTS",
    }  # fmt: skip


def test_held_days_keep_what_room_is_left() -> None:
    long = load_of(Phases(premedication=60, infusion=420, observation=60, turnaround=0,
                          points_infusion=2, points_observation=2))  # fmt: skip
    held = [sitting(n, None, HELD, load=long) for n in range(3)]
    found = sort_out(empty(nurses=2), held).affected
    assert [(each.sitting.booking_id, each.cause) for each in found] == [
        (UUID(int=102), "DAY-FULL")
    ]


def test_a_load_is_a_load() -> None:
    """The control: the loads above really ask for a nurse's hands and points."""
    assert isinstance(LOAD, Load)
    assert sum(LOAD.starts) == 1
    assert max(LOAD.points) == 1
