"""The launcher's commands: `run` is everything; `services -- COMMAND...` only the servers."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from launch import browser, health, libraries, pdf
from launch.joining import run_joined
from launch.places import Places
from launch.refusal import LaunchError
from launch.reset import reset
from launch.run import run

Given = argparse.Namespace


def _services(given: Given) -> int:
    return run_joined(Places(given.name), given.argv, os.environ)


def _run(_given: Given) -> int:
    return run(Places("run"), os.environ)


def _reset(_given: Given) -> int:
    return reset(Places("run"))


def _browser(_given: Given) -> int:
    print(browser.ensure(os.environ))
    return 0


def _pdf(_given: Given) -> int:
    pdf.ensure()
    return 0


def _libraries(_given: Given) -> int:
    libraries.ensure(Places("run"), os.environ)
    return 0


def _health(_given: Given) -> int:
    port = int(os.environ.get("PORT") or 8000)
    return 0 if health.is_ready(port, health.host(os.environ)) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m launch", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, does: Callable[[Given], int], words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words)
        added.set_defaults(does=does)
        return added

    services = command("services", _services, "run a command with PostgreSQL and Redis up")
    services.add_argument("--name", choices=["run", "test"], default="test")
    services.add_argument("argv", nargs="+", metavar="COMMAND")
    command("run", _run, "run the clinic until Ctrl-C")
    command("reset", _reset, "remove what the clinic has kept, after asking")
    command("browser", _browser, "print the path of a Chromium, installing one if need be")
    command("pdf", _pdf, "install what PDFs are laid out with, where this user may")
    command("libraries", _libraries, "install the browser's libraries where there is npm")
    command("health", _health, "exit with 0 when the clinic on this machine is ready")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; return the exit code of the process."""
    given = _parser().parse_args(argv)
    try:
        return int(given.does(given))
    except LaunchError as problem:
        print(f"launch: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
