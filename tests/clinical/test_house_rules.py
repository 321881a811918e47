"""The core holds no clinical number, knows only the standard library, and names every rule."""

import ast
import importlib
import re
import sys
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest

import clinical
from clinical.protocol import load

ROOT = Path(__file__).parents[2]
CORE = Path(clinical.__file__).parent
MODULES = sorted(CORE.glob("*.py"))
RULE_ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+|[A-Z]{8,}")

# Numbers that are arithmetic, not medicine: nothing, one and half of a time; hours into seconds;
# and by file, what the calendar itself is made of.
ARITHMETIC = {0, 1, 2}
BY_FILE = {
    "calendar.py": {12, 400},  # months in a year; how far a clinic day is looked for
    "titration.py": {3600},  # seconds in an hour
}


def numbers(module: Path) -> set[float]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_clinical_number_lives_in_python(module: Path) -> None:
    assert numbers(module) <= ARITHMETIC | BY_FILE.get(module.name, set())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_number_hides_in_a_string(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    called = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Fraction", "Decimal", "int", "float"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert all(value in ARITHMETIC for value in called)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_only_the_standard_library_is_imported(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            roots.add(str(node.module).split(".")[0])
    assert roots <= set(sys.stdlib_module_names) | {"clinical"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_clock_is_read(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert not re.search(r"\.(now|today|utcnow)\(|time\.time\(", text)


FOLDED = {"Timeline", "Recovery", "Note"}  # the fold's own state, never handed out


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_value_is_frozen_and_built_by_name(module: Path) -> None:
    found = importlib.import_module(
        f"clinical.{module.stem}" if module.stem[0] != "_" else "clinical"
    )
    for cls in vars(found).values():
        if isinstance(cls, type) and is_dataclass(cls) and cls.__module__ == found.__name__:
            frozen = vars(cls)["__dataclass_params__"].frozen
            assert frozen is (cls.__name__ not in FOLDED), cls
            assert "__slots__" in vars(cls), cls
            assert all(field.kw_only for field in fields(cls)), cls


def rules_in_code() -> set[str]:
    found: set[str] = set()
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if RULE_ID.fullmatch(node.value) else set()
    return found


@pytest.mark.parametrize("edition", load().editions())
def test_every_rule_of_the_protocol_is_used_and_every_rule_used_is_there(edition: str) -> None:
    assert rules_in_code() == set(load("ocrelizumab", edition).rules)


def table(name: str) -> list[dict[str, str]]:
    """The first table of a page in docs/clinical, one dict a row."""
    lines = (ROOT / "docs" / "clinical" / name).read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    head, body = rows[0], rows[2:]
    return [dict(zip(head, row, strict=True)) for row in body]


def test_the_rules_page_and_the_protocol_say_the_same() -> None:
    written = {
        row["Rule"].strip("`"): (
            row["What it says"],
            row["Severity"],
            row["Source"],
            row["Grade"],
            row["May go past it"],
        )
        for row in table("rules.md")
    }
    held = {
        rule.id: (
            rule.title,
            str(rule.severity),
            ", ".join(rule.source),
            f"{rule.grade}{' (sign-off)' if rule.needs_sign_off else ''}",
            ", ".join(rule.override_by) or "nobody",
        )
        for rule in load().rules.values()
    }
    assert written == held


@cache
def sources_of_tests(*, everywhere: bool = False) -> dict[str, str]:
    """The text of every test in this folder, or in all, decorators included, by module and name."""
    sources: dict[str, str] = {}
    here = Path(__file__).parent
    modules = here.parent.rglob("test_*.py") if everywhere else here.glob("test_*.py")
    for module in sorted(modules):
        text = module.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
                body = text.splitlines()[first - 1 : node.end_lineno]
                sources[f"{module.name}::{node.name}"] = "\n".join(body)
    return sources


def holders_of(rule_id: str) -> set[str]:
    """Every test that names the rule."""
    return {name for name, text in sources_of_tests().items() if f'"{rule_id}"' in text}


@pytest.mark.parametrize("row", table("rules.md"), ids=lambda row: row["Rule"].strip("`"))
def test_the_test_that_holds_a_rule_exists_and_names_it(row: dict[str, str]) -> None:
    assert row["Held by"].strip("`") in holders_of(row["Rule"].strip("`"))


def test_every_hazard_names_rules_or_tests_that_exist() -> None:
    rules, rows = set(load().rules), table("hazards.md")
    assert len(rows) > 10
    tests = set(sources_of_tests(everywhere=True))
    covered: set[str] = set()
    for row in rows:
        named = set(re.findall(r"`([^`]+)`", row["Held off by"]))
        assert named, row["Hazard"]
        assert named <= rules | tests, row["Hazard"]
        covered |= named & rules
    assert covered == rules
