"""What one shift tells the next: who sits where, what comes next, what to watch. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from infusion.board import Board, ChairCard, Due, Place, Prompt, Seated, Urgency

AHEAD = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverLine:
    """One occupied chair. `overdue` are the acts that should have been done."""

    card: ChairCard
    here: Seated
    following: Due | None
    overdue: tuple[Due, ...]

    @property
    def symptoms_open(self) -> bool:
        """A reaction is going on."""
        return self.here.symptoms_open

    @property
    def unassessed(self) -> bool:
        """A reaction was tapped, and nobody has said how bad it is."""
        return self.here.unassessed

    @property
    def calm(self) -> bool:
        """Nothing to watch beyond the next act."""
        paused = self.card.place is Place.PAUSED
        return not (self.overdue or self.symptoms_open or self.unassessed or paused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The room on one sheet of paper."""

    now: datetime
    lines: tuple[HandoverLine, ...]
    ahead: tuple[Prompt, ...]
    coming: tuple[ChairCard, ...]


def handover(room: Board, *, within: timedelta = AHEAD) -> Handover:
    """Return the room as a handover: chairs in their order, what is due up to `within` from now."""
    prompts = room.prompts(within=within)
    return Handover(
        now=room.now,
        lines=tuple(_lines(room)),
        ahead=tuple(sorted(prompts, key=lambda prompt: prompt.due.at)),
        coming=tuple(
            sorted((card for card in room.cards if card.coming is not None), key=_arrives_at)
        ),
    )


def _arrives_at(card: ChairCard) -> datetime:
    assert card.coming is not None
    return card.coming.arrives_at


def _lines(room: Board) -> Iterable[HandoverLine]:
    for card in room.cards:
        if card.seated is not None:
            dues = card.seated.dues()
            late = tuple(due for due in dues if due.urgency(room.now) is Urgency.OVERDUE)
            yield HandoverLine(
                card=card, here=card.seated, following=dues[0] if dues else None, overdue=late
            )
