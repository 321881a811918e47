"""When people are told: the values of policy.toml, checked as they are read."""

import dataclasses
import tomllib
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("policy.toml")
_LEAF = {"value", "grade", "note"}
# A source of grade A or the source article itself needs nobody's sign-off.
_SETTLED = {"-", "A"}


class PolicyError(ValueError):
    """The policy file cannot be used; the message names the value at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Lead times and hours. Times of day are on the clinic's wall clock."""

    mail_at: time
    visit_days_before: int
    invite_weeks_before: int
    list_at: time
    to_book_weeks_before: int
    overdue_days_after: int
    window_days_after: int
    overdue_useful_days: int
    observation_over_useful_hours: int
    needs_sign_off: tuple[str, ...]


def parse(text: str) -> Policy:
    """Return the policy in TOML `text`; PolicyError for a missing, unknown or wrong value."""
    leaves: dict[str, Any] = tomllib.loads(text)
    expected = {field.name: field.type for field in dataclasses.fields(Policy)}
    del expected["needs_sign_off"]
    if wrong := set(leaves) ^ set(expected):
        raise PolicyError(f"unknown or missing: {', '.join(sorted(wrong))}")
    for name, leaf in leaves.items():
        if not isinstance(leaf, dict) or set(leaf) != _LEAF:
            raise PolicyError(f"{name} must have a value, a grade and a note")
        if type(leaf["value"]) is not expected[name] or leaf["value"] == 0:
            raise PolicyError(f"{name} has a value of the wrong kind")
    return Policy(
        **{name: leaf["value"] for name, leaf in leaves.items()},
        needs_sign_off=tuple(
            name for name, leaf in leaves.items() if leaf["grade"] not in _SETTLED
        ),
    )


@lru_cache
def policy() -> Policy:
    """Return the policy that ships with the app, read once."""
    return parse(_FILE.read_text(encoding="utf-8"))
