"""What was charted about a patient's doses. The infusion room, above, tells it on start-up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.functional import Promise

from core.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionLine:
    """One reaction as the chart says it now. `resolved_at` None while nobody charted it gone."""

    at: datetime
    words: str | Promise
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRecord:
    """One dose of which something is charted: where its record is, and its reactions.

    `given_on` is None while the line has not run.
    """

    visit_id: UUID
    dose_number: int
    dose_mg: int
    given_on: date | None
    state: str
    url: str
    reactions: tuple[ReactionLine, ...]


Provider = Callable[[UUID, Actor, str], Sequence[DoseRecord]]


def _nothing_charted(patient_id: UUID, actor: Actor, slug: str) -> Sequence[DoseRecord]:
    del patient_id, actor, slug
    return ()


_provider: Provider = _nothing_charted


def register(provider: Provider) -> None:
    """Make `provider` the source of records. Called once, in an app's ready()."""
    global _provider  # noqa: PLW0603 - one registration at start-up, as with Django's apps
    _provider = provider


def of(patient_id: UUID, actor: Actor, slug: str) -> Sequence[DoseRecord]:
    """Return the records of the patient's doses that the actor may open, the newest first."""
    return _provider(patient_id, actor, slug)
