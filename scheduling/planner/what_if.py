"""What one more chair, nurse or half an hour would change: the day planned again with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scheduling.planner.day import Solver, plan_day
from scheduling.planner.shape import wider
from scheduling.planner.values import Plan, PlanDay, PlanVisit, Policy

CHANGES: dict[str, dict[str, Any]] = {
    "one more chair": {"chairs": 1},
    "one more nurse": {"nurses": 1},
    "half an hour more at the end of the day": {"minutes": 30},
}
NO_WISHES = Policy(
    deviation=0, far_deviation=0, late=0, early=0, peak=0
)  # who and how late, nothing else


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a day with one change reaches: how many are left out, minutes after closing, and
    whether no plan of it does better."""

    change: str
    left_out: int
    overtime: int
    proven: bool


def what_ifs(
    visits: Sequence[PlanVisit], day: PlanDay, plan: Plan, *, solver: Solver | None, seed: int = 0
) -> list[WhatIf]:
    """Return what each change would bring; nothing for a day that leaves nobody out and is on
    time. The plan itself is what nothing may be worse than."""
    if not plan.unplaced and not plan.tier("overtime").value:
        return []
    found = []
    for change, more in CHANGES.items():
        other = plan_day(visits, wider(day, **more), policy=NO_WISHES, solver=solver, seed=seed)
        mine, theirs = _reached(plan), _reached(other)
        left_out, overtime = (len(other.unplaced), theirs[1])
        if mine < theirs:  # a search that found less: what is planned already can be done there too
            left_out, overtime = len(plan.unplaced), mine[1]
        proven = all(tier.proven for tier in other.tiers[:2])
        found.append(WhatIf(change, left_out, overtime, proven))
    return found


def _reached(plan: Plan) -> tuple[int, int]:
    return plan.tier("unplaced").value, plan.tier("overtime").value
