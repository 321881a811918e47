"""`python -m scheduling.planner.child`: one problem in on standard input, answers out, a line each.

A process of its own, because a solver in presolve or in trouble listens to nobody: the parent
keeps every line it has read and ends the process when the time is up.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from scheduling.planner.solver import solve
from scheduling.planner.weeks_solver import solve_weeks
from scheduling.planner.wire import places_from_json, shape_from_json, solved_to_json


def main(given: TextIO = sys.stdin, told: TextIO = sys.stdout) -> int:
    """Read a problem, write each answer as it comes."""
    for answer in answers(json.load(given)):
        told.write(json.dumps(answer) + "\n")
        told.flush()
    return 0


def answers(problem: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answers to one problem: a day, or the days of a fortnight."""
    limits = {"seconds": problem["seconds"], "seed": problem["seed"]}
    if problem["kind"] == "weeks":
        yield solve_weeks(problem["weeks"], **limits)
        return
    shape = shape_from_json(problem["shape"])
    for solved in solve(shape, places_from_json(problem["begin"]), **limits):
        yield solved_to_json(solved)


if __name__ == "__main__":
    sys.exit(main())
