"""What earlier infusions say about the next one. The infusion room, above, tells it on start-up."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionHistory:
    """The worst of a patient's earlier infusion reactions, as the rate tables ask for it."""

    prior_severe: bool = False
    prior_serious: bool = False


def _no_reactions_known(patient_id: UUID) -> ReactionHistory:
    del patient_id
    return ReactionHistory()


_provider: Callable[[UUID], ReactionHistory] = _no_reactions_known


def register(provider: Callable[[UUID], ReactionHistory]) -> None:
    """Make `provider` the source of reaction histories. Called once, in an app's ready()."""
    global _provider  # noqa: PLW0603 - one registration at start-up, as with Django's apps
    _provider = provider


def of(patient_id: UUID) -> ReactionHistory:
    """Return what is known of the patient's earlier reactions."""
    return _provider(patient_id)
