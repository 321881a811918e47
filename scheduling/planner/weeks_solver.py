"""How many of each group of visits go to which day, on HiGHS: whole visits, days by the clock."""

from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np

LEFT_OUT = 100_000  # beside which hours late and days off the due date are small
GAP = 0.01


@dataclass(slots=True)
class _Rows:
    """A program being written down: columns with costs, rows with limits."""

    costs: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    entries: list[list[tuple[int, float]]] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    def column(self, cost: float, most: float, *, whole: bool) -> int:
        """Add a column from 0 to `most`; return its number."""
        self.costs.append(cost)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.costs) - 1

    def row(self, entries: list[tuple[int, float]], lower: float, upper: float) -> None:
        """Add a row."""
        self.entries.append(entries)
        self.lower.append(lower)
        self.upper.append(upper)


def solve_weeks(raw: dict[str, Any], *, seconds: float, seed: int) -> dict[str, Any]:
    """Return {"given": [[day, count], ...] by group, "bound": cost no assignment can beat}.

    `raw` is what `weeks_program.problem_of` returns.
    """
    rows = _Rows()
    sent = [_group(rows, group) for group in raw["groups"]]
    for number, day in enumerate(raw["days"]):
        _day(rows, number, day, raw["groups"], sent)
    values, bound = _run(rows, seconds=seconds, seed=seed)
    given = [
        [[day, round(values[at])] for day, at in columns.items() if values and values[at] > 0.5]
        for columns in sent
    ]
    return {"given": given if values else None, "bound": bound}


def _group(rows: _Rows, group: dict[str, Any]) -> dict[int, int]:
    """Everybody of a group has a day or is left out; return the columns by day."""
    count = float(group["count"])
    sent = {day: rows.column(cost, count, whole=True) for day, cost in group["days"]}
    out = rows.column(float(LEFT_OUT * group["weight"]), count, whole=True)
    rows.row([(out, 1.0), *((at, 1.0) for at in sent.values())], count, count)
    return sent


def _day(
    rows: _Rows, number: int, day: dict[str, Any], groups: list[Any], sent: list[dict[int, int]]
) -> None:
    """Whoever is sent to a day begins there, in shares, under all its limits."""
    taken: list[list[list[tuple[int, float]]]] = [[[] for _ in row] for row in day["limits"]]
    for kind, takes in enumerate(day["kinds"]):
        mine = [
            (columns[number], -1.0)
            for group, columns in zip(groups, sent, strict=True)
            if group["kind"] == kind and number in columns
        ]
        if mine:
            _begin(rows, mine, takes, taken)
    for limits, used in zip(day["limits"], taken, strict=True):
        for have, entries in zip(limits, used, strict=True):
            if entries:
                rows.row(entries, -highspy.kHighsInf, have)


def _begin(
    rows: _Rows,
    mine: list[tuple[int, float]],
    takes: dict[str, Any],
    taken: list[list[list[tuple[int, float]]]],
) -> None:
    """One kind of visit begins in any of its starts, and takes of the limits from there."""
    begun = [
        (start, rows.column(cost, highspy.kHighsInf, whole=False))
        for start, cost in takes["starts"]
    ]
    rows.row([*mine, *((at, 1.0) for _, at in begun)], 0.0, 0.0)
    for start, at in begun:
        for limit, offset, length, amount in takes["uses"]:
            for slot in range(start + offset, start + offset + length):
                taken[limit][slot].append((at, float(amount)))


def _run(rows: _Rows, *, seconds: float, seed: int) -> tuple[list[float], float]:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(rows.costs), len(rows.entries)
    lp.col_cost_, lp.col_lower_ = np.array(rows.costs), np.zeros(len(rows.costs))
    lp.col_upper_ = np.array(rows.most)
    lp.row_lower_, lp.row_upper_ = np.array(rows.lower), np.array(rows.upper)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in rows.entries)], dtype=np.int32)
    flat = [entry for row in rows.entries for entry in row]
    lp.a_matrix_.index_ = np.array([at for at, _ in flat], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([value for _, value in flat])
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in rows.whole]
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    settings = {
        "output_flag": False, "threads": 1, "random_seed": seed, "time_limit": seconds,
        "mip_rel_gap": GAP,
    }  # fmt: skip
    for name, value in settings.items():
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    highs.run()
    has_plan = highs.getInfo().primal_solution_status == (
        highspy.SolutionStatus.kSolutionStatusFeasible
    )
    values = list(highs.getSolution().col_value) if has_plan else []
    return values, highs.getInfo().mip_dual_bound
