"""The launcher's commands: `run` is everything; `services -- COMMAND...` only the servers."""

import argparse
import os
import sys
from collections.abc import Sequence

from launch.joining import run_joined
from launch.places import Places
from launch.refusal import LaunchError
from launch.run import run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m launch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    services = commands.add_parser(
        "services", help="run a command with PostgreSQL and Redis up, starting those not given"
    )
    services.add_argument("--name", choices=["run", "test"], default="test")
    services.add_argument("argv", nargs="+", metavar="COMMAND")
    commands.add_parser("run", help="run the clinic until Ctrl-C")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; return the exit code of the process."""
    given = _parser().parse_args(argv)
    try:
        if given.command == "run":
            return run(Places("run"), os.environ)
        return run_joined(Places(given.name), given.argv, os.environ)
    except LaunchError as problem:
        print(f"launch: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
