"""What really happened to visits. The infusion room, above, tells it on start-up."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """The instants of one visit that are charted so far."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    discharged_at: datetime | None = None


Provider = Callable[[Collection[UUID]], Mapping[UUID, Actual]]


def _nothing_known(visits: Collection[UUID]) -> Mapping[UUID, Actual]:
    del visits
    return {}


_provider: Provider = _nothing_known


def register(provider: Provider) -> None:
    """Make `provider` the source of what happened. Called once, in an app's ready()."""
    global _provider  # noqa: PLW0603 - one registration at start-up, as with Django's apps
    _provider = provider


def of(visits: Collection[UUID]) -> Mapping[UUID, Actual]:
    """Return what is charted of each visit that has begun; a constant number of queries."""
    return _provider(visits)
