"""Asks the solver's process and ends it on time, whatever it is doing.

A process that has answered in full is kept for the next problem; one that was late, was stopped
or broke is never asked again.
"""

import atexit
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from scheduling.planner.room import Places
from scheduling.planner.shape import Shape
from scheduling.planner.values import Solved
from scheduling.planner.wire import places_to_json, shape_to_json, solved_from_json

COMMAND = (sys.executable, "-m", "scheduling.planner.child")
ROOT = Path(__file__).resolve().parents[2]
GRACE = 0.2  # of its limit, after which the process is ended, whatever it is doing
LOOK = 0.2  # seconds between two looks at whether somebody cancelled
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
DONE = b"null"  # see scheduling.planner.child
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
        "seed": seed,
    }  # fmt: skip
    answer = last_answer(problem, seconds=seconds, stop=stop)
    return solved_from_json(answer) if answer is not None else None


def assign_apart(
    problem: dict[str, Any], *, seconds: float, seed: int, stop: Stop = never
) -> list[list[list[int]]] | None:
    """Return how many of each group go to which day; None when the solver has no answer."""
    whole = {"kind": "weeks", "weeks": problem, "seed": seed}
    answer = last_answer(whole, seconds=seconds, stop=stop)
    return None if answer is None else answer["given"]


def last_answer(
    problem: dict[str, Any], *, seconds: float, stop: Stop = never, command: tuple[str, ...] = ()
) -> dict[str, Any] | None:
    """Give `problem` to a child process; return the last whole line it wrote, or None."""
    until = time.monotonic() + seconds
    problem = {**problem, "until": until}
    until += GRACE * seconds
    child = _borrow(command or COMMAND)
    answer = child.ask(problem, until=until, stop=stop)
    if answer is None and child.has_ended and child.is_used:  # it had just grown tired of waiting
        child.end()
        child = Child(child.command)
        answer = child.ask(problem, until=until, stop=stop)
    if child.has_finished:
        _keep(child)
    else:
        child.end()
    return answer


class Child:
    """One solver process. `has_finished` says that its answer was whole and it may be kept."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.command, self.owner = command, os.getpid()
        self.is_used = self.has_finished = self.has_ended = False
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=ROOT, env={**os.environ, **ONE_THREAD}, bufsize=0,
        )  # fmt: skip

    def ask(self, problem: dict[str, Any], *, until: float, stop: Stop) -> dict[str, Any] | None:
        """Return the last whole answer given before `until`, a monotonic time, or `stop`."""
        answer: dict[str, Any] | None = None
        self.has_finished = False
        try:
            for line in self._lines(json.dumps(problem).encode() + b"\n", until=until, stop=stop):
                if line == DONE:
                    self.has_finished = True
                    break
                answer = json.loads(line)
        except (OSError, ValueError):
            self.has_ended = True  # it broke its pipe or wrote nonsense; what it said still holds
        return answer

    def _lines(self, problem: bytes, *, until: float, stop: Stop) -> Iterator[bytes]:
        """Yield whole lines until the child closes its output, the time is up or somebody stops it.

        A child that does not read cannot keep the parent from ending it: nothing here waits long.
        """
        given, told = self.process.stdin, self.process.stdout
        assert given is not None
        assert told is not None
        os.set_blocking(given.fileno(), False)
        pending = b""
        with selectors.DefaultSelector() as watch:
            watch.register(told, selectors.EVENT_READ)
            watch.register(given, selectors.EVENT_WRITE)
            while time.monotonic() < until and not stop():
                for key, _ in watch.select(timeout=LOOK):
                    if key.fileobj is given:
                        problem = problem[os.write(given.fileno(), problem) :]
                        if not problem:
                            watch.unregister(given)
                        continue
                    chunk = os.read(told.fileno(), 1 << 16)
                    if not chunk:
                        self.has_ended = True
                        return
                    *whole, pending = (pending + chunk).split(b"\n")
                    yield from whole

    def end(self) -> None:
        """End the process, now."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


_kept: list[Child] = []
_lock = Lock()


def _borrow(command: tuple[str, ...]) -> Child:
    """Return a process that waits for work, or a new one. A forked worker has its own."""
    with _lock:
        mine = [one for one in _kept if one.command == command and one.owner == os.getpid()]
        for child in mine:
            _kept.remove(child)
            if child.process.poll() is None:
                child.is_used = True
                return child
            child.end()
    return Child(command)


def _keep(child: Child) -> None:
    with _lock:
        _kept.append(child)


def waiting() -> list[int]:
    """Return the process ids of those that wait for work."""
    with _lock:
        return [child.process.pid for child in _kept if child.owner == os.getpid()]


@atexit.register
def end_kept() -> None:
    """End the processes that wait for work."""
    with _lock:
        while _kept:
            child = _kept.pop()
            if child.owner == os.getpid():
                child.end()
