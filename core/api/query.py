"""Query parameters and body fields, declared once: what is read, refused, and documented.

Every endpoint names what it takes. Anything else is refused by name, because a filter that is
silently ignored answers with other people's records.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from core.errors import Invalid

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# A plus sign that was not percent-encoded arrives as a space; there is only one way to mean it.
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+\- ]\d{2}:\d{2})", re.ASCII
)
_WALL = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_DIGITS = re.compile(r"\d{1,6}(\.\d{1,3})?", re.ASCII)
LONGEST_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named input. `read` returns its value or raises ValueError saying what is allowed."""

    name: str
    words: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any] = field(default_factory=dict)
    default: Any = None
    required: bool = False
    whole: bool = False  # of a body: `read` takes the JSON value as it came, not only a string


def read_query(parameters: Iterable[Parameter], given: QueryDict) -> dict[str, Any]:
    """Return every parameter's value by name, its default where it was not given.

    Raises Invalid naming each parameter that is unknown, given twice, or not readable.
    """
    problems = {
        name[:LONGEST_NAME_SHOWN]: ["Give this only once."]
        for name, values in given.lists()
        if len(values) > 1
    }
    return _read(parameters, given.dict(), problems)


def read_body(fields: Iterable[Parameter], given: object) -> dict[str, Any]:
    """Return every field of a JSON object by name, as `read_query` does.

    Values are strings, but for the fields that say otherwise (`whole`).
    """
    if not isinstance(given, Mapping):
        raise Invalid("Send a JSON object.", {"body": ["Must be a JSON object."]})
    fields = tuple(fields)
    whole = {field.name for field in fields if field.whole}
    problems = {
        str(name)[:LONGEST_NAME_SHOWN]: ["Must be a string."]
        for name, value in given.items()
        if not isinstance(value, str) and name not in whole
    }
    return _read(fields, given, problems)


def _read(
    parameters: Iterable[Parameter], given: Mapping[str, Any], problems: dict[str, list[str]]
) -> dict[str, Any]:
    known = {parameter.name: parameter for parameter in parameters}
    for name in given.keys() - known.keys():
        problems[name[:LONGEST_NAME_SHOWN]] = ["There is no such parameter here."]
    values = {}
    for name, parameter in known.items():
        if name in problems:
            continue
        try:
            values[name] = _value(parameter, given)
        except ValueError as exc:
            problems[name] = [str(exc)]
    if problems:
        raise Invalid("The request is not valid.", problems)
    return values


def _value(parameter: Parameter, given: Mapping[str, str]) -> Any:
    if parameter.name in given:
        return parameter.read(given[parameter.name])
    if parameter.required:
        raise ValueError("Required.")
    return parameter.default


def documented(parameters: Iterable[Parameter]) -> list[OpenApiParameter]:
    """Return the parameters as OpenAPI states them, bounds and defaults included."""
    return [
        OpenApiParameter(
            parameter.name,
            type=dict(parameter.schema),
            required=parameter.required,
            description=parameter.words,
            explode=False if parameter.schema.get("type") == "array" else None,
            style="form" if parameter.schema.get("type") == "array" else None,
        )
        for parameter in parameters
    ]


def body_schema(fields: Iterable[Parameter]) -> dict[str, Any]:
    """Return a JSON body's fields as `extend_schema(request=...)` takes them."""
    known = tuple(fields)
    return {
        "application/json": {
            "type": "object",
            "required": [one.name for one in known if one.required],
            "properties": {one.name: {**one.schema, "description": one.words} for one in known},
            "additionalProperties": False,
        }
    }


def read_day(text: str) -> date:
    """Read a calendar day, years 0001 to 9999."""
    problem = "Must be a date such as 2026-03-02."
    if not _DAY.fullmatch(text):
        raise ValueError(problem)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(problem) from None


