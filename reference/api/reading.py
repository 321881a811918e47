"""The fields of a JSON question: read strictly, refused by name, documented in the same place.

A quantity may be a JSON number or a decimal string. Leaving an optional field out and sending null
are the same: not known. Lists hold objects of fixed fields, so nothing is read deeper than that.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from core.api.query import LONGEST_NAME_SHOWN, Parameter, body_schema, read_day, read_instant
from core.errors import Invalid
from reference.bounds import EARLIEST_DAY, LATEST_DAY, PLACES, day_in_reach, known_zones

_AMOUNT = re.compile(rf"\d{{1,9}}(\.\d{{1,{PLACES}}})?", re.ASCII)
Problems = dict[str, list[str]]


class _Within(ValueError):
    """Problems inside a list, by their place in it."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("Not valid.")
        self.problems = problems


def read_json(fields: Iterable[Parameter], given: object) -> dict[str, Any]:
    """Return every field of a JSON object by name, its default where it was not given.

    Raises Invalid naming each field that is unknown, missing or not readable: `given[2].number`.
    """
    if not isinstance(given, Mapping):
        raise Invalid("Send a JSON object.", {"body": ["Must be a JSON object."]})
    values, problems = _object(fields, given)
    if problems:
        raise Invalid("The request is not valid.", problems)
    return values


def _object(
    fields: Iterable[Parameter], given: Mapping[Any, Any]
) -> tuple[dict[str, Any], Problems]:
    known = {field.name: field for field in fields}
    problems: Problems = {
        str(name)[:LONGEST_NAME_SHOWN]: ["There is no such field here."]
        for name in given.keys() - known.keys()
    }
    values = {}
    for name, field in known.items():
        try:
            values[name] = _value(field, given.get(name))
        except _Within as found:
            problems |= {f"{name}{place}": words for place, words in found.problems.items()}
        except ValueError as problem:
            problems[name] = [str(problem)]
    return values, problems


def _value(field: Parameter, given: Any) -> Any:
    if given is not None:
        return field.read(given)
    if field.required:
        raise ValueError("Required.")
    return field.default


def _field(
    name: str,
    words: str,
    read: Callable[[Any], Any],
    schema: Mapping[str, Any],
    *,
    default: Any,
    required: bool,
) -> Parameter:
    """Make a field; an optional one may be null, and says its default when that is a plain one."""
    if not required:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema = {**schema, "type": [*kinds, "null"]}
        if "enum" in schema:
            schema = {**schema, "enum": [*schema["enum"], None]}
        if isinstance(default, str | int | bool):
            schema = {**schema, "default": default}
    return Parameter(name, words, read, schema, default, required)


def a_choice(
    name: str, words: str, options: Iterable[str], *, default: str | None = None,
    required: bool = False,
) -> Parameter:  # fmt: skip
    """One of `options`, read as the option itself (its enum member when it is one)."""
    allowed = {str(option): option for option in options}

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"Must be one of {', '.join(allowed)}.")
        return allowed[value]

    schema = {"type": "string", "enum": list(allowed)}
    return _field(name, words, read, schema, default=default, required=required)


def some_of(name: str, words: str, options: Iterable[str]) -> Parameter:
    """Any number of `options`, read in their own order, each once."""
    allowed = {str(option): option for option in options}

    def read(value: Any) -> tuple[str, ...]:
        known = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not known or not set(value) <= set(allowed):
            raise ValueError(f"Must be a list of any of {', '.join(allowed)}.")
        return tuple(option for text, option in allowed.items() if text in value)

    schema = {"type": "array", "items": {"type": "string", "enum": list(allowed)}}
    return _field(name, words, read, schema, default=(), required=False)


