"""The shape of the code, checked like any other behaviour."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import CODE, ROOMS, ROOT, modules, name_of

MODULES = modules(*CODE)
FUNCTION_LINES = 40


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_fits_in_the_head(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 400


def test_most_modules_are_small() -> None:
    # The aim is 80; docs/adr/0020 says why it is more today.
    lengths = [len(path.read_text().splitlines()) for path in MODULES]
    assert statistics.median([length for length in lengths if length]) <= 90


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_function_fits_on_a_screen(module: Path) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in functions(module)
        if node.end_lineno and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("module", modules(*ROOMS), ids=name_of)
def test_no_module_is_called_utils_and_nothing_waits_for_later(module: Path) -> None:
    assert module.stem not in {"utils", "helpers", "common", "misc"}
    words = module.read_text().split()
    assert not {"TO" + "DO", "FIX" + "ME", "X" + "XX"} & {word.strip("#:") for word in words}


SERVICES = [path for path in modules(*ROOMS) if "services" in path.parts]


@pytest.mark.parametrize("module", SERVICES, ids=name_of)
def test_every_public_service_is_a_command_and_explains_itself(module: Path) -> None:
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            assert {"command", "joins"} & decorators, f"{node.name} is neither command nor joins"
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("module", SERVICES, ids=name_of)
def test_a_command_takes_keywords_and_the_present_instant(module: Path) -> None:
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef) and "command" in map(ast.unparse, node.decorator_list):
            keywords = {argument.arg for argument in node.args.kwonlyargs}
            assert not node.args.args, f"{node.name} takes positional arguments"
            assert "now" in keywords, node.name


def test_only_the_clock_asks_for_the_time() -> None:
    calls = ("timezone.now(", "datetime.now(", "date.today(", "time.time(")
    allowed = {ROOT / "core" / "clock.py"}
    found = {
        name_of(path)
        for path in modules(*ROOMS)
        if path not in allowed and any(call in path.read_text() for call in calls)
    }
    assert found == set()


def test_the_clinical_core_runs_without_django() -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules("clinical")]
    code = f"import sys, {', '.join(names)}; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_run_time_dependencies_are_few_and_each_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.split("dependencies = [", 1)[1].split("\n]", 1)[0].strip().splitlines()
    pairs = list(zip(block[::2], block[1::2], strict=True))
    assert len(pairs) <= 20
    for reason, dependency in pairs:
        assert reason.strip().startswith("# "), dependency
        assert dependency.strip().startswith('"'), dependency


def test_lock_files_carry_no_index_address() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text()
        assert "--index" not in lock.read_text().replace("--no-emit-index-url", "")