def read_instant(text: str) -> datetime:
    """Read an instant with its offset, as UTC."""
    problem = "Must be a time with an offset, such as 2026-03-02T09:00:00+01:00."
    if not _INSTANT.fullmatch(text):
        raise ValueError(problem)
    try:
        return datetime.fromisoformat(text.replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(problem) from None


def read_uuid(text: str) -> UUID:
    """Read an id."""
    if not _UUID.fullmatch(text):
        raise ValueError("Must be an id such as 0b0f6c3a-1c5e-4d2f-9a57-3f6f2f1d7c11.")
    return UUID(text)


def read_wall_time(text: str) -> time:
    """Read a time of day on the clinic's wall clock, 00:00 to 23:59."""
    if not _WALL.fullmatch(text):
        raise ValueError("Must be a time of day such as 09:30.")
    return time.fromisoformat(text)


def a_wall_time(name: str, words: str) -> Parameter:
    """A time of day on the clinic's wall clock."""
    return Parameter(name, words, read_wall_time, {"type": "string", "pattern": _WALL.pattern})


def a_day(name: str, words: str, *, required: bool = False) -> Parameter:
    """A calendar day."""
    schema = {"type": "string", "format": "date"}
    return Parameter(name, words, read_day, schema, required=required)


def an_instant(name: str, words: str, *, required: bool = False) -> Parameter:
    """A moment with its offset."""
    schema = {"type": "string", "format": "date-time"}
    return Parameter(name, words, read_instant, schema, required=required)


def an_id(name: str, words: str, *, required: bool = False) -> Parameter:
    """The id of a patient, a chair, a visit."""
    schema = {"type": "string", "format": "uuid"}
    return Parameter(name, words, read_uuid, schema, required=required)


def some_of(name: str, options: Iterable[str], words: str) -> Parameter:
    """One or more of `options`, separated by commas; read as a tuple without repeats."""
    allowed = tuple(options)

    def read(text: str) -> tuple[str, ...]:
        chosen = tuple(dict.fromkeys(text.split(",")))
        if not set(chosen) <= set(allowed):
            raise ValueError(f"Must be one or more of {', '.join(allowed)}.")
        return chosen

    items = {"type": "string", "enum": list(allowed)}
    return Parameter(name, words, read, {"type": "array", "items": items, "minItems": 1})


def a_number(name: str, words: str, *, minimum: int, maximum: int, default: int) -> Parameter:
    """A whole number between `minimum` and `maximum`, both allowed."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not minimum <= int(text) <= maximum:
            raise ValueError(f"Must be a whole number from {minimum} to {maximum}.")
        return int(text)

    schema = {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default}
    return Parameter(name, words, read, schema, default)


def some_text(name: str, words: str, *, longest: int, required: bool = False) -> Parameter:
    """Printable text of 1 to `longest` characters, blanks around it cut off."""

    def read(text: str) -> str:
        kept = text.strip()
        if not kept or len(text) > longest or not kept.isprintable():
            raise ValueError(f"Must be 1 to {longest} printable characters.")
        return kept

    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return Parameter(name, words, read, schema, required=required)


def a_decimal(name: str, words: str, *, required: bool = False) -> Parameter:
    """Exact digits, as a string: `42.5`, never a float."""

    def read(text: str) -> Decimal:
        if not _DIGITS.fullmatch(text):
            raise ValueError("Must be digits such as 42.5.")
        return Decimal(text)

    schema = {"type": "string", "pattern": f"^{_DIGITS.pattern}$"}
    return Parameter(name, words, read, schema, required=required)


def one_of(name: str, options: Iterable[str], words: str, *, required: bool = False) -> Parameter:
    """One of `options`."""
    allowed = tuple(options)

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"Must be one of {', '.join(allowed)}.")
        return text

    schema = {"type": "string", "enum": list(allowed)}
    return Parameter(name, words, read, schema, required=required)


def a_flag(name: str, words: str, *, required: bool = False) -> Parameter:
    """True or false, in a body."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("Must be true or false.")  # noqa: TRY004 - one way to refuse
        return value

    return Parameter(
        name, words, read, {"type": "boolean"}, default=False, required=required, whole=True
    )
