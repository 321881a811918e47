"""Every small change worth making to the core, one at a time, by cosmic-ray's operators."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cosmic_ray.plugins  # type: ignore[import-untyped]
from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-untyped]
from cosmic_ray.mutating import mutate_code  # type: ignore[import-untyped]

ARITHMETIC = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul")
ORDER = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
# Replacements between unlike operators (a sum by a bit shift, an order by an identity) only raise.
CHOSEN = (
    *(f"ReplaceBinaryOperator_{name}" for name in ARITHMETIC),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a in ORDER for b in ORDER if a != b),
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_USub_UAdd",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed module: which, how, on which line, and its whole new text."""

    module: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """How the mutant is written in docs/clinical/mutants.md."""
        return f"{self.module}:{self.line} {self.before} => {self.after}"


def _changed(original: str, mutated: str) -> tuple[str, str]:
    for old, new in zip(original.splitlines(), mutated.splitlines(), strict=False):
        if old != new:
            return old.strip(), new.strip()
    return "", ""


def _only_signature(before: str, after: str) -> bool:
    """Whether the star that makes parameters keyword-only was taken for a multiplication."""
    return before.replace("*,", "/,") == after


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of one module, each text once."""
    original = path.read_text(encoding="utf-8")
    nodes, seen = list(ast_nodes(get_ast(original))), {original}
    for name in CHOSEN:
        operator = cosmic_ray.plugins.get_operator(f"core/{name}")()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, ((line, _), _) in enumerate(places):
            source = mutate_code(original, operator, occurrence)
            if source is None or source in seen:
                continue
            seen.add(source)
            before, after = _changed(original, source)
            if _only_signature(before, after):
                continue
            yield Mutant(
                module=path.stem,
                operator=name,
                line=line,
                before=before,
                after=after,
                source=source,
            )
