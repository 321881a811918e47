"""What earlier infusions say about the next one. The infusion room, above, tells it on start-up."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionHistory:
    """The worst of a patient's earlier infusion reactions, as the rate tables ask for it."""

    prior_severe: bool = False
    prior_serious: bool = False


Provider = Callable[[Collection[UUID]], Callable[[], Mapping[UUID, ReactionHistory]]]
"""Asks for the histories of patients and returns what reads them, of those who have one."""


def _no_reactions_known(
    patient_ids: Collection[UUID],
) -> Callable[[], Mapping[UUID, ReactionHistory]]:
    del patient_ids
    return dict


_provider: Provider = _no_reactions_known


def register(provider: Provider) -> None:
    """Make `provider` the source of reaction histories. Called once, in an app's ready()."""
    global _provider  # noqa: PLW0603 - one registration at start-up, as with Django's apps
    _provider = provider


def of(patient_id: UUID) -> ReactionHistory:
    """Return what is known of the patient's earlier reactions."""
    return of_many([patient_id])[patient_id]


def of_many(patient_ids: Collection[UUID]) -> dict[UUID, ReactionHistory]:
    """Return what is known of each patient's earlier reactions, read at once."""
    return ask(patient_ids)()


def ask(patient_ids: Collection[UUID]) -> Callable[[], dict[UUID, ReactionHistory]]:
    """Ask as `of_many` does and return what reads the answer: for use within `core.together`."""
    answer = _provider(patient_ids)

    def known() -> dict[UUID, ReactionHistory]:
        found = answer()
        return {patient: found.get(patient, ReactionHistory()) for patient in patient_ids}

    return known