def a_flag(name: str, words: str, *, default: bool | None = None) -> Parameter:
    """True or false; null where nobody knows."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("Must be true or false.")  # noqa: TRY004 - read by the caller
        return value

    return _field(name, words, read, {"type": "boolean"}, default=default, required=False)


def a_whole(
    name: str, words: str, *, minimum: int, maximum: int, default: int | None = None,
    required: bool = False,
) -> Parameter:  # fmt: skip
    """A whole number between two, both allowed."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise ValueError(f"Must be a whole number from {minimum} to {maximum}.")
        return value

    schema = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return _field(name, words, read, schema, default=default, required=required)


def an_amount(
    name: str, words: str, *, minimum: Fraction, maximum: Fraction, required: bool = False
) -> Parameter:
    """A quantity with at most three decimal places, as a number or as a string; read exactly."""
    problem = f"Must be a number from {minimum} to {maximum} with at most {PLACES} decimals."

    def read(value: Any) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(problem)  # noqa: TRY004 - read by the caller
        written = value if isinstance(value, str) else repr(value)
        if not _AMOUNT.fullmatch(written) or not minimum <= Fraction(written) <= maximum:
            raise ValueError(problem)
        return Fraction(written)

    schema = {
        "type": ["number", "string"],
        "minimum": int(minimum),
        "maximum": int(maximum),
        "pattern": f"^{_AMOUNT.pattern}$".replace(r"\d", "[0-9]"),
    }
    return _field(name, words, read, schema, default=None, required=required)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Must be a string.")  # noqa: TRY004 - read by the caller
    return value


def _day(value: Any) -> date:
    return day_in_reach(read_day(_text(value)))


def _moment(value: Any) -> datetime:
    moment = read_instant(_text(value))
    day_in_reach(moment.date())
    return moment


def _zone(value: Any) -> ZoneInfo:
    if not isinstance(value, str) or value not in known_zones():
        raise ValueError("Must be an IANA time zone such as Europe/Berlin.")
    return ZoneInfo(value)


def a_calendar_day(name: str, words: str, *, required: bool = False) -> Parameter:
    """A day the calculator reckons with."""
    schema = {"type": "string", "format": "date"}
    reach = f" From {EARLIEST_DAY} to {LATEST_DAY}."
    return _field(name, words + reach, _day, schema, default=None, required=required)


def a_moment(name: str, words: str, *, required: bool = False) -> Parameter:
    """An instant with its offset, read as UTC."""
    schema = {"type": "string", "format": "date-time"}
    return _field(name, words, _moment, schema, default=None, required=required)


def some_words(name: str, words: str, *, longest: int, required: bool = False) -> Parameter:
    """Printable text, blanks around it cut off."""

    def read(value: Any) -> str:
        kept = _text(value).strip()
        if not kept or len(kept) > longest or not kept.isprintable():
            raise ValueError(f"Must be 1 to {longest} printable characters.")
        return kept

    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return _field(name, words, read, schema, default=None, required=required)


def many(
    name: str, words: str, fields: Iterable[Parameter], *, most: int, least: int = 0,
    default: tuple[()] | None = (),
) -> Parameter:  # fmt: skip
    """A list of objects, each with the same `fields`; read as a list of dictionaries."""
    known = tuple(fields)
    inner = body_schema(known)["application/json"]
    schema = {"type": "array", "items": inner, "minItems": least, "maxItems": most}
    read = partial(_list, fields=known, least=least, most=most)
    return _field(name, words, read, schema, default=default, required=least > 0)


def _list(
    value: Any, *, fields: tuple[Parameter, ...], least: int, most: int
) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ValueError(f"Must be a list of {least} to {most} objects.")
    items, problems = [], {}
    for place, item in enumerate(value):
        if not isinstance(item, Mapping):
            problems[f"[{place}]"] = ["Must be a JSON object."]
            continue
        read, wrong = _object(fields, item)
        items.append(read)
        problems |= {f"[{place}].{name}": words for name, words in wrong.items()}
    if problems:
        raise _Within(problems)
    return items


ZONE = _field(
    "time_zone",
    "IANA time zone of every instant in the answer, and of the day an infusion ends on. "
    "The clinic's own when not given.",
    _zone,
    {"type": "string", "maxLength": 60},
    default=None,
    required=False,
)
