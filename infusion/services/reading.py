"""Who looked at the board. Written before the names leave the server, or nothing is shown."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from clinics.models import Clinic
from clinics.permissions import BOARD_VIEW
from core import audit
from core.actor import Actor
from core.db import command


@command
def record_board_read(
    *, clinic: Clinic, visits: Collection[UUID], page: str, actor: Actor, now: datetime
) -> None:
    """Write which visits were shown to `actor`: once when the board is opened, and once for every
    poll that brought a card. A poll that brought nothing shows nothing new and writes nothing."""
    actor.require(BOARD_VIEW)
    actor.require_clinic(clinic.pk)
    audit.record(
        "records.listed", clinic, actor=actor, now=now, page=page,
        visits=sorted(str(visit) for visit in visits),
    )  # fmt: skip
