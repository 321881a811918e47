"""What the page offers to take back for ten seconds, sealed so that nobody can make one up."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Conflict
from scheduling.models import Booking
from scheduling.services.bookings import cancel, move, undo_arrived
from scheduling.services.undoing import MOMENT, restore

SALT = "scheduling.day.undo"


def seal(what: str, booking: Booking, **values: object) -> str:
    """Return a token that takes back `what` was done to `booking`, as it stands now."""
    token = {"what": what, "booking": str(booking.pk), "version": booking.version, **values}
    return signing.dumps(token, salt=SALT)


def take_back(token: str, *, actor: Actor, now: datetime) -> Booking:
    """Undo what `token` was sealed for.

    Raises Conflict when the moment is over or the token is no token, and whatever the service
    of the way back raises: Stale when somebody was faster.
    """
    try:
        said = signing.loads(token, salt=SALT, max_age=MOMENT)
    except signing.BadSignature as problem:
        raise Conflict(_("It is too late to take this back.")) from problem
    return _BACK[said["what"]](said, actor, now)


def _unmove(said: Mapping[str, Any], actor: Actor, now: datetime) -> Booking:
    return move(
        booking_id=UUID(said["booking"]), version=said["version"], chair_id=UUID(said["chair"]),
        start=datetime.fromisoformat(said["start"]), rate_option=said["rate"],
        actor=actor, now=now,
    )  # fmt: skip


def _unbook(said: Mapping[str, Any], actor: Actor, now: datetime) -> Booking:
    return cancel(
        booking_id=UUID(said["booking"]), version=said["version"],
        reason=_("Taken back at once"), actor=actor, now=now,
    )  # fmt: skip


def _unarrive(said: Mapping[str, Any], actor: Actor, now: datetime) -> Booking:
    return undo_arrived(booking_id=UUID(said["booking"]), actor=actor, now=now)


def _restore(said: Mapping[str, Any], actor: Actor, now: datetime) -> Booking:
    return restore(
        booking_id=UUID(said["booking"]), version=said["version"], was=said["was"],
        actor=actor, now=now,
    )  # fmt: skip


_BACK: dict[str, Callable[[Mapping[str, Any], Actor, datetime], Booking]] = {
    "move": _unmove, "book": _unbook, "arrived": _unarrive, "ended": _restore,
}  # fmt: skip
