"""The shape of answers: a TypedDict is what mypy checks, and what OpenAPI says, in one place.

Answers are built as plain dicts and written by orjson; no serializer stands in between. So the
schema is read from the types of those dicts.
"""

import types
from collections.abc import Mapping
from datetime import date, datetime
from inspect import cleandoc
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

PLAIN: Mapping[type, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    UUID: {"type": "string", "format": "uuid"},
}
_components: dict[str, dict[str, Any]] = {}


def schema_of(hint: Any) -> dict[str, Any]:
    """Return the JSON schema of a type; a TypedDict becomes a named component.

    Raises TypeError for a type that has no place in an answer.
    """
    if hint in PLAIN:
        return dict(PLAIN[hint])
    if isinstance(hint, type) and issubclass(hint, dict):
        return _component(hint)
    return _composed(get_origin(hint), get_args(hint), hint)


def components() -> dict[str, dict[str, Any]]:
    """Return the schema of every TypedDict that an endpoint answers with, by name."""
    return dict(_components)


def _composed(origin: Any, parts: tuple[Any, ...], hint: Any) -> dict[str, Any]:
    if origin is Annotated:
        return schema_of(parts[0]) | _noted(parts[1])
    if origin is Literal:
        return {"type": "string", "enum": list(parts)}
    if origin is list:
        return {"type": "array", "items": schema_of(parts[0])}
    if origin in {Union, types.UnionType} and type(None) in parts:
        return _or_null(next(part for part in parts if part is not type(None)))
    raise TypeError(f"{hint!r} has no JSON schema")


def _noted(note: Any) -> dict[str, Any]:
    """A note on a type says what the value means, or which choices it is one of."""
    if isinstance(note, str):
        return {"description": note}
    return {"enum": [choice.value for choice in note]}


def _or_null(hint: Any) -> dict[str, Any]:
    schema = schema_of(hint)
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    nullable = schema | {"type": [schema["type"], "null"]}
    return nullable | {"enum": [*schema["enum"], None]} if "enum" in schema else nullable


def _component(shape: type) -> dict[str, Any]:
    name = shape.__name__
    if name not in _components:
        # TypedDict leaves the class docstring of dict where there is none.
        words = cleandoc(shape.__doc__ or "") if shape.__doc__ != dict.__doc__ else ""
        hints = get_type_hints(shape, include_extras=True)
        _components[name] = {"type": "object", "description": words}
        _components[name]["required"] = sorted(hints)
        _components[name]["properties"] = {key: schema_of(hint) for key, hint in hints.items()}
    return {"$ref": f"#/components/schemas/{name}"}
