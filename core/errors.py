"""What can be refused, in the words of the clinic. Knows nothing of HTTP or of forms.

A refusal says what was refused, why, and what would be allowed. Its message may reach a
screen or an API client, so it never carries a name or a clinical value of a patient.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """A request was refused for a reason the person asking can act on."""

    code = "refused"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class NotFound(Refusal):
    """There is no such thing, or it belongs to somebody else: the answer is the same."""

    code = "not_found"

    def __init__(self, message: str = "There is nothing at this address.") -> None:
        super().__init__(message)


class Forbidden(Refusal):
    """The thing may be seen, but this person may not do this to it."""

    code = "forbidden"


class Invalid(Refusal):
    """The input does not make sense. `fields` maps a field's name to its problems."""

    code = "invalid"

    def __init__(self, message: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.fields: Mapping[str, Sequence[str]] = fields or {}


class RuleBroken(Refusal):
    """A clinical or capacity rule says no. `findings` are what `clinical` answered."""

    code = "rule_broken"

    def __init__(self, message: str, findings: Sequence[Any] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.findings = tuple(findings)


class Conflict(Refusal):
    """Somebody else got there first: reload, then decide again."""

    code = "conflict"


class Stale(Conflict):
    """It changed since the version that was named: look again, then decide."""

    code = "stale"


class Busy(Conflict):
    """A lock was not free in time. The same request may succeed in a moment."""

    code = "busy"


class Unavailable(Refusal):
    """Something this machine needs for it is missing; the words say what to do instead."""

    code = "unavailable"
