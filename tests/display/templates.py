"""Reads every template of the project for the tests that hold their shape."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.template.base import Lexer, Token, TokenType
from django.utils.text import smart_split

from tests.architecture.tree import ROOMS, ROOT

FOLDERS = [ROOT / "templates", *(ROOT / room / "templates" for room in ROOMS)]
PATHS = sorted(path for folder in FOLDERS for path in folder.rglob("*.html"))

MOMENTS = {
    "clinical_date",
    "clinical_time",
    "clinical_seconds",
    "clinical_datetime",
    "patient_date",
    "instant",
    "exact_time",
}
DAYS = {"clinical_date", "patient_date", "age", "instant", "weekday"}
NEVER: set[str] = set()
HTTP = {"answer.status"}
"""A status of HTTP, printed by the page about the API, is no clinical state."""
RULES: list[tuple[str, set[str]]] = [
    (r"(_ml_per_hour|^rate|_rate)$", {"rate", "spoken_rate"}),
    (r"(_at|_until|^now)$", MOMENTS),
    (r"(_on|_date|_day|^day|^date)$", DAYS),
    (r"(_mg|_ml|_kg|_mcg)$", {"quantity"}),
    (r"(_minutes|^length|^duration|_length|_time_left)$", {"duration"}),
    (r"^(family_name|given_names)$", {"person_name"}),
    (r"^allergy_status$", {"allergy_state"}),
    (r"^(status|state)$", NEVER),
    (r"^(patient|person|medicine)$", {"person_name", "surname", "medicine_line"}),
]
"""Names that hold a raw value, and the filters of which the first must follow."""
CODE_SYSTEMS = {"CVX", "LOINC", "SNOMED CT"}
"""Names that are the same in every language."""
FORBIDDEN_FILTERS = {
    "date",
    "time",
    "timesince",
    "timeuntil",
    "floatformat",
    "safe",
    "safeseq",
    "localize",
    "unlocalize",
    "upper",
    "truncatechars",
    "truncatewords",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A printed expression: the last name on its path, and its filters in order."""

    text: str
    name: str
    filters: tuple[str, ...]


def tokens(source: str) -> list[Token]:
    """The template as Django cuts it."""
    return list(Lexer(source).tokenize())


def expressions(source: str) -> Iterator[Expression]:
    """Everything the template prints: variables, and what blocktranslate binds under a new name."""
    bound: set[str] = set()
    for token in tokens(source):
        if token.token_type is TokenType.VAR:
            printed = parse(token.contents)
            if printed.text not in bound:
                yield printed
        elif token.token_type is TokenType.BLOCK and token.contents.startswith("blocktrans"):
            pairs = [bit.split("=", 1) for bit in smart_split(token.contents) if "=" in bit]
            bound = {name for name, _ in pairs}
            yield from (parse(value) for _, value in pairs)
        elif token.token_type is TokenType.BLOCK and token.contents.startswith("endblocktrans"):
            bound = set()


def parse(text: str) -> Expression:
    """Cut `a.b|filter:"x|y"|other` at the bars outside quotes."""
    path, *filters = re.split(r"""\|(?=(?:[^"']*["'][^"']*["'])*[^"']*$)""", text.strip())
    names = tuple(part.split(":", 1)[0].strip() for part in filters)
    return Expression(text, path.strip().split(".")[-1], names)


def raw_value(expression: Expression) -> str:
    """Why this expression may not be printed; empty when it may."""
    wrong = FORBIDDEN_FILTERS & set(expression.filters)
    if wrong:
        return f"{expression.text}: {wrong.pop()} is not a filter for clinical pages"
    if expression.text in HTTP:
        return ""
    for pattern, allowed in RULES:
        if re.search(pattern, expression.name):
            first = expression.filters[0] if expression.filters else ""
            return "" if first in allowed else f"{expression.text}: needs one of {sorted(allowed)}"
    return ""


def markup(source: str) -> str:
    """The HTML alone: comments, tags and variables of the template taken out."""
    return "".join(token.contents for token in tokens(source) if token.token_type is TokenType.TEXT)


def untranslated(source: str) -> list[str]:
    """Words for a reader that no translation tag holds."""
    source = re.sub(r"{%\s*blocktrans.*?{%\s*endblocktrans\w*\s*%}", "", source, flags=re.S)
    source = re.sub(r"{%\s*block \w*class\s*%}.*?{%\s*endblock\s*%}", "", source, flags=re.S)
    html = re.sub(r"<(code|kbd|script|style)\b.*?</\1>", "", markup(source), flags=re.S)
    html = re.sub(r"<!doctype[^>]*>", "", html, flags=re.I)
    spoken = re.findall(
        r"""\b(?:aria-label|placeholder|title|alt)=["']([^"'<>]*[A-Za-z]{2,}[^"'<>]*)["']""", html
    )
    text = re.sub(r"<[^>]*>", " ", html, flags=re.S)
    words = re.findall(r"[A-Za-z][A-Za-z ,.']{2,}", text)
    return [said for found in spoken + words if (said := found.strip()) not in CODE_SYSTEMS]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
