"""What on a patient's record holds up an infusion to come. The room of infusions, above, knows;
this one asks how much there is, and leaves what it is to the patient's own pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

Provider = Callable[[Sequence[UUID], datetime], Mapping[UUID, int]]


def _nothing_known(visits: Sequence[UUID], now: datetime) -> Mapping[UUID, int]:
    del visits, now
    return {}


_provider: Provider = _nothing_known


def register(provider: Provider) -> None:
    """Make `provider` the source of holds. Called once, in an app's ready()."""
    global _provider  # noqa: PLW0603 - one registration at start-up, as with Django's apps
    _provider = provider


def of(visits: Sequence[UUID], *, now: datetime) -> Mapping[UUID, int]:
    """Return how many findings hold up each of `visits`, those without one left out; a constant
    number of queries."""
    return _provider(visits, now)
