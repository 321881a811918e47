"""How long a bag keeps: two budgets, one strict life, one day, in every zone and on odd nights."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.beyond_use import (
    Kept,
    Limit,
    Place,
    beyond_use,
    day_ends,
    finish_by,
    latest_start,
    start_findings,
)
from clinical.protocol import Protocol, load
from tests.clinical.charts import rate_plan
from tests.clinical.test_protocol import swapped
from tests.clinical.zones import MOMENTS, ZONES

DAY = datetime(2026, 7, 6, tzinfo=UTC)
FRIDGE, ROOM = Place
STANDARD, SHORT = rate_plan("standard"), rate_plan("short")


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def kept(*entries: tuple[Place, float]) -> list[Kept]:
    return [Kept(place=place, since=DAY + hours(hour)) for place, hour in entries]


@pytest.mark.parametrize(
    ("storage", "ends", "limit", "strict_ends"),
    [
        ([(ROOM, 8)], 16, Limit.ROOM, 16),
        ([(FRIDGE, 8)], 40, Limit.ROOM, 32),
        ([(FRIDGE, 8), (ROOM, 31.5)], 39.5, Limit.ROOM, 32),
        ([(FRIDGE, 8), (ROOM, 32)], 40, Limit.ROOM, 32),
        ([(FRIDGE, 8), (ROOM, 32.5)], 32, Limit.FRIDGE, 32),
        ([(FRIDGE, 8), (ROOM, 10)], 18, Limit.ROOM, 18),
        ([(ROOM, 8), (FRIDGE, 9), (ROOM, 31)], 38, Limit.ROOM, 32),
        ([(ROOM, 8), (FRIDGE, 9)], 40, Limit.ROOM, 32),
        ([(ROOM, 8), (FRIDGE, 16)], 40, Limit.ROOM, 32),
        ([(ROOM, 8), (FRIDGE, 16.5)], 16, Limit.ROOM, 16),
        ([(FRIDGE, 8), (ROOM, 20), (FRIDGE, 22), (ROOM, 30)], 36, Limit.ROOM, 32),
        ([(FRIDGE, 8), (ROOM, 20), (FRIDGE, 22), (ROOM, 35)], 34, Limit.FRIDGE, 32),
        ([(FRIDGE, 8), (ROOM, 8), (ROOM, 10)], 16, Limit.ROOM, 16),
    ],
)
def test_two_budgets_and_the_strict_life(
    protocol: Protocol,
    *,
    storage: list[tuple[Place, float]],
    ends: float,
    limit: Limit,
    strict_ends: float,
) -> None:
    prepared = DAY + hours(8)
    said = beyond_use(protocol, prepared_at=prepared, storage=kept(*storage))
    assert (said.must_finish_by, said.limited_by) == (DAY + hours(ends), limit)
    strict = beyond_use(protocol, prepared_at=prepared, storage=kept(*storage), strict=True)
    assert strict.must_finish_by == DAY + hours(strict_ends)
    assert (strict.limited_by is Limit.STRICT) == (strict_ends < ends)


def test_a_bag_in_the_fridge_says_by_when_it_comes_out(protocol: Protocol) -> None:
    def out(*storage: tuple[Place, float], strict: bool = False) -> datetime | None:
        return beyond_use(
            protocol, prepared_at=DAY + hours(8), storage=kept(*storage), strict=strict
        ).take_out_by

    assert out((FRIDGE, 8)) == DAY + hours(32)
    assert out((ROOM, 8), (FRIDGE, 9)) == DAY + hours(33)
    assert out((ROOM, 8), (FRIDGE, 9), strict=True) == DAY + hours(32)
    assert out((FRIDGE, 8), strict=True) == DAY + hours(32)
    assert out((FRIDGE, 8), (ROOM, 10)) is None
    assert out((FRIDGE, 8), (ROOM, 10), strict=True) is None
    assert out((FRIDGE, 8), (ROOM, 33)) is None


def test_the_strict_reading_may_be_the_files() -> None:
    strict = swapped("strict = { value = false", "strict = { value = true")
    storage = kept((FRIDGE, 8), (ROOM, 31.5))
    said = beyond_use(strict, prepared_at=DAY + hours(8), storage=storage)
    assert said.must_finish_by == DAY + hours(32)
    loose = beyond_use(strict, prepared_at=DAY + hours(8), storage=storage, strict=False)
    assert loose.must_finish_by == DAY + hours(39.5)


@pytest.mark.parametrize(
    ("prepared", "storage", "words"),
    [
        (DAY, [], "must say where"),
        (DAY, kept((ROOM, 1)), "must begin when the bag was prepared"),
        (DAY, kept((ROOM, -1)), "must begin when the bag was prepared"),
        (DAY, kept((ROOM, 0), (FRIDGE, 2), (ROOM, 1)), "must not go backwards"),
        (DAY.replace(tzinfo=None), kept((ROOM, 0)), "must carry a time zone"),
        (DAY, [Kept(place=ROOM, since=DAY.replace(tzinfo=None))], "must carry a time zone"),
    ],
)
def test_storage_that_cannot_be_is_refused(
    protocol: Protocol, prepared: datetime, storage: Sequence[Kept], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        beyond_use(protocol, prepared_at=prepared, storage=storage)


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        (12.5, 16, []),
        (12.51, 16, ["BAG-BEYOND-USE"]),
        (20.5, 30, []),
        (20.51, 30, ["BAG-SAME-DAY"]),
        (22, 25, ["BAG-BEYOND-USE", "BAG-SAME-DAY"]),
    ],
)
def test_the_start_gate(
    protocol: Protocol, start: float, limit: float, expected: list[str]
) -> None:
    found = start_findings(
        protocol, STANDARD, start=DAY + hours(start), must_finish_by=DAY + hours(limit), zone=UTC
    )
    assert [item.id for item in found] == expected


def test_the_day_is_the_clinics(protocol: Protocol) -> None:
    start, limit = DAY + hours(20), DAY + hours(40)
    for zone, ids in ((UTC, []), (ZoneInfo("Europe/Berlin"), ["BAG-SAME-DAY"])):
        found = start_findings(protocol, STANDARD, start=start, must_finish_by=limit, zone=zone)
        assert [item.id for item in found] == ids


def test_the_same_day_rule_may_be_turned_off() -> None:
    off = swapped("same_day = { value = true", "same_day = { value = false")
    start, limit = DAY + hours(22), DAY + hours(40)
    assert start_findings(off, STANDARD, start=start, must_finish_by=limit, zone=UTC) == []
    assert finish_by(off, must_finish_by=limit, start=start, zone=UTC) == limit
    assert latest_start(off, STANDARD, must_finish_by=limit, zone=UTC) == limit - hours(3.5)


@pytest.mark.parametrize(
    ("limit", "latest"), [(16, 12.5), (24, 20.5), (26, 20.5), (27.4, 20.5), (27.5, 24), (30, 26.5)]
)
def test_the_latest_start(protocol: Protocol, limit: float, latest: float) -> None:
    start = latest_start(protocol, STANDARD, must_finish_by=DAY + hours(limit), zone=UTC)
    assert start == DAY + hours(latest)


def test_finish_by_is_the_nearer_of_the_two(protocol: Protocol) -> None:
    def by(limit: float, start: float) -> datetime:
        return finish_by(
            protocol, must_finish_by=DAY + hours(limit), start=DAY + hours(start), zone=UTC
        )

    assert by(16, 10) == DAY + hours(16)
    assert by(30, 10) == DAY + hours(24)
    assert by(30, 24) == DAY + hours(30)


@pytest.mark.parametrize(
    ("zone", "night", "length"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Santiago", "2026-09-06", 23),
        ("America/Santiago", "2026-04-04", 25),
        ("Africa/Cairo", "2026-04-24", 23),
        ("Africa/Cairo", "2026-10-29", 25),
        ("Asia/Kathmandu", "2026-03-29", 24),
    ],
)
def test_how_long_a_local_day_is(zone: str, night: str, length: float) -> None:
    local = ZoneInfo(zone)
    noon = datetime.fromisoformat(f"{night}T12:00").replace(tzinfo=local)
    before = noon - timedelta(days=1)
    assert day_ends(noon, local) - day_ends(before, local) == hours(length)


def test_eight_hours_are_eight_hours_on_the_night_the_clock_changes(protocol: Protocol) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    prepared = datetime(2026, 10, 25, 0, 30, tzinfo=berlin)
    storage = [Kept(place=ROOM, since=prepared)]
    until = beyond_use(protocol, prepared_at=prepared, storage=storage).must_finish_by
    assert until.astimezone(berlin).isoformat() == "2026-10-25T07:30:00+01:00"
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=berlin)
    storage = [Kept(place=ROOM, since=spring)]
    until = beyond_use(protocol, prepared_at=spring, storage=storage).must_finish_by
    assert until.astimezone(berlin).isoformat() == "2026-03-29T09:30:00+02:00"


STEPS = st.lists(st.tuples(st.sampled_from(Place), st.integers(0, 20 * 60)), min_size=1, max_size=6)


@forall(prepared=MOMENTS, steps=STEPS, strict=st.booleans(), zone=st.sampled_from(ZONES))
def test_use_by_is_never_later_than_either_budget(
    *,
    prepared: datetime,
    steps: list[tuple[Place, int]],
    strict: bool,
    zone: ZoneInfo,
) -> None:
    protocol = load()
    storage, moment = [], prepared
    spent = {FRIDGE: timedelta(0), ROOM: timedelta(0)}
    for place, minutes in steps:
        storage.append(Kept(place=place, since=moment.astimezone(zone)))
        moment += timedelta(minutes=minutes)
        spent[place] += timedelta(minutes=minutes)
    storage.append(Kept(place=ROOM, since=moment.astimezone(zone)))
    said = beyond_use(
        protocol, prepared_at=prepared.astimezone(zone), storage=storage, strict=strict
    )
    whole = said.must_finish_by - prepared
    assert whole <= hours(24) + hours(8)
    assert said.must_finish_by.tzinfo is UTC
    if spent[FRIDGE] <= hours(24) and spent[ROOM] <= hours(8):
        loose = moment + hours(8) - spent[ROOM]
        refrigerated = any(place is FRIDGE for place, _ in steps)
        assert said.must_finish_by == (
            min(loose, prepared + hours(24)) if strict and refrigerated else loose
        )
    else:
        assert said.must_finish_by < moment
    assert said.fridge_used <= hours(24)
    assert said.room_used <= hours(8)


@forall(MOMENTS, st.sampled_from(ZONES), st.sampled_from([STANDARD, SHORT]), st.integers(0, 2000))
def test_the_latest_start_passes_and_a_second_later_does_not(
    made: datetime, zone: ZoneInfo, plan: object, minutes: int
) -> None:
    protocol, limit = load(), made + timedelta(minutes=minutes)
    assert plan in (STANDARD, SHORT)
    chosen = STANDARD if plan is STANDARD else SHORT
    start = latest_start(protocol, chosen, must_finish_by=limit, zone=zone)
    assert start_findings(protocol, chosen, start=start, must_finish_by=limit, zone=zone) == []
    later = start + timedelta(seconds=1)
    late = start_findings(protocol, chosen, start=later, must_finish_by=limit, zone=zone)
    assert late != []
