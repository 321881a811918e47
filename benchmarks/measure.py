"""Timing and reporting shared by the benchmarks."""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One row of the report. Times are milliseconds; `ratio` is against the floor's median."""

    bench: str
    case: str
    size: int
    repeats: int
    p50_ms: float
    p95_ms: float
    floor_p50_ms: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if not self.floor_p50_ms else self.p50_ms / self.floor_p50_ms


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Run `work` once to warm up, then `repeats` times; return the milliseconds of each."""
    work()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return times


def cpu_ms(work: Callable[[], object], repeats: int) -> float:
    """Return the processor's milliseconds this process spends on `work`, on average: what a busy
    machine does not change."""
    begun = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - begun) * 1000 / repeats


def percentile(times: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the times lie."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpu_seconds(pids: Iterable[int] = ()) -> float:
    """Return the processor time this process, its ended children and `pids` have used so far."""
    used = sum(os.times()[:4])
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def row(
    bench: str,
    case: str,
    size: int,
    times: Sequence[float],
    floor: Sequence[float] = (),
    **more: str,
) -> Measured:
    """Return the report's row for `times`, beside those of the floor when there is one."""
    return Measured(
        bench=bench,
        case=case,
        size=size,
        repeats=len(times),
        p50_ms=statistics.median(times),
        p95_ms=percentile(times, 0.95),
        floor_p50_ms=statistics.median(floor) if floor else None,
        note=more.get("note", ""),
    )


def report(rows: Sequence[Measured], target: Path) -> None:
    """Print the table and write it as JSON."""
    print(
        f"{'bench':<12} {'case':<34} {'size':>9} {'p50 ms':>9} {'p95 ms':>9} {'x floor':>8}  note"
    )
    for measured in rows:
        ratio = f"{measured.ratio:8.2f}" if measured.ratio else " " * 8
        print(
            f"{measured.bench:<12} {measured.case:<34} {measured.size:>9} {measured.p50_ms:9.3f} "
            f"{measured.p95_ms:9.3f} {ratio}  {measured.note}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [{**asdict(measured), "ratio": measured.ratio} for measured in rows]
    target.write_text(json.dumps(lines, indent=1))
    print(f"written: {target}")
