"""Whom a free place fits: exactly those for whom trying every start finds one, in order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.backfill import ASKING, Fit, Gap, Misfit, Waiting, broken_at, free_runs, match
from scheduling.backfill_words import notice_words, reasons, why_not
from scheduling.capacity import Day, Load, fits, load_of, mask, room_for, with_load
from scheduling.slot_search import SHORTEST, Wishes
from scheduling.urgency import Urgency
from tests.scheduling.builders import MONDAY, NOW
from tests.scheduling.test_capacity import CHAIRS, SHORT, days, phases
from tests.scheduling.test_slot_search import a_day, wished, wishes

EVE, NEXT, LATER = (MONDAY + timedelta(days=n) for n in (-1, 1, 2))
ISOLATED = load_of(replace(SHORT, isolation=True))
LONG = load_of(replace(SHORT, infusion=240))
near = st.integers(-3, 3).map(lambda n: MONDAY + timedelta(days=n))


@st.composite
def people(draw: st.DrawFn) -> Waiting:
    """Somebody who waits, with dates around MONDAY so that every rule is met and broken."""
    earliest, due, latest = sorted(draw(st.tuples(near, near, near)))
    words = draw(st.sampled_from(["", "", "", "No."]))
    return Waiting(
        key=UUID(int=draw(st.integers(1, 10**6))),
        load=load_of(draw(phases)),
        due=due, earliest=earliest, latest=latest,
        urgency=draw(st.sampled_from(Urgency)),
        joined=NOW - timedelta(days=draw(st.integers(0, 3))),
        booked_on=draw(st.none() | near),
        wanted_from=draw(st.none() | near),
        wishes=replace(draw(wishes), nurse=None),
        notice=timedelta(hours=draw(st.integers(0, 30))),
        declined=frozenset({MONDAY} if draw(st.integers(0, 9)) == 0 else ()),
        offered=draw(st.integers(0, 9)) == 0,
        stops=lambda _day: words,
    )  # fmt: skip


def may_be_asked(one: Waiting, today: date) -> bool:
    """What the dates alone say, one rule at a time."""
    late = today > one.latest or (one.booked_on is not None and one.booked_on > one.latest)
    return all(
        [
            not one.offered,
            one.earliest <= MONDAY,
            one.latest >= MONDAY or late,
            one.booked_on is None or one.booked_on > MONDAY,
            one.wanted_from is None or one.wanted_from <= MONDAY,
            MONDAY not in one.declined,
            one.stops(MONDAY) == "",
        ]
    )


def starts_of(here: Gap, one: Waiting, now: datetime, promised: Sequence[Load]) -> list[int]:
    """Every start of the gap that could be booked, found by trying each."""
    day, chair = here.day, here.chair
    return [
        slot
        for slot in here.run
        if fits(day, one.load, slot, chair) == []
        and wished(day, one.load, slot, one.wishes)
        and day.grid.instant(slot) >= now + one.notice + ASKING
        and (
            not promised
            or room_for(with_load(day, one.load, slot, chair), promised)
            or not room_for(day, promised)
        )
    ]


@settings(deadline=None, max_examples=200)
@given(
    day=days(),
    waiting=st.lists(people(), min_size=1, max_size=4, unique_by=lambda one: one.key),
    passed=st.integers(-150, 60),
    promised=st.lists(phases.map(load_of), max_size=2),
)
def test_a_gap_is_offered_exactly_to_those_it_fits(
    day: Day, waiting: list[Waiting], passed: int, promised: list[Load]
) -> None:
    now = day.grid.instant(0) + passed * timedelta(minutes=15, seconds=7)
    today = MONDAY if passed >= 0 else EVE
    seen: dict[Any, Any] = {}
    for chair in day.chairs:
        for run in free_runs(day, chair, range(96), now):
            gap = Gap(day=day, chair=chair, run=run)
            found, others = match(gap, waiting, today=today, now=now, promised=promised, seen=seen)
            should = {
                one.key: starts_of(gap, one, now, promised)
                for one in waiting
                if may_be_asked(one, today)
            }
            assert {fit.one.key: fit.slot for fit in found} == {
                key: starts[0] for key, starts in should.items() if starts
            }
            told = [fit.one.key for fit in found] + [misfit.one.key for misfit in others]
            assert sorted(told) == sorted(one.key for one in waiting)
            for fit in found:
                assert broken_at(gap, fit.one, fit.slot, today=today, now=now) == ()
                assert all(reasons(fit, gap))
            for misfit in others:
                assert misfit.broken
                assert all(why_not(misfit, gap, now))
            assert [fit.one.urgency for fit in found] == sorted(fit.one.urgency for fit in found)


@settings(deadline=None)
@given(
    day=days(), freed=st.tuples(st.integers(0, 95), st.integers(0, 95)), passed=st.integers(-5, 96)
)
def test_what_is_free_is_what_looking_at_every_slot_finds(
    day: Day, freed: tuple[int, int], passed: int
) -> None:
    assume(day.chairs)
    chair, span = next(iter(day.chairs)), range(*sorted(freed))
    now = day.grid.instant(passed)
    found = list(free_runs(day, chair, span, now))
    free = {
        n for n in range(96)
        if n in day.open and n >= passed and not day.chairs[chair] >> n & 1
    }  # fmt: skip
    for run in found:
        assert set(run) <= free
        assert len(run) >= SHORTEST
        assert set(run) & set(span)
        assert not {run.start - 1, run.stop} & free
    covered = {n for run in found for n in run}
    for n in free & set(span) - covered:
        first, last = n, n
        while first - 1 in free:
            first -= 1
        while last + 1 in free:
            last += 1
        assert last - first + 1 < SHORTEST


def one(**changes: Any) -> Waiting:
    fields: dict[str, Any] = {
        "key": UUID(int=1), "load": load_of(SHORT), "due": MONDAY,
        "earliest": MONDAY - timedelta(days=7), "latest": MONDAY + timedelta(days=7),
        "urgency": Urgency.DUE, "joined": NOW,
    }  # fmt: skip
    return Waiting(**(fields | changes))


def gap(day: Day | None = None, run: range = range(40, 60)) -> Gap:
    day = day or a_day()
    taken = ~mask(run) & mask(range(96))
    return Gap(day=replace(day, chairs={CHAIRS[0]: taken}), chair=CHAIRS[0], run=run)


def matched(
    *waiting: Waiting, here: Gap | None = None, now: datetime = NOW
) -> tuple[list[Fit], list[Misfit]]:
    return match(here or gap(), waiting, today=EVE, now=now)


def test_the_queue_goes_by_urgency_then_no_day_then_gain_then_patience() -> None:
    later = MONDAY + timedelta(days=3)
    queue = [
        one(key=UUID(int=5), urgency=Urgency.OVERDUE, booked_on=later),
        one(key=UUID(int=4)),
        one(key=UUID(int=3), booked_on=later + timedelta(days=2)),
        one(key=UUID(int=2), booked_on=later, joined=NOW - timedelta(days=1)),
        one(key=UUID(int=1), booked_on=later),
    ]
    found, _ = matched(*reversed(queue))
    assert [fit.one for fit in found] == queue
    assert [fit.gain for fit in found] == [3, None, 5, 3, 3]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"earliest": NEXT, "due": NEXT}, "WINDOW-BEFORE", "Not before 2026-03-10."),
        ({"latest": EVE, "due": EVE}, "WINDOW-AFTER", "After its latest day, 2026-03-08."),
        ({"booked_on": MONDAY}, "NO-GAIN", "Booked on 2026-03-09: no sooner."),
        ({"wanted_from": LATER}, "WANTED-LATER", "Wants no day before 2026-03-11."),
        ({"declined": frozenset({MONDAY})}, "DECLINED", "Said no to a place on that day."),
        ({"offered": True}, "OFFERED", "Another place is on offer to them."),
        ({"stops": lambda _day: "Too early by the rule."}, "PROTOCOL", "Too early by the rule."),
        ({"load": LONG}, "GAP-SHORT", "Takes 6hr; the gap has 5hr."),
        ({"notice": timedelta(9)}, "NOTICE", "Needs 9 days to come; the gap begins in 7 days."),
        ({"load": ISOLATED}, "GAP-ISOLATION", "Needs an isolation room."),
        ({"wishes": Wishes(weekdays=frozenset({2}))}, "WISH-WEEKDAY", "Not one of their weekdays."),
        ({"wishes": Wishes(arrives_from=time(13))}, "WISH-TIME", "Not at their times of day."),
    ],
)  # fmt: skip
def test_who_does_not_fit_is_told_apart(changes: dict[str, Any], code: str, words: str) -> None:
    found, [misfit] = matched(one(**changes))
    assert found == []
    assert misfit.broken == (code,)
    assert why_not(misfit, gap(), NOW) == (words,)


def test_a_dose_past_its_window_may_come_as_soon_as_can_be() -> None:
    past = one(
        due=EVE - timedelta(days=9),
        earliest=EVE - timedelta(days=20),
        latest=EVE - timedelta(days=2),
    )
    [fit], _ = matched(past)
    assert "Past its window since 2026-03-06: as soon as can be." in reasons(fit, gap())


def test_a_dose_booked_past_its_window_may_come_nearer_to_it() -> None:
    latest = MONDAY - timedelta(days=1)
    [fit], _ = matched(one(due=latest, latest=latest, booked_on=MONDAY + timedelta(days=20)))
    assert fit.gain == 20


def test_a_nurse_who_is_busy_stops_the_gap_as_she_stops_a_booking() -> None:
    busy = gap(a_day(nurses=(1,) * 96, points=(4,) * 96))
    _, [misfit] = matched(one(), here=busy)
    assert misfit.broken == ("NURSES-POINTS",)


def test_the_last_moment_to_ask_is_a_quarter_hour_before_the_notice_runs_out() -> None:
    begins = gap().day.grid.instant(40)
    notice = timedelta(hours=24)
    exactly, late = begins - notice - ASKING, begins - notice - ASKING + timedelta(seconds=1)
    assert matched(one(notice=notice), now=exactly)[0][0].slot == 40
    assert matched(one(notice=notice), now=late)[0][0].slot == 41


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "can come at once"), (1, "needs an hour's notice"), (36, "needs 36 hours' notice"),
     (24, "needs a day's notice"), (48, "needs 2 days' notice")],
)  # fmt: skip
def test_notice_in_words(hours: int, words: str) -> None:
    assert notice_words(timedelta(hours=hours)) == words


def test_room_that_is_promised_to_a_held_day_is_not_offered() -> None:
    promised = [load_of(SHORT)]
    found, [misfit] = match(gap(), [one()], today=EVE, now=NOW, promised=promised)
    assert (found, misfit.broken) == ([], ("DAY-PROMISED",))
    roomy = replace(gap().day, chairs={**gap().day.chairs, CHAIRS[1]: 0})
    found, _ = match(replace(gap(), day=roomy), [one()], today=EVE, now=NOW, promised=promised)
    assert [fit.slot for fit in found] == [40]
