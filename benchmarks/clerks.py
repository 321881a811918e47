"""Work done by several processes at once, each with a connection of its own: like the workers of
the web server, and unlike threads, which would measure one interpreter's lock."""

import gc
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from django.db import connection, connections

Work = Callable[[], object]
Piece = tuple[int, int, float] | None  # whose, which of theirs, when it was sent; None closes
Answer = tuple[int, float]  # which of theirs, milliseconds
TICKS = 100  # of a second, in /proc
STARTING = 30  # seconds within which every process must have begun

_gate: Barrier | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What all the work took: the milliseconds of each piece, and the processor's in all."""

    times: list[float]
    cpu_ms: float  # in the processes that asked
    server_cpu_ms: float | None  # in PostgreSQL's, where it runs on this machine


def at_once(shares: Sequence[Sequence[Work]], *, warm_up: Sequence[Sequence[Work]] = ()) -> Spent:
    """Run each share of the work in a process of its own, all beginning together.

    Before that, and not measured, each runs its share of `warm_up`: a process and its connection
    do everything for the first time once in their life, and a web server's live for long.
    """
    _before_forking()
    here = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(
        len(shares), mp_context=here, initializer=_enter, initargs=(here.Barrier(len(shares)),)
    ) as pool:
        work = partial(_clerk, shares, warm_up)
        parts = list(pool.map(work, range(len(shares))))
    server = [part.server_cpu_ms for part in parts if part.server_cpu_ms is not None]
    return Spent(
        [ms for part in parts for ms in part.times],
        sum(part.cpu_ms for part in parts),
        sum(server) if server else None,
    )


def _before_forking() -> None:
    """Close every connection: a process made from this one must not share it. What is in memory is
    kept from the garbage collector, as in a worker of the web server (`config.gunicorn`)."""
    gc.collect()
    gc.freeze()
    for each in connections.all():
        each.close()
        each.close_pool()  # type: ignore[attr-defined]


def _enter(gate: Barrier) -> None:
    global _gate  # noqa: PLW0603 - set once, in a process made for this
    _gate = gate


def _clerk(
    shares: Sequence[Sequence[Work]], warm_up: Sequence[Sequence[Work]], number: int
) -> Spent:
    share, times = shares[number], []
    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    for work in warm_up[number] if warm_up else ():
        work()
    if _gate is not None:
        _gate.wait(STARTING)
    cpu, there = time.process_time(), _used_by(server)
    for work in share:
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    spent = (time.process_time() - cpu) * 1000
    since = _used_by(server)
    connection.close()
    return Spent(times, spent, None if there is None or since is None else since - there)


def served(shares: Sequence[Sequence[Work]], *, workers: int, threads: int) -> list[float]:
    """Run the shares as clients of one server: each sends its next piece of work as soon as it has
    the answer to the one before, and the pieces wait in one line for `workers` processes of
    `threads` threads each. Return the milliseconds from sending to answer, but for each client's
    first, with which everything is done for the first time.
    """
    _before_forking()
    here = multiprocessing.get_context("fork")
    line, answers = here.SimpleQueue(), here.SimpleQueue()
    for client in range(len(shares)):
        line.put((client, 0, time.perf_counter()))
    serve = partial(_serve, shares, line, answers, threads)
    processes = [here.Process(target=serve) for _ in range(workers)]
    for process in processes:
        process.start()
    done = [answers.get() for _ in range(sum(map(len, shares)))]
    for _ in range(workers * threads):
        line.put(None)
    for process in processes:
        process.join()
    return [ms for number, ms in done if number]


def _serve(
    shares: Sequence[Sequence[Work]], line: SimpleQueue[Piece], answers: SimpleQueue[Answer],
    threads: int,
) -> None:  # fmt: skip
    with ThreadPoolExecutor(threads) as pool:
        for each in [pool.submit(_answer, shares, line, answers) for _ in range(threads)]:
            each.result()


def _answer(
    shares: Sequence[Sequence[Work]], line: SimpleQueue[Piece], answers: SimpleQueue[Answer]
) -> None:
    """Take pieces of the line until it is closed; a client sends its next when it has an answer."""
    while (piece := line.get()) is not None:
        client, number, sent = piece
        shares[client][number]()
        now = time.perf_counter()
        answers.put((number, (now - sent) * 1000))
        if number + 1 < len(shares[client]):
            line.put((client, number + 1, now))
    connection.close()


def _used_by(pid: int) -> float | None:
    """Return the processor's milliseconds a process of this machine has used; None elsewhere."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS
    return None
