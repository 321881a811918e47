"""Which day each visit of a fortnight gets, on HiGHS: whole visits against the days' room."""

from typing import Any

import highspy
import numpy as np

LEFT_OUT = 10_000  # beside which days off the due date are small


def solve_weeks(raw: dict[str, Any], *, seconds: float, seed: int) -> dict[str, Any]:
    """Return {"days": [day or null by visit], "bound": cost no assignment can beat}.

    `raw` has, by visit, `weight`, `needs` (an amount per resource) and `days` as (day, cost);
    by day, `rooms` (an amount per resource).
    """
    visits, rooms = raw["visits"], raw["rooms"]
    columns = [(n, day, cost) for n, one in enumerate(visits) for day, cost in one["days"]]
    drops = len(columns)
    costs = [float(cost) for _, _, cost in columns]
    costs += [float(LEFT_OUT * one["weight"]) for one in visits]
    rows: list[list[tuple[int, float]]] = [[(drops + n, 1.0)] for n in range(len(visits))]
    rooms_at = {
        (day, resource): len(visits) + day * len(room) + resource
        for day, room in enumerate(rooms) for resource in range(len(room))
    }  # fmt: skip
    rows += [[] for _ in rooms_at]
    for at, (n, day, _) in enumerate(columns):
        rows[n].append((at, 1.0))
        for resource, amount in enumerate(visits[n]["needs"]):
            rows[rooms_at[day, resource]].append((at, float(amount)))
    limits = [float(amount) for room in rooms for amount in room]
    lower = [1.0] * len(visits) + [-highspy.kHighsInf] * len(limits)
    upper = [1.0] * len(visits) + limits
    return _run(columns, costs, rows, (lower, upper), seconds=seconds, seed=seed)


def _run(
    columns: list[tuple[int, int, int]],
    costs: list[float],
    rows: list[list[tuple[int, float]]],
    bounds: tuple[list[float], list[float]],
    *,
    seconds: float,
    seed: int,
) -> dict[str, Any]:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(costs), len(rows)
    lp.col_cost_, lp.col_lower_ = np.array(costs), np.zeros(len(costs))
    lp.col_upper_ = np.ones(len(costs))
    lp.row_lower_, lp.row_upper_ = (np.array(side) for side in bounds)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)
    flat = [entry for row in rows for entry in row]
    lp.a_matrix_.index_ = np.array([at for at, _ in flat], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([value for _, value in flat])
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(costs)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    settings = {
        "output_flag": False, "threads": 1, "random_seed": seed, "time_limit": seconds,
        "mip_rel_gap": 0.01,
    }  # fmt: skip
    for name, value in settings.items():
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    highs.run()
    values = list(highs.getSolution().col_value)
    days: list[int | None] = [None] * (len(costs) - len(columns))
    for (n, day, _), value in zip(columns, values, strict=False):
        if value > 0.5:
            days[n] = day
    return {"days": days, "bound": highs.getInfo().mip_dual_bound}
