"""What every page of somebody who charts brings along for the outbox in the browser."""

import json
from base64 import b64encode
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from clinics.permissions import INFUSIONS_CHART
from core.actor import Actor
from infusion.web.cards import BUTTONS

KEY_SALT = "infusion.outbox"
UNDO = "undo"  # an entry that takes another back


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Whose entries these are, the key that seals them, the names of the acts."""

    user_id: UUID
    key: str
    acts: str
    review_url: str


def outbox(request: HttpRequest) -> dict[str, Outbox | None]:
    """Context processor: `outbox` on a clinic's pages for whoever may chart; no query."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.user_id is None or not actor.may(INFUSIONS_CHART):
        return {"outbox": None}
    slug = request.clinic.slug  # type: ignore[attr-defined]
    return {
        "outbox": Outbox(
            user_id=actor.user_id,
            key=sealing_key(actor.user_id),
            acts=json.dumps(
                {act.value: str(words) for act, (words, _icon) in BUTTONS.items()}
                | {UNDO: str(_("Undo"))}
            ),
            review_url=reverse("needs_review", args=[slug]),
        )
    }


def sealing_key(user_id: UUID) -> str:
    """Return a person's key for what they type, base64 of 256 bits.

    The same in each of their sessions, so that entries survive a night; of no use to anybody
    else, because only their own pages carry it. It ends with the SECRET_KEY it is made from.
    """
    digest = salted_hmac(KEY_SALT, str(user_id), algorithm="sha256").digest()
    return b64encode(digest).decode()
