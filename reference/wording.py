"""A protocol's values as a person reads them, straight from the file: units by the key's name."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinical.protocol import ReactionSeverity
from core import display
from reference.labels import CHOSEN, SIGNS_TAKEN

_DURATION = re.compile(r"(\d+) (min|h|d|wk)")
_NUMBER = re.compile(r"\d+(\.\d+)?")
UNITS = (
    ("mg_per_ml", "mg/mL"),
    ("mg_per_kg", "mg/kg"),
    ("ml_h", "mL/h"),
    ("mg", "mg"),
    ("ml", "mL"),
    ("kg", "kg"),
    ("micron", "micron"),
    ("x_uln", "times ULN"),
)
"""The end of a key, and the unit it stands for; the longer ends first."""


def _counted(number: int, unit: str) -> str:
    words = {
        "d": ngettext("%(n)s day", "%(n)s days", number),
        "wk": ngettext("%(n)s week", "%(n)s weeks", number),
        "months": ngettext("%(n)s month", "%(n)s months", number),
        "years": ngettext("%(n)s year", "%(n)s years", number),
    }
    text = words.get(unit, f"%(n)s {unit}") % {"n": number}
    return text.replace(" ", display.NO_BREAK)


def _number(key: str, value: str | int) -> str:
    for ending, unit in UNITS:
        if key.endswith(ending):
            return display.quantity(Decimal(value), unit)
    for ending in ("months", "years"):
        if key.endswith(ending):
            return _counted(int(value), ending)
    return display.number(Decimal(value))


def _bag(row: Mapping[str, Any]) -> str:
    words = _("%(dose)s in %(bag)s") % {
        "dose": display.quantity(row["dose_mg"], "mg"),
        "bag": display.quantity(row["bag_ml"], "mL"),
    }
    return words if row["concentration_gate"] else words + _(", concentration not checked")


def _step(row: Mapping[str, Any]) -> str:
    rate = display.rate(row["rate_ml_h"])
    if "duration" not in row:
        return _("%(rate)s until the bag is empty") % {"rate": rate}
    return _("%(rate)s for %(time)s") % {"rate": rate, "time": _scalar("", row["duration"])}


def _range(row: Mapping[str, Any]) -> str:
    words = {
        "sign": SIGNS_TAKEN.get(row["sign"], plain(row["sign"])),
        "low": row.get("low"),
        "high": row.get("high"),
    }
    if "high" not in row:
        return _("%(sign)s %(low)s or more") % words
    if "low" not in row:
        return _("%(sign)s %(high)s or less") % words
    return _("%(sign)s %(low)s to %(high)s") % words


def _row(row: Mapping[str, Any]) -> str:
    if "sign" in row:
        return _range(row)
    if "bag_ml" in row:
        return _bag(row)
    if "rate_ml_h" in row:
        return _step(row)
    if "drug" in row:
        return f"{row['drug']} {display.quantity(Decimal(row['dose_mg']), 'mg')}"
    words = {"grade": row["grade"], "severity": ReactionSeverity(row["severity"]).words}
    return _("grade %(grade)s: %(severity)s") % words


def plain(code: str) -> str:
    """Return a code as words: `mild_moderate` is "mild moderate"."""
    return code.replace("_", " ")


def _scalar(key: str, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return _number(key, value)
    text = str(value)
    if found := _DURATION.fullmatch(text):
        return _counted(int(found[1]), found[2])
    if _NUMBER.fullmatch(text):
        return _number(key, text)
    if key in {"interval_mode", "climb", "ig_requirement"}:
        return str(CHOSEN.get(text, plain(text)))
    return text if " " in text else plain(text)


def _listed(key: str, items: list[Any]) -> tuple[str, ...]:
    if key.endswith("celsius"):
        low, high = items
        return (_("%(low)s to %(high)s °C") % {"low": low, "high": high},)
    if items and isinstance(items[0], Mapping):
        return tuple(_row(item) for item in items)
    return (", ".join(_scalar(key, item) for item in items),)


def lines(path: str, value: object) -> tuple[str, ...]:
    """Return the value at `path` of a protocol file in words, one line or several."""
    key = path.rpartition(".")[2]
    if isinstance(value, list):
        return _listed(key, value)
    if key.endswith("celsius"):
        return (f"{value} °C".replace(" ", display.NO_BREAK),)
    return (_scalar(key, value),)
