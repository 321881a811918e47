"""`make bench`: every benchmark on a scratch database, one table, one JSON file."""

import os
import sys
from pathlib import Path

import django


def main() -> int:
    """Run the benchmarks named on the command line, or all of them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    from django.test.utils import setup_databases, teardown_databases  # noqa: PLC0415

    from benchmarks import board, booking, planner, projection, replay, slots, sweep, visits  # noqa: PLC0415
    from benchmarks.measure import report  # noqa: PLC0415

    benches = {
        "projection": projection.run,
        "replay": replay.run,
        "booking": booking.run,
        "board": board.run,
        "slots": slots.run,
        "visits": visits.run,
        "sweep": sweep.run,
        "planner": planner.run,
    }
    wanted = sys.argv[1:] or list(benches)
    benches |= {f"planner.{name}": part for name, part in planner.PARTS.items()}
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        rows = [row for name in wanted for row in benches[name]()]
    finally:
        teardown_databases(databases, verbosity=0)
    report(rows, Path("var/bench/latest.json"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
