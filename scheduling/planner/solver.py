"""The program on HiGHS, tier by tier. The one module that knows numpy and highspy.

Every instance runs with one thread: a second count in the same process silently does nothing.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import highspy
import numpy as np

from scheduling.grid import MINUTES
from scheduling.planner.program import Program, program_of
from scheduling.planner.room import Places
from scheduling.planner.score import comfort, overtime, score
from scheduling.planner.shape import Shape
from scheduling.planner.values import Bounds, Solved

GAP = 0.005  # a plan half a percent from the best possible is as good as the best
SHARE_UNPLACED, SHARE_OVERTIME = 0.4, 0.5  # of the seconds left when the tier begins
FOUND = (highspy.HighsModelStatus.kOptimal,)
NONE = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the solver gave: a plan or none, a bound, and whether it was the end."""

    places: Places | None
    bound: float
    infeasible: bool = False


class Model:
    """A program inside HiGHS, as the relaxation or with whole columns."""

    def __init__(self, program: Program, *, whole: bool, seed: int) -> None:
        self.program, self.whole = program, whole
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in {
            "output_flag": False, "threads": 1, "random_seed": seed, "mip_rel_gap": GAP,
        }.items():  # fmt: skip
            self.highs.setOptionValue(name, value)
        self.highs.passModel(_linear(program, whole=whole))

    def cap(self, overtime_slots: int) -> None:
        """Allow only starts that end within so many slots after closing."""
        late = np.array(self.program.ending_after(overtime_slots), dtype=bool)
        self._bounds(len(late), np.where(late, 0.0, 1.0))

    def _bounds(self, count: int, upper: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
        at = np.arange(count, dtype=np.int32)
        self.highs.changeColsBounds(count, at, np.zeros(count), upper)

    def leave_out_at_most(self, weight: float) -> None:
        """Limit the weight of those left out."""
        self.highs.changeRowBounds(len(self.program.entries) - 1, -highspy.kHighsInf, weight)

    def minimise(self, costs: list[float]) -> None:
        """Set what is to be least."""
        at = np.arange(len(costs), dtype=np.int32)
        self.highs.changeColsCost(len(costs), at, np.array(costs))

    def begin_with(self, places: Places) -> None:
        """Give the solver a plan to start from."""
        solution = highspy.HighsSolution()
        solution.col_value = self.program.vector(places)
        self.highs.setSolution(solution)

    def run(self, seconds: float) -> Outcome:
        """Solve for at most so long."""
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + max(0.05, seconds))
        self.highs.run()
        status, info = self.highs.getModelStatus(), self.highs.getInfo()
        if status in NONE:
            return Outcome(None, math.inf, infeasible=True)
        has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = list(self.highs.getSolution().col_value) if has_plan and self.whole else []
        bound = info.mip_dual_bound if self.whole else info.objective_function_value
        if not self.whole and status not in FOUND:
            bound = -math.inf
        return Outcome(self.program.places(values) if values else None, bound)


