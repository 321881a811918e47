"""Charted facts about one infusion, and how a pile of them in any order becomes one story."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction

from clinical.model import ReactionSeverity


class EventKind(StrEnum):
    """What was charted, in the order in which events of one instant are read."""

    START = "start"
    VITALS = "vitals"
    REACTION = "reaction"
    SYMPTOMS_RESOLVED = "symptoms_resolved"
    PAUSED = "paused"
    RESUMED = "resumed"
    RATE_CHANGED = "rate_changed"
    STOPPED = "stopped"
    COMPLETED = "completed"

    @property
    def rank(self) -> int:
        """Position among events of the same instant."""
        return list(EventKind).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One charted fact. `amends` names the entry it replaces, `withdrawn` takes that one back.

    `rate_ml_h` is the pump's rate: needed for a rate change, optional for a start (the plan's
    first rate) and a resumption (the rate before the pause). A reaction needs its severity.
    Raises ValueError when a needed part is missing, a rate is not above zero, or a time is naive.
    """

    id: str
    kind: EventKind
    occurred_at: datetime
    recorded_at: datetime
    rate_ml_h: Fraction | None = None
    severity: ReactionSeverity | None = None
    amends: str | None = None
    withdrawn: bool = False

    def __post_init__(self) -> None:
        """Refuse an event that could not be replayed; keep its times in UTC."""
        if self.occurred_at.utcoffset() is None or self.recorded_at.utcoffset() is None:
            raise ValueError("occurred_at and recorded_at must carry a time zone")
        # Two local times of one zone compare and subtract by the wall clock; UTC ones do not.
        object.__setattr__(self, "occurred_at", self.occurred_at.astimezone(UTC))
        object.__setattr__(self, "recorded_at", self.recorded_at.astimezone(UTC))
        if self.rate_ml_h is not None and self.rate_ml_h <= 0:
            raise ValueError("rate_ml_h must be above 0; a stop is a pause")
        if self.kind is EventKind.RATE_CHANGED and self.rate_ml_h is None:
            raise ValueError("rate_ml_h is needed for a rate change")
        if self.kind is EventKind.REACTION and self.severity is None:
            raise ValueError("severity is needed for a reaction")


def _first_of_each_id(events: Iterable[Event]) -> dict[str, Event]:
    """A tap repeated by a bad line has the same id; the first recorded stands."""
    entries: dict[str, Event] = {}
    for event in sorted(events, key=lambda item: (item.recorded_at, item.occurred_at, repr(item))):
        entries.setdefault(event.id, event)
    return entries


def _root(event: Event, entries: dict[str, Event]) -> tuple[str, int]:
    """Return the id of the entry at the bottom of a chain of amendments, and the chain's length."""
    seen = [event.id]
    target = event.amends
    while target is not None and target not in seen:
        seen.append(target)
        below = entries.get(target)
        target = below.amends if below else None
    return seen[-1], len(seen)


def settle(events: Iterable[Event]) -> list[Event]:
    """Return what the chart now says, in the order it happened, however the entries arrived.

    Of an entry and its amendments the last recorded stands; a withdrawn one leaves nothing.
    """
    entries = _first_of_each_id(events)
    standing: dict[str, tuple[tuple[datetime, int, str], Event]] = {}
    for event in entries.values():
        root, depth = _root(event, entries)
        rank = (event.recorded_at, depth, event.id)
        if root not in standing or rank > standing[root][0]:
            standing[root] = (rank, event)
    kept = [event for _, event in standing.values() if not event.withdrawn]
    return sorted(
        kept, key=lambda item: (item.occurred_at, item.kind.rank, item.recorded_at, item.id)
    )
