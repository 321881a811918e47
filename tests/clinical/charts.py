"""Short ways to write an infusion's chart in a test: minutes after nine o'clock UTC."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from clinical.protocol import ClimbPolicy, Protocol, RateOption, ReactionSeverity, load
from clinical.run import Event, EventKind, RunState
from clinical.run import replay as replay_run
from clinical.titration import RatePlan, duration_of, plan

NINE = datetime(2026, 7, 6, 9, tzinfo=UTC)
MILD, SEVERE, FATAL = ReactionSeverity


def at(minute: float | Fraction) -> datetime:
    return NINE + duration_of(Fraction(minute) * 60)


def event(
    kind: str,
    minute: float,
    *,
    rate: Fraction | float | None = None,
    severity: ReactionSeverity | None = None,
    recorded: float | None = None,
    amends: str | None = None,
    withdrawn: bool = False,
    name: str = "",
) -> Event:
    return Event(
        id=name or f"{kind}@{minute}",
        kind=EventKind(kind),
        occurred_at=at(minute),
        recorded_at=at(minute if recorded is None else recorded),
        rate_ml_h=None if rate is None else Fraction(rate),
        severity=severity,
        amends=amends,
        withdrawn=withdrawn,
    )


def rate_plan(option: str, volume: int | None = None, protocol: Protocol | None = None) -> RatePlan:
    return plan(
        protocol or load(),
        dose_mg=300 if option == "initial" else 600,
        option=RateOption(option),
        volume_ml=volume,
    )


def to_plan(made: RatePlan, until: float = 10_000) -> list[Event]:
    """A start and every step of the plan before minute `until`, each on its minute, with vitals."""
    chart = [event("start", 0), event("vitals", 0)]
    for step in made.steps[1:]:
        minute = float(step.starts_s / 60)
        if minute < until:
            chart.append(event("rate_changed", minute, rate=step.rate_ml_h))
            chart.append(event("vitals", minute))
    return chart


def replay(
    made: RatePlan,
    chart: list[Event],
    minute: float | Fraction,
    *,
    policy: ClimbPolicy | None = None,
    finish_by: float | None = None,
    protocol: Protocol | None = None,
) -> RunState:
    return replay_run(
        protocol or load(),
        made,
        chart,
        at(minute),
        policy=policy,
        must_finish_by=None if finish_by is None else at(finish_by),
    )


def ids(state: RunState) -> list[str]:
    return [item.id for item in state.warnings]


def moved(item: Event, **changes: object) -> Event:
    return replace(item, **changes)  # type: ignore[arg-type]  # the names are those of Event
