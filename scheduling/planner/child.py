"""`python -m scheduling.planner.child`: problems in on standard input, answers out, a line each.

A process of its own, because a solver in presolve or in trouble listens to nobody: the parent
keeps every line it has read and ends the process when the time is up. One process answers many
problems, one after the other, since starting it costs as much as an ordinary day's solving.
"""

import json
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

from scheduling.planner.solver import solve
from scheduling.planner.weeks_solver import solve_weeks
from scheduling.planner.wire import places_from_json, shape_from_json, solved_to_json

DONE = "null"  # the line after the last answer to a problem
PATIENCE = 60  # seconds without a problem, after which the process ends by itself


def main(given: TextIO = sys.stdin, told: TextIO = sys.stdout) -> int:
    """Read a problem, write each answer as it comes and a line that says it was the last."""
    for line in _problems(given):
        for answer in answers(json.loads(line)):
            _tell(told, json.dumps(answer))
        _tell(told, DONE)
    return 0


def _problems(given: TextIO) -> Iterator[str]:
    """Yield problems until the parent is gone, or asks nothing more for a while."""
    while True:
        signal.alarm(PATIENCE)
        line = given.readline()
        signal.alarm(0)
        if not line:
            return
        yield line


def _tell(told: TextIO, line: str) -> None:
    told.write(line + "\n")
    told.flush()


def answers(problem: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answers to one problem: a day, or the days of a fortnight.

    `until` is a time of the machine's monotonic clock: starting up is part of what was allowed.
    """
    limits = {"seconds": max(0.0, problem["until"] - time.monotonic()), "seed": problem["seed"]}
    if problem["kind"] == "weeks":
        yield solve_weeks(problem["weeks"], **limits)
        return
    shape = shape_from_json(problem["shape"])
    for solved in solve(shape, places_from_json(problem["begin"]), **limits):
        yield solved_to_json(solved)


if __name__ == "__main__":
    sys.exit(main())
