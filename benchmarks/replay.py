"""Infusions replayed per second: what every refresh of the chair board asks of every chair."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from benchmarks.measure import Measured, row, timed
from clinical.protocol import Protocol, RateOption, load
from clinical.run import Event, EventKind, replay
from clinical.titration import RatePlan, plan

REPLAYS = 100
EVENTS = 40
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def chart(made: RatePlan, count: int = EVENTS) -> list[Event]:
    """Chart a 3.5 h infusion: its start, every step, and vital signs spread between them."""
    steps = [(step.starts_after, EventKind.RATE_CHANGED, step.rate_ml_h) for step in made.steps[1:]]
    spread = made.total_duration / count
    vitals = [(spread * number, EventKind.VITALS, None) for number in range(1, count - len(steps))]
    found: list[tuple[timedelta, EventKind, Fraction | None]] = [
        (timedelta(0), EventKind.START, None),
        *steps,
        *vitals,
    ]
    return [
        Event(
            id=f"e{number}",
            kind=kind,
            occurred_at=START + after,
            recorded_at=START + after,
            rate_ml_h=rate,
        )
        for number, (after, kind, rate) in enumerate(sorted(found, key=lambda item: item[0]))
    ]


def run() -> list[Measured]:
    """Replay a hundred 3.5 h infusions with forty events, at their middle and at their end."""
    protocol = load("ocrelizumab", "default")
    made = plan(protocol, dose_mg=600, option=RateOption.STANDARD)
    events = chart(made)
    return [
        _measured(protocol, made, events, words, made.total_duration * share)
        for words, share in (("half way", 0.5), ("at the end", 1.0))
    ]


def _measured(
    protocol: Protocol, made: RatePlan, events: list[Event], words: str, after: timedelta
) -> Measured:
    def hundred() -> None:
        for _ in range(REPLAYS):
            replay(protocol, made, events, START + after)

    times = timed(hundred, 10)
    per_second = REPLAYS / (sorted(times)[len(times) // 2] / 1000)
    return row(
        "replay", f"100 infusions, {len(events)} events, {words}", REPLAYS, times,
        note=f"{per_second:,.0f} a second",
    )  # fmt: skip
