"""A protocol is data: the TOML beside this module, read once per name and edition."""

import tomllib
from functools import lru_cache
from pathlib import Path

from clinical.loading import DEFAULT_EDITION, ProtocolError, build
from clinical.model import (
    ClimbPolicy,
    IgRequirement,
    IntervalMode,
    Protocol,
    RateOption,
    RateTable,
    ReactionSeverity,
    SourcedValue,
    StepRow,
)

__all__ = [
    "DEFAULT_EDITION",
    "ClimbPolicy",
    "IgRequirement",
    "IntervalMode",
    "Protocol",
    "ProtocolError",
    "RateOption",
    "RateTable",
    "ReactionSeverity",
    "SourcedValue",
    "StepRow",
    "load",
    "names",
    "parse",
]

_FOLDER = Path(__file__).parent / "protocols"


def parse(text: str, edition: str = DEFAULT_EDITION) -> Protocol:
    """Return `edition` of the protocol written in TOML `text`; ProtocolError when it is faulty."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ProtocolError(f"not TOML: {problem}") from None
    return build(document, edition)


def names() -> tuple[str, ...]:
    """Return the names of the protocols that ship with the app."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@lru_cache
def load(name: str = "ocrelizumab", edition: str = DEFAULT_EDITION) -> Protocol:
    """Return one edition of a shipped protocol; ProtocolError for an unknown name or edition."""
    if name not in names():
        raise ProtocolError(f"unknown protocol {name!r}, expected one of {', '.join(names())}")
    return parse((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), edition)
