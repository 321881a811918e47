"""A plan as a run keeps it: JSON of ids, instants and words, and the sentences about its bounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.display import clinical_date, duration
from scheduling.grid import MINUTES
from scheduling.plan_input import Collected, Row
from scheduling.planner.day import closing_words
from scheduling.planner.values import Plan, PlanVisit
from scheduling.planner.weeks import WeekPlan
from scheduling.planner.what_if import WhatIf

MOVES = ("new", "time", "moved", "chair")  # what acceptance writes; "stays" is everybody else


def result_of(
    collected: Collected, plan: WeekPlan, more: Mapping[int, Sequence[WhatIf]]
) -> dict[str, Any]:
    """Return what a finished run keeps: `rows`, `unplaced` and `days`, a day with what `more` says
    would help there.

    Where times were sought for chosen doses, only the days that got one are kept.
    """
    rows = list(_rows(collected, plan))
    touched = {row["day"] for row in rows if row["what"] in MOVES}
    days = [
        _day(collected, plan.plans[position], position)
        | {"what_if": what_if_words(plan.plans[position], more.get(position, ()))}
        for position in sorted(plan.plans)
    ]
    if collected.options.only_doses:
        days = [day for day in days if day["date"] in touched]
    return {
        "rows": rows, "unplaced": list(_unplaced(collected, plan)), "days": days,
        "unopened": [*_unopened(collected), *_clashes(collected, plan)],
    }  # fmt: skip


def _unplaced(collected: Collected, plan: WeekPlan) -> Iterator[dict[str, Any]]:
    """Yield who found no time, and why: on which day, when there was more than one to ask."""
    for out in plan.unplaced:
        row = collected.rows[out.visit]
        if collected.options.only_doses and row.booking is not None:
            continue  # a promised day that has no room left is not what was asked about
        words = out.words
        if out.day is not None and len(collected.dates) > 1:
            words = f"{_shown(collected, out.day)}: {words}"
        yield {"visit": str(row.visit), "booking": _text(row.booking), "words": words}
    for refused in collected.refused:
        yield {"visit": str(refused.visit), "booking": None, "words": refused.words}


def _unopened(collected: Collected) -> Sequence[str]:
    return () if collected.options.only_doses else collected.unopened


def _clashes(collected: Collected, plan: WeekPlan) -> Iterator[str]:
    for position, words in sorted(plan.clashes.items()):
        yield " ".join([f"{_shown(collected, position)}: this day was left as it is.", *words])


def _shown(collected: Collected, position: int) -> str:
    grid = collected.grids[position]
    return clinical_date(grid.day, ZoneInfo(grid.zone))


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
                "was_chair": _text(row.chair),
                "what": _what(row, start.isoformat(), chair, only=collected.options.only_doses),
            }
        )  # fmt: skip
    yield from sorted(lines, key=lambda line: (str(line["start"]), str(line["id"])))


def _what(row: Row, start: str, chair: str, *, only: bool) -> str:
    """Return what a line changes; `only` says that nobody with a booking was asked about."""
    if row.booking is None:
        return "new"
    if only:
        return "stays"
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
        "digest": collected.digests[collected.dates[position]],
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


def what_if_words(plan: Plan, found: Sequence[WhatIf]) -> list[str]:
    """Return what each change would bring, in words: people first, then the end of the day."""
    return [f"With {one.change}: {_brings(plan, one)}" for one in found]


def _brings(plan: Plan, one: WhatIf) -> str:
    before, late = len(plan.unplaced), plan.tier("overtime").value
    if (one.left_out, one.overtime) == (before, late):
        return "no change." if one.proven else "nothing better was found."
    if before and not one.left_out:
        said = "nobody left out"
    elif one.left_out < before:
        said = f"{one.left_out} left out instead of {before}"
    else:
        said = "" if not before else f"{before} left out all the same"
    if one.overtime != late:
        leaves = "at closing time" if not one.overtime else (
            f"{duration(timedelta(minutes=one.overtime))} after closing"
        )  # fmt: skip
        said = ", ".join([*filter(None, [said]), f"the last patient leaves {leaves}"])
    return f"{said}."


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
