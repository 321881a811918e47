"""From a parsed TOML document to a checked `Protocol`: unknown, missing and unsourced are errors.

A leaf is a table with `value`, `source` (a list of references) and `grade`, and perhaps `note`, or
`confirm`: why a pharmacist still signs it off though its grade alone does not ask for that.
An edition is an overlay of such leaves, each with its own source and grade, over the default.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from clinical import model
from clinical.findings import Grade, Rule, Severity

DEFAULT_EDITION = "default"
ROLES = frozenset({"nurse", "pharmacist", "prescriber"})
_LEAF_KEYS = frozenset({"value", "source", "grade", "note", "confirm"})
_RULE_KEYS = frozenset({"title", "severity", "override", "clears_when", "source", "grade"})
_HEADER_KEYS = frozenset({"name", "drug", "brand", "version"})
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "wk": "weeks"}
_DURATION = re.compile(r"(\d+) (min|h|d|wk)")
_SECTIONS = {
    "dosing": model.Dosing,
    "calendar": model.CalendarRules,
    "preparation": model.PreparationRules,
    "premedication": model.PremedicationRules,
    "titration": model.TitrationRules,
    "reaction": model.ReactionRules,
    "observation": model.ObservationRules,
    "eligibility": model.EligibilityRules,
}


class ProtocolError(ValueError):
    """The protocol file is not one that may be used; the message names the key at fault."""


def _is_leaf(node: object) -> bool:
    return isinstance(node, dict) and "value" in node


def _check_keys(path: str, found: set[str], allowed: frozenset[str], needed: set[str]) -> None:
    if unknown := found - allowed:
        raise ProtocolError(f"{path}: unknown key {sorted(unknown)[0]!r}")
    if missing := needed - found:
        raise ProtocolError(f"{path}: missing key {sorted(missing)[0]!r}")


def _overlay(
    base: dict[str, Any], over: Mapping[str, Any], edition: str, path: str = ""
) -> dict[str, Any]:
    """Return `base` with the leaves of `over` replacing its own, each marked with `edition`."""
    merged = dict(base)
    for key, node in over.items():
        here = f"{path}.{key}" if path else key
        if key not in base:
            raise ProtocolError(f"editions.{edition}.{here}: unknown key, the default has none")
        if not isinstance(node, dict):
            raise ProtocolError(f"editions.{edition}.{here}: expected a table")
        if path == "rules":
            _check_keys(here, set(node), _RULE_KEYS, {"source", "grade"})
            merged[key] = {**base[key], **node}
        elif _is_leaf(node):
            merged[key] = {**node, "set_by": edition}
        else:
            merged[key] = _overlay(base[key], node, edition, here)
    return merged


def _sources(path: str, node: Mapping[str, Any], known: Mapping[str, str]) -> tuple[str, ...]:
    refs = node["source"]
    if not isinstance(refs, list) or not refs:
        raise ProtocolError(f"{path}: source must be a list of references")
    for ref in refs:
        if ref not in known:
            raise ProtocolError(f"{path}: unknown source {ref!r}")
    return tuple(refs)


def _grade(path: str, node: Mapping[str, Any]) -> Grade:
    try:
        return Grade(node["grade"])
    except ValueError:
        raise ProtocolError(f"{path}: unknown grade {node['grade']!r}") from None


def _needs_sign_off(grade: Grade, source: tuple[str, ...]) -> bool:
    """One secondary source alone is not enough; neither is practice, policy or memory."""
    if grade is Grade.SECONDARY:
        return len(source) == 1
    return grade in {Grade.PRACTICE, Grade.POLICY, Grade.MEMORY}


def _scalar(path: str, value: object, kind: Any) -> Any:
    """Return `value` as `kind`; floats are refused because they are not exact."""
    if kind is timedelta:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ProtocolError(f"{path}: expected a duration such as '30 min', got {value!r}")
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if kind is Fraction and isinstance(value, int | str) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and isinstance(value, str):
        return kind(value)
    if kind in {int, bool, str} and type(value) is kind:
        return value
    raise ProtocolError(f"{path}: expected {getattr(kind, '__name__', kind)}, got {value!r}")


def _convert(path: str, value: object, kind: Any) -> Any:
    if typing.get_origin(kind) is types.UnionType:
        kind = next(arg for arg in typing.get_args(kind) if arg is not type(None))
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ProtocolError(f"{path}: expected a list, got {value!r}")
        inner = typing.get_args(kind)[0]
        return tuple(_convert(f"{path}[{n}]", item, inner) for n, item in enumerate(value))
    if dataclasses.is_dataclass(kind):
        return _row(path, value, kind)
    try:
        return _scalar(path, value, kind)
    except ProtocolError:
        raise
    except ValueError as problem:
        raise ProtocolError(f"{path}: {problem}") from None


def _names(cls: Any) -> tuple[frozenset[str], set[str]]:
    """Return every field name of `cls`, and those without a default."""
    fields = dataclasses.fields(cls)
    needed = {field.name for field in fields if field.default is dataclasses.MISSING}
    return frozenset(field.name for field in fields), needed


def _row(path: str, value: object, cls: Any) -> Any:
    """Build one row of a table (inside a leaf, so without sources of its own)."""
    if not isinstance(value, dict):
        raise ProtocolError(f"{path}: expected a table, got {value!r}")
    allowed, needed = _names(cls)
    _check_keys(path, set(value), allowed, needed)
    hints = typing.get_type_hints(cls)
    return cls(**{key: _convert(f"{path}.{key}", item, hints[key]) for key, item in value.items()})


def _section(path: str, node: object, cls: Any) -> Any:
    """Build one section: every field a sourced leaf or a section of its own."""
    if not isinstance(node, dict):
        raise ProtocolError(f"{path}: expected a table, got {node!r}")
    allowed, needed = _names(cls)
    _check_keys(path, set(node), allowed, needed)
    hints = typing.get_type_hints(cls)
    built: dict[str, Any] = {}
    for key, child in node.items():
        here = f"{path}.{key}"
        if dataclasses.is_dataclass(hints[key]):
            built[key] = _section(here, child, hints[key])
        elif _is_leaf(child):
            built[key] = _convert(here, child["value"], hints[key])
        else:
            raise ProtocolError(f"{here}: expected a table with value, source and grade")
    return cls(**built)


def _leaves(
    path: str, node: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[model.SourcedValue]:
    for key, child in node.items():
        here = f"{path}.{key}"
        if not _is_leaf(child):
            yield from _leaves(here, child, known)
            continue
        _check_keys(here, set(child) - {"set_by"}, _LEAF_KEYS, {"source", "grade"})
        source, grade = _sources(here, child, known), _grade(here, child)
        confirm = child.get("confirm", "")
        yield model.SourcedValue(
            path=here,
            value=child["value"],
            source=source,
            grade=grade,
            needs_sign_off=bool(confirm) or _needs_sign_off(grade, source),
            confirm=confirm,
            note=child.get("note", ""),
            set_by=child.get("set_by", DEFAULT_EDITION),
        )


def _rule(rule_id: str, node: object, known: Mapping[str, str]) -> Rule:
    path = f"rules.{rule_id}"
    if not isinstance(node, dict):
        raise ProtocolError(f"{path}: expected a table")
    _check_keys(path, set(node), _RULE_KEYS, set(_RULE_KEYS))
    if strangers := set(node["override"]) - ROLES:
        raise ProtocolError(f"{path}: unknown role {sorted(strangers)[0]!r}")
    source, grade = _sources(path, node, known), _grade(path, node)
    return Rule(
        id=rule_id,
        title=node["title"],
        severity=_convert(f"{path}.severity", node["severity"], Severity),
        source=source,
        grade=grade,
        needs_sign_off=_needs_sign_off(grade, source),
        clears_when=node["clears_when"],
        override_by=tuple(node["override"]),
    )


def build(document: Mapping[str, Any], edition: str) -> model.Protocol:
    """Return `edition` of the protocol in a parsed TOML `document`.

    Raises ProtocolError, naming the key, for anything unknown, missing, mistyped or unsourced.
    """
    parts = {"protocol", "sources", "editions", "rules", *_SECTIONS}
    _check_keys("protocol file", set(document), frozenset(parts), parts)
    names = (DEFAULT_EDITION, *document["editions"])
    if edition not in names:
        raise ProtocolError(f"unknown edition {edition!r}, expected one of {', '.join(names)}")
    body = {key: document[key] for key in (*_SECTIONS, "rules")}
    if edition != DEFAULT_EDITION:
        body = _overlay(body, document["editions"][edition], edition)
    header, known = document["protocol"], document["sources"]
    _check_keys("protocol", set(header), _HEADER_KEYS, set(_HEADER_KEYS))
    sections = {key: _section(key, body[key], cls) for key, cls in _SECTIONS.items()}
    return model.Protocol(
        **header,
        edition=edition,
        edition_names=names,
        sources=MappingProxyType(dict(known)),
        rules=MappingProxyType(
            {key: _rule(key, node, known) for key, node in body["rules"].items()}
        ),
        values=tuple(value for key in _SECTIONS for value in _leaves(key, body[key], known)),
        **sections,
    )
