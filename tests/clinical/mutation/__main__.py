"""Mutation testing of the clinical core: change one thing, and see a test fail.

    python -m tests.clinical.mutation [module ...] [--jobs N] [--every N]

`--every N` takes every Nth mutant: a sample, when there is no hour to spare.

Each mutant runs in a forked child that imports the changed text in place of the module; nothing on
disk changes. The tests nearest to the module run first, all the others after them. The survivors
are printed, with those of docs/clinical/mutants.md left out; any other one makes the exit code 1.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis.strategies  # noqa: F401  # imported once here, shared by every fork
import pytest

from tests.clinical.mutation.operators import Mutant, mutants_of

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests" / "clinical"
CORE = ROOT / "clinical"
KNOWN = ROOT / "docs" / "clinical" / "mutants.md"
CPU_SECONDS = 240
REPORT_EVERY = 50
SLOW = ("test_every_value_matters.py", "test_events.py", "test_two_engines.py")
NEAREST = {
    "calendar": ["test_calendar.py", "test_clinic_days.py", "test_calendar_properties.py"],
    "titration": ["test_titration.py"],
    "loading": ["test_protocol.py"],
    "protocol": ["test_protocol.py"],
    "preparation": ["test_preparation.py"],
    "beyond_use": ["test_beyond_use.py"],
    "premedication": ["test_premedication.py"],
    "observation": ["test_observation.py", "test_vitals.py"],
    "vitals": ["test_vitals.py"],
    "reactions": ["test_reactions.py"],
    "climb": ["test_reactions.py"],
    "eligibility": ["test_eligibility.py"],
    "screening": ["test_eligibility.py"],
    "vaccination": ["test_vaccination.py"],
    "facts": ["test_eligibility.py"],
    "findings": ["test_findings.py"],
}
PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:randomly",
          "-p", "no:xdist", "--no-header", "--tb=no", "--rootdir", str(ROOT), "-c", os.devnull,
          "--confcutdir", str(TESTS)]  # fmt: skip


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one mutant's text in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        """Stand in for the module of `mutant`."""
        self.mutant = mutant
        self.name = f"clinical.{mutant.module}"

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the one module only."""
        if fullname != self.name:
            return None
        origin = str(CORE / f"{self.mutant.module}.py")
        spec = importlib.util.spec_from_loader(fullname, self, origin=origin)
        if spec is not None:
            spec.has_location = True
        return spec

    def get_source(self, fullname: str) -> str:
        """Return the changed text."""
        return self.mutant.source

    def get_code(self, fullname: str) -> CodeType:
        """Return the changed text, compiled."""
        return compile(self.mutant.source, str(CORE / f"{self.mutant.module}.py"), "exec")


def rounds_of(module: str) -> tuple[list[str], list[str]]:
    """Return the test files nearest to `module`, and all the others, quick ones first."""
    names = sorted(path.name for path in TESTS.glob("test_*.py"))
    nearest = NEAREST.get(module, [name for name in names if name.startswith("test_run")])
    quick = [name for name in names if name not in nearest and name not in SLOW]
    return nearest, [*quick, *(name for name in SLOW if name not in nearest)]


def _child(mutant: Mutant, names: list[str]) -> None:
    """Run the tests in `names` on `mutant` and leave with pytest's answer; never returns."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    sys.meta_path.insert(0, Changed(mutant))
    try:
        code = int(pytest.main([*PYTEST, *(str(TESTS / name) for name in names)]))
    except BaseException:  # a mutant may raise anything at all: it is dead
        code = 1
    os._exit(code)


def _passes(mutant: Mutant, names: list[str]) -> bool:
    """Return whether the tests in `names` pass on `mutant`.

    A mutant that needs too many seconds of the processor is ended by the kernel and counts as found
    out: its own seconds count, so a busy machine finds out no more than an idle one.
    """
    child = os.fork()
    if child == 0:
        _child(mutant, names)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def survives(mutant: Mutant) -> bool:
    """Return whether every test passes on `mutant`, the nearest asked first."""
    return all(_passes(mutant, names) for names in rounds_of(mutant.module))


def _known() -> str:
    return KNOWN.read_text(encoding="utf-8") if KNOWN.exists() else ""


def say(line: str) -> None:
    """Write one line of the report at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(modules: Iterable[str], jobs: int, every: int) -> int:
    """Run every mutant of `modules` (all when none is named); return 1 for a new survivor."""
    names = list(modules) or sorted(path.stem for path in CORE.glob("*.py") if path.stem[0] != "_")
    mutants = [mutant for name in names for mutant in mutants_of(CORE / f"{name}.py")][::every]
    say(f"{len(mutants)} mutants of {len(names)} modules")
    alive: list[Mutant] = []
    with ThreadPoolExecutor(jobs) as pool:
        answers = pool.map(survives, mutants)
        for done, (mutant, survived) in enumerate(zip(mutants, answers, strict=True), start=1):
            if done % REPORT_EVERY == 0:
                say(f"{done} run")
            if survived:
                alive.append(mutant)
                say(f"survived: {mutant.name}  ({mutant.operator})")
    known = _known()
    new = [mutant for mutant in alive if f"`{mutant.before}` => `{mutant.after}`" not in known]
    killed = len(mutants) - len(alive)
    say(
        f"killed {killed} of {len(mutants)} ({killed / len(mutants):.1%}), new survivors {len(new)}"
    )
    return 1 if new else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    raise SystemExit(main(arguments.modules, arguments.jobs, arguments.every))
