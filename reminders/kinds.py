"""The kinds of reminder there are. The rooms above register theirs when the app starts.

So this room knows that something is due to somebody at a time, and nothing of visits or doses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise

from clinics.models import Clinic
from patients.models import Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a kind is given at the moment of sending."""

    kind: str
    subject_id: UUID
    clinic: Clinic
    patient: Patient | None  # whom it is about
    channel: str
    due_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """The words of one reminder. On the screen the subject is the line, and the body is empty.

    Words to a patient name no drug, no diagnosis and no treatment: somebody else may read them.
    """

    subject: str
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of reminder.

    `label` names it on the staff's list. `compose` reads the world as it is now and makes the
    words in the active language; None says that it is no longer true, and the row becomes void.
    """

    name: str
    label: str | Promise
    compose: Callable[[Context], Message | None]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add `kind`, or replace the one of the same name. Called from an AppConfig's ready()."""
    _kinds[kind.name] = kind


def find(name: str) -> Kind | None:
    """Return the kind called `name`; None for one that an older or newer release knew."""
    return _kinds.get(name)


def label_of(name: str) -> str:
    """Return the words for `name` on the staff's list; the name itself when it is unknown."""
    kind = find(name)
    return str(kind.label) if kind else name


def names() -> list[str]:
    """Return the names of all registered kinds, in order."""
    return sorted(_kinds)
