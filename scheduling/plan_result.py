"""A plan as a run keeps it: JSON of ids, instants and words, and the sentences about its bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from core.display import duration
from scheduling.grid import MINUTES
from scheduling.plan_input import Collected, Row
from scheduling.planner.day import closing_words
from scheduling.planner.values import Plan, PlanVisit
from scheduling.planner.weeks import WeekPlan

MOVES = ("new", "time", "moved", "chair")  # what acceptance writes; "stays" is everybody else


def result_of(collected: Collected, plan: WeekPlan) -> dict[str, Any]:
    """Return what a finished run keeps: `rows`, `unplaced` and `days`."""
    return {
        "rows": list(_rows(collected, plan)),
        "unplaced": [
            {"visit": str(row.visit), "booking": _text(row.booking), "words": out.words}
            for out in plan.unplaced
            for row in [collected.rows[out.visit]]
        ],
        "days": [
            _day(collected, plan.plans[position], position)
            for position in range(len(collected.dates))
        ],
        "unopened": list(collected.unopened),
    }


def _rows(collected: Collected, plan: WeekPlan) -> Iterator[dict[str, Any]]:
    """Yield a line for everybody who has a time in the plan, by that time."""
    lines = []
    for name, position in plan.days.items():
        row, grid, day = collected.rows[name], collected.grids[position], plan.plans[position]
        start = grid.instant(day.starts[name] // MINUTES)
        chair = day.chairs[name]
        lines.append(
            {
                "id": name, "visit": str(row.visit), "booking": _text(row.booking),
                "version": row.version, "day": grid.day.isoformat(), "start": start.isoformat(),
                "chair": chair, "was_start": row.start.isoformat() if row.start else None,
                "was_chair": _text(row.chair), "what": _what(row, start.isoformat(), chair),
            }
        )  # fmt: skip
    yield from sorted(lines, key=lambda line: (str(line["start"]), str(line["id"])))


def _what(row: Row, start: str, chair: str) -> str:
    if row.booking is None:
        return "new"
    if row.start is None:
        return "time"
    if row.start.isoformat() != start:
        return "moved"
    return "stays" if str(row.chair) == chair else "chair"


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _day(collected: Collected, plan: Plan, position: int) -> dict[str, Any]:
    day, visits = collected.days[position], [one.visit for one in collected.visits]
    placed = [one for one in visits if one.id in plan.starts]
    return {
        "date": collected.dates[position].isoformat(),
        "placed": len(plan.starts),
        "asked": len(plan.starts) + len(plan.unplaced),
        "closes": closing_words(plan, placed, day) if placed else None,
        "expected_p90": plan.expected_overtime_p90,
        "solver": plan.solver,
        "tiers": [asdict(tier) for tier in plan.tiers],
        "words": day_words(plan, placed, len(plan.unplaced), closing_words(plan, placed, day)),
    }


def day_words(plan: Plan, placed: Sequence[PlanVisit], left_out: int, closes: str) -> list[str]:
    """Return what is said about one day: how many, until when, and how far from the best."""
    if not placed and not left_out:
        return ["Nobody is planned on this day."]
    said = [_placed_words(plan, len(placed), left_out)]
    if placed:
        said += [_closing_words(plan, closes), _comfort_words(plan)]
    return said


def _placed_words(plan: Plan, placed: int, left_out: int) -> str:
    tier = plan.tier("unplaced")
    asked = placed + left_out
    if tier.proven:
        more = "all possible" if not left_out else "no plan places more by urgency"
        return f"{placed} of {asked} placed ({more})"
    return f"{placed} of {asked} placed (not proven to be the most)"


def _closing_words(plan: Plan, closes: str) -> str:
    tier = plan.tier("overtime")
    words = f"the last patient leaves at {closes}"
    if not tier.value:
        return words
    late = duration(timedelta(minutes=tier.value))
    if tier.proven:
        return f"{words}, {late} after closing: unavoidable with these visits and staff"
    least = duration(timedelta(minutes=tier.bound)) if tier.bound else "none"
    return f"{words}, {late} after closing; unavoidable: {least}"


def _comfort_words(plan: Plan) -> str:
    """Say how far the last tier is from the best possible: a ratio of costs, not of minutes."""
    tier = plan.tier("comfort")
    if tier.bound is None:
        return "how far wishes and a level day could be met better is not known"
    if tier.value <= tier.bound:
        return "wishes and a level day: as good as possible"
    if not tier.bound:
        return "wishes and a level day: not proven to be the best possible"
    away = (tier.value - tier.bound) * 100 / tier.bound
    return f"wishes and a level day: at most {away:.1f} % from the best possible"
