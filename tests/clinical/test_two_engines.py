"""`run.replay` and the one-second simulation, given the same chart, tell the same story."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from clinical.protocol import ClimbPolicy, RateOption, ReactionSeverity, load
from clinical.run import Action, Event, EventKind, replay, state_at, story_of
from clinical.titration import duration_of, plan, rate_table
from tests.clinical import simulation
from tests.clinical.simulation import FINE, Pump, Tap

START = datetime(2026, 7, 6, 9, tzinfo=UTC)
BAGS = {
    "initial": (300, (60, 250, 260)),
    "standard": (600, (100, 500, 520)),
    "short": (600, (80, 500, 520)),
}
KINDS = [
    *["rate_changed"] * 5,
    *["reaction", "symptoms_resolved", "paused", "resumed"] * 3,
    *["vitals"] * 3,
    *["start", "stopped", "completed"],
]


@st.composite
def answers(draw: st.DrawFn, second: int, running: int) -> list[Tap]:
    """What the nurse does about a reaction, as a rule: halves the rate or stops the pump."""
    answer = draw(st.sampled_from(["half", "half", "paused", "nothing"]))
    if answer == "paused":
        return [Tap(second, "paused")]
    if answer == "half" and running > 1:
        return [Tap(second, "rate_changed", rate=running // 2)]
    return []


@st.composite
def infusions(draw: st.DrawFn) -> tuple[str, int, str, list[Tap], int]:
    option = draw(st.sampled_from(sorted(BAGS)))
    bag = draw(st.sampled_from(BAGS[option][1]))
    policies = [policy for policy in ClimbPolicy if option != "short" or policy != "increment"]
    policy = draw(st.sampled_from(policies))
    rows = [int(row.rate_ml_h) for row in rate_table(load(), RateOption(option)).steps]
    rates = st.sampled_from([*rows, *rows, 15, 20, 45, 50, 75, 80, 100, 105, 140, 180, 310])
    taps, second, reactions = [Tap(0, "start")], 0, 0
    for _ in range(draw(st.integers(0, 9))):
        second += draw(st.sampled_from([60, 300, 900, 899, 1800, 1800, 1799, 1801, 2700]))
        kind = draw(st.sampled_from(KINDS))
        tap = Tap(second, kind)
        if kind == "rate_changed" or (kind == "resumed" and draw(st.booleans())):
            tap.rate = draw(rates) * FINE
        if kind == "reaction":
            reactions += 1
            if reactions > 4:
                continue
            tap.band = draw(
                st.sampled_from(["mild_moderate"] * 4 + ["severe"] * 4 + ["life_threatening"])
            )
        taps.append(tap)
        if kind == "reaction":
            running = simulation.run(option, bag, policy, taps, second).rate
            taps += draw(answers(second, running))
    return option, bag, policy, taps, second + draw(st.sampled_from([0, 1, 600, 1800, 5400]))


def to_events(taps: list[Tap]) -> list[Event]:
    return [
        Event(
            id=f"{position:03}",
            kind=EventKind(tap.kind),
            occurred_at=START + timedelta(seconds=tap.second),
            recorded_at=START + timedelta(seconds=tap.second, microseconds=position),
            rate_ml_h=None if tap.rate is None else Fraction(tap.rate, FINE),
            severity=None if tap.band is None else ReactionSeverity(tap.band),
        )
        for position, tap in enumerate(taps)
    ]


def at(second: Fraction | int | None) -> datetime | None:
    return None if second is None else START + duration_of(Fraction(second))


def simulated_earliest(pump: Pump, now: int) -> datetime | None:
    """When the rate may rise, as the simulation sees it."""
    hold = pump.wanted_hold()
    if pump.status not in {"running", "paused"} or pump.never_again or not_halved(pump):
        return None
    if hold is None:
        return None
    opened = pump.long_enough
    if opened is None:
        if pump.status == "paused":
            return None
        opened = now + hold - pump.held
    if pump.open_symptoms:
        return at(opened) if now < opened else None
    return at(max(opened, pump.resolved_second or 0))


def simulated_rise(pump: Pump, now: int) -> int | None:
    """The second at which a rise comes next: not while it stands still, nor when the bag is empty
    before the time at this rate is over."""
    earliest = simulated_earliest(pump, now)
    if earliest is None or pump.status != "running" or pump.emptied is not None:
        return None
    if pump.following() is None or pump.runs_out_first():
        return None
    return int((earliest - START).total_seconds())


def not_halved(pump: Pump) -> bool:
    return pump.half is not None and not pump.done_half


def below_onset(pump: Pump) -> bool:
    return pump.half is not None and pump.asked() < pump.onset


@settings(print_blob=True)
@forall(infusions())
def test_the_two_engines_agree(infusion: tuple[str, int, str, list[Tap], int]) -> None:
    option, bag, policy, taps, now = infusion
    pump = simulation.run(option, bag, policy, taps, now)
    made = plan(load(), dose_mg=BAGS[option][0], option=RateOption(option), volume_ml=bag)
    moment = START + timedelta(seconds=now)
    state = replay(load(), made, to_events(taps), moment, policy=ClimbPolicy(policy))

    # One story, asked at other times first: it keeps nothing of what it was asked before.
    story = story_of(load(), made, to_events(taps), policy=ClimbPolicy(policy))
    for other in (moment + timedelta(hours=1), START, moment - timedelta(minutes=20)):
        asked_then = replay(load(), made, to_events(taps), other, policy=ClimbPolicy(policy))
        assert state_at(story, other) == asked_then
    assert state_at(story, moment) == state

    assert state.status == pump.status
    assert state.volume_in_ml == min(Fraction(pump.poured, FINE * 3600), Fraction(bag))
    flows = pump.status == "running" and pump.emptied is None
    assert state.rate_ml_h == (Fraction(pump.rate, FINE) if flows else 0)
    assert state.symptoms_open is pump.open_symptoms
    assert state.stopped_for_good is pump.never_again
    assert state.ended_at == at(pump.ended_second)
    assert state.projected_end == at(pump.end())
    worst = pump.end(held_down=True) if below_onset(pump) else pump.end()
    assert state.worst_case_end == at(worst)
    assert state.earliest_increase == simulated_earliest(pump, now)
    active = pump.status in {"running", "paused"} and not pump.never_again
    following = pump.following() if active else None
    assert state.next_rate_ml_h == (None if following is None else Fraction(following, FINE))
    rise = simulated_rise(pump, now)
    if state.next_action.action in {Action.INCREASE, Action.CHART_END} and not pump.open_symptoms:
        assert (state.next_action.action is Action.INCREASE) == (rise is not None)
    asked = simulation.vitals_asked(pump, rise)
    assert state.vitals_due == (None if asked is None else at(asked[0]))
    assert state.vitals_why == (None if asked is None else asked[1])
