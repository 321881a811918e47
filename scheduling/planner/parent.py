"""Starts the solver in a process of its own and ends it on time, whatever it is doing."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scheduling.planner.room import Places
from scheduling.planner.shape import Shape
from scheduling.planner.values import Solved
from scheduling.planner.wire import places_to_json, shape_to_json, solved_from_json

COMMAND = (sys.executable, "-m", "scheduling.planner.child")
ROOT = Path(__file__).resolve().parents[2]
GRACE = 2.0  # seconds beyond its own limit before the process is ended: start-up, presolve
LOOK = 0.2  # seconds between two looks at whether somebody cancelled
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
Stop = Callable[[], bool]


def never() -> bool:
    """Nobody cancels."""
    return False


def solve_apart(
    shape: Shape, begin: Places, *, seconds: float, seed: int, stop: Stop = never
) -> Solved | None:
    """Return the solver's best answer within `seconds`; None when it crashed before any."""
    problem = {
        "kind": "day", "shape": shape_to_json(shape), "begin": places_to_json(begin),
        "seconds": seconds, "seed": seed,
    }  # fmt: skip
    answer = last_answer(problem, seconds=seconds, stop=stop)
    return solved_from_json(answer) if answer is not None else None


def assign_apart(
    problem: dict[str, Any], *, seconds: float, seed: int, stop: Stop = never
) -> list[int | None] | None:
    """Return the best day for each visit of a fortnight; None when the solver crashed."""
    whole = {"kind": "weeks", "weeks": problem, "seconds": seconds, "seed": seed}
    answer = last_answer(whole, seconds=seconds, stop=stop)
    return None if answer is None else answer["days"]


def last_answer(
    problem: dict[str, Any], *, seconds: float, stop: Stop = never, command: tuple[str, ...] = ()
) -> dict[str, Any] | None:
    """Give `problem` to a child process; return the last whole line it wrote, or None."""
    answer = None
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command or COMMAND,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=ROOT, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    try:
        _give(child, json.dumps(problem).encode())
        for line in _lines(child, until=time.monotonic() + seconds + GRACE, stop=stop):
            answer = json.loads(line)
    except (OSError, ValueError):
        return answer  # the child broke its pipe or wrote nonsense: what it said before still holds
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    return answer


def _give(child: "subprocess.Popen[bytes]", problem: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(problem)
    finally:
        child.stdin.close()


def _lines(child: "subprocess.Popen[bytes]", *, until: float, stop: Stop) -> Iterator[bytes]:
    """Yield whole lines until the child closes its output, the time is up or somebody stops it."""
    assert child.stdout is not None
    pending = b""
    with selectors.DefaultSelector() as watch:
        watch.register(child.stdout, selectors.EVENT_READ)
        while time.monotonic() < until and not stop():
            if not watch.select(timeout=LOOK):
                continue
            chunk = os.read(child.stdout.fileno(), 1 << 16)
            if not chunk:
                return
            *whole, pending = (pending + chunk).split(b"\n")
            yield from whole
