"""Parts of a body that are no plain strings: answers by question, vials, storage, signs."""

from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

from clinical.beyond_use import Kept, Place
from core.api.query import (
    Parameter,
    a_day,
    a_decimal,
    a_flag,
    a_number,
    an_instant,
    body_schema,
    one_of,
    read_body,
    some_text,
)
from core.errors import Invalid
from infusion.bag import Bag, Vial

LONGEST = 500
MOST_ROWS = 20


def texts(name: str, words: str) -> Parameter:
    """An object of strings by name."""

    def read(value: Any) -> dict[str, str]:
        plain = isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())
        if not plain or any(len(one) > LONGEST or "\x00" in one for one in value.values()):
            raise ValueError(f"Must be an object of texts of at most {LONGEST} characters.")
        return dict(value)

    schema = {"type": "object", "additionalProperties": {"type": "string", "maxLength": LONGEST}}
    return Parameter(name, words, read, schema, default={}, whole=True)


def codes(name: str, words: str) -> Parameter:
    """A list of short strings."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError("Must be a list of strings.")
        return tuple(value)

    schema = {"type": "array", "items": {"type": "string"}}
    return Parameter(name, words, read, schema, default=(), whole=True)


def rows(
    name: str, words: str, fields: tuple[Parameter, ...], make: Callable[..., Any]
) -> Parameter:
    """A list of objects, each made of `fields`."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not 0 < len(value) <= MOST_ROWS:
            raise ValueError(f"Must be a list of 1 to {MOST_ROWS} objects.")
        try:
            return tuple(make(**read_body(fields, one)) for one in value)
        except Invalid as refusal:
            found = next(iter(refusal.fields.items()))
            raise ValueError(f"{found[0]}: {found[1][0]}") from None

    schema = {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": shape_of(fields)}
    return Parameter(name, words, read, schema, required=True, whole=True)


def shape_of(fields: tuple[Parameter, ...]) -> dict[str, Any]:
    """Return the JSON schema of an object made of `fields`."""
    schema: dict[str, Any] = body_schema(fields)["application/json"]
    return schema


def needed(field: Parameter) -> Parameter:
    """Return the same field, required."""
    return Parameter(field.name, field.words, field.read, field.schema, required=True)


def names(options: type[Enum]) -> list[str]:
    """Return the values of an enumeration, as JSON has them."""
    return [str(option.value) for option in options]


def _vial(lot: str, expires_on: Any, gtin: str | None) -> Vial:
    return Vial(lot=lot, expires_on=expires_on, gtin=gtin or "")


def _kept(place: str, since: Any) -> Kept:
    return Kept(place=Place(place), since=since)


VIAL = (
    some_text("lot", "As on the label.", longest=20, required=True),
    needed(a_day("expires_on", "Its last day.")),
    some_text("gtin", "The product number of its code.", longest=14),
)
KEPT = (
    one_of("place", names(Place), "Where.", required=True),
    an_instant("since", "From when.", required=True),
)
BAG = (
    some_text("drug", "As on the vial.", longest=80, required=True),
    some_text("route", "As on the vial: IV.", longest=20, required=True),
    needed(a_number("labelled_mg", "mg in one vial.", minimum=1, maximum=9999, default=0)),
    needed(a_number("dose_mg", "mg in the bag.", minimum=1, maximum=9999, default=0)),
    a_decimal("volume_ml", "mL in the bag.", required=True),
    rows("vials", "The vials in it.", VIAL, _vial),
    an_instant("prepared_at", "When it was made.", required=True),
    a_flag("codes_checked", "Vials whose code the clinic does not know were read by eye."),
    rows("storage", "Where it was kept, from its preparation on.", KEPT, _kept),
    some_text("filter_micron", "Pore size of the in-line filter.", longest=10, required=True),
    a_flag("dedicated_line", "Nothing else runs through its line.", required=True),
    a_flag("discoloured", "What it looks like."),
    a_flag("foreign_particles", "What it looks like."),
)


def bag_of(values: Mapping[str, Any]) -> Bag:
    """Return the bag of a body that was read by BAG."""
    named = {field.name for field in BAG}
    kept = {name: value for name, value in values.items() if name in named}
    return Bag(**{**kept, "volume_ml": Fraction(kept["volume_ml"])})