def _linear(program: Program, *, whole: bool) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = program.width, len(program.entries)
    lp.col_cost_ = np.array(program.dropping())
    lower, upper = np.zeros(program.width), np.ones(program.width)
    lower[-1] = program.shape.base_peak
    upper[-1] = max(program.shape.base_peak, sum(len(p.chairs) for p in program.shape.pools))
    lp.col_lower_, lp.col_upper_ = lower, upper
    lp.row_lower_ = np.clip(program.lower, -highspy.kHighsInf, highspy.kHighsInf)
    lp.row_upper_ = np.clip(program.upper, -highspy.kHighsInf, highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in program.entries)], dtype=np.int32)
    flat = [entry for row in program.entries for entry in row]
    lp.a_matrix_.index_ = np.array([at for at, _ in flat], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([value for _, value in flat], dtype=np.float64)
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * program.width
    return lp


def solve(shape: Shape, begin: Places, *, seconds: float, seed: int) -> Iterator[Solved]:
    """Yield better and better answers, the first from `begin`; bounds only ever tighten.

    Stops by itself once the last tier is proven or the time is up.
    """
    run = _Run(shape, begin, seconds, seed)
    yield from run.unplaced()
    if run.known.unplaced is None:
        return
    yield from run.overtime()
    yield from run.comfort()


class _Run:
    """One day's tiers. Holds the best plan so far, which only a better one replaces."""

    def __init__(self, shape: Shape, begin: Places, seconds: float, seed: int) -> None:
        self.shape, self.best, self.seed = shape, begin, seed
        self.until = time.monotonic() + seconds
        self.program = program_of(shape)
        self.relaxed = Model(self.program, whole=False, seed=seed)
        self.known = Bounds()
        self.hard = max(
            (shape.overtime(item, item.allowed.bit_length() - 1) for item in shape.items
             if item.allowed), default=0,
        )  # fmt: skip

    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def answer(self) -> Solved:
        return Solved(self.best, self.known)

    def take(self, places: Places | None) -> None:
        if places is not None and score(self.shape, places) < score(self.shape, self.best):
            self.best = places

    def whole(self, cap: int, weight: float | None = None) -> Model:
        model = Model(self.program, whole=True, seed=self.seed)
        model.cap(cap)
        if weight is not None:
            model.leave_out_at_most(weight)
        return model

    def unplaced(self) -> Iterator[Solved]:
        self.relaxed.cap(self.hard)
        outcome = self.relaxed.run(self.left())
        if outcome.infeasible:
            return
        bound = _at_least(outcome.bound)
        if bound < score(self.shape, self.best)[0]:
            self.known = replace(self.known, unplaced=bound)
            yield self.answer()
            model = self.whole(self.hard)
            model.begin_with(self.best)
            outcome = model.run(self.left() * SHARE_UNPLACED)
            self.take(outcome.places)
            bound = max(bound, _at_least(outcome.bound))
        self.known = replace(self.known, unplaced=bound)
        yield self.answer()

    def overtime(self) -> Iterator[Solved]:
        """Find the least cap: the relaxation rules some out, a whole plan proves one."""
        weight = score(self.shape, self.best)[0]
        least = self._ruled_out(weight)
        until = time.monotonic() + self.left() * SHARE_OVERTIME
        settled = True
        for cap in range(least, overtime(self.shape, self.best) // MINUTES):
            model = self.whole(cap, weight)
            model.minimise([0.0] * self.program.width)
            outcome = model.run(until - time.monotonic())
            self.take(outcome.places)
            if outcome.places is not None:
                break
            settled = settled and outcome.infeasible
            least = cap + 1 if settled else least
        self.known = replace(self.known, overtime=least * MINUTES)
        yield self.answer()

    def _ruled_out(self, weight: int) -> int:
        """Return the least cap the relaxation does not exclude, by halving."""
        low, high = 0, overtime(self.shape, self.best) // MINUTES
        while low < high:
            middle = (low + high) // 2
            self.relaxed.cap(middle)
            outcome = self.relaxed.run(self.left())
            if outcome.infeasible or _at_least(outcome.bound) > weight:
                low = middle + 1
            else:
                high = middle
        return low

    def comfort(self) -> Iterator[Solved]:
        weight, late, _ = score(self.shape, self.best)
        model = self.whole(late // MINUTES, weight)
        model.minimise(self.program.comfort())
        model.highs.changeObjectiveOffset(-float(self.shape.peak_cost * self.shape.base_peak))
        model.begin_with(self.best)
        outcome = model.run(self.left())
        self.take(outcome.places)
        if math.isfinite(outcome.bound):
            bound = max(0, _at_least(outcome.bound))
            self.known = replace(self.known, comfort=min(bound, comfort(self.shape, self.best)))
        yield self.answer()


def _at_least(bound: float) -> int:
    """Return the whole number below which a bound over whole numbers cannot fall."""
    return math.ceil(bound - 1e-6) if math.isfinite(bound) else 0
