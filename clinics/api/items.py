"""Chairs as an API client sees them."""

from typing import Annotated, TypedDict
from uuid import UUID

from clinics.models import Chair


class ChairShort(TypedDict):
    """Where a patient sits."""

    id: UUID
    label: str


class ChairItem(ChairShort):
    """A place where one patient at a time can be infused."""

    kind: Annotated[str, Chair.Kind]
    position: Annotated[int, "Its place in the room's order."]
    in_use: Annotated[bool, "False for a chair that takes no bookings any more."]


class ChairList(TypedDict):
    """All chairs of the clinic, in the order of the room."""

    items: list[ChairItem]
    next: Annotated[None, "Always null: a clinic's chairs fit on one page."]


def chair_item(chair: Chair) -> ChairItem:
    """Build a chair's item."""
    return {
        "id": chair.pk,
        "label": chair.label,
        "kind": chair.kind,
        "position": chair.position,
        "in_use": chair.is_active,
    }
