"""A repeated request with the same Idempotency-Key gets the first answer, not a second effect.

The key's row is written in the transaction of the effect itself, so either both exist or
neither. A twin that arrives while the first still runs waits for it at the unique index as for any
lock: after three seconds it is told to come again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from core.db import command, joins
from core.errors import Conflict, Invalid
from core.models import IdempotencyKey

T = TypeVar("T")
KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status and a body of ids, which may be stored for a day."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its sender may repeat it: who, where, the key, and the exact body."""

    owner_id: UUID
    route: str
    key: str
    body: bytes

    def fingerprint(self) -> str:
        return sha256(self.body).hexdigest()


@joins
def once(request: Request, effect: Callable[[], Answer], *, now: datetime) -> Answer:
    """Run `effect` once per key, inside the caller's transaction; replay its answer afterwards.

    Raises Invalid for a missing, overlong or reused key, Conflict when the first attempt's
    transaction ended without an answer. A refused effect leaves no row: it may be tried again.
    """
    if not 0 < len(request.key) <= MAX_KEY_LENGTH or not request.key.isprintable():
        raise Invalid(
            "Send an Idempotency-Key of 1 to 255 printable characters.",
            {"Idempotency-Key": ["Required."]},
        )
    forget_older_than(request, now - KEPT_FOR)
    row = IdempotencyKey(
        owner_id=request.owner_id, route=request.route, key=request.key,
        fingerprint=request.fingerprint(), created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _replay(request)
    answer = effect()
    row.status, row.body = answer.status, answer.body
    row.save(update_fields=["status", "body"])
    return answer


@command
def command_once(
    *,
    request: Request,
    service: Callable[..., T],
    answer: Callable[[T], Answer],
    now: datetime,
    **given: Any,
) -> Answer:
    """Run another command, `service(now=now, **given)`, once per key and make its answer.

    Commands never nest, so this one lends its transaction to the other's body: the effect and
    the remembered answer are committed together. Raises what `once` and the service raise.
    """
    body: Callable[..., T] = service.__wrapped__  # type: ignore[attr-defined]  # set by @command
    return once(request, lambda: answer(body(now=now, **given)), now=now)


def forget_older_than(request: Request, moment: datetime) -> None:
    """Drop this key's row when it is too old to be a repeat."""
    IdempotencyKey.objects.filter(
        owner_id=request.owner_id, route=request.route, key=request.key, created_at__lt=moment
    ).delete()


def _replay(request: Request) -> Answer:
    first = IdempotencyKey.objects.filter(
        owner_id=request.owner_id, route=request.route, key=request.key
    ).first()
    if first is None or first.status is None or first.body is None:
        raise Conflict("The first request with this key has not finished.")
    if first.fingerprint != request.fingerprint():
        raise Invalid(
            "This Idempotency-Key was used for a different request.",
            {"Idempotency-Key": ["Used before with another body."]},
        )
    return Answer(first.status, first.body, replayed=True)
