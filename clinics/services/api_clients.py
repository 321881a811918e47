"""Letting other systems in, and shutting them out. A secret is shown once and never kept."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from clinics.models import ApiClient
from clinics.permissions import API_CLIENTS_MANAGE, SCOPE_PERMISSIONS
from core import audit
from core.actor import Actor
from core.db import command, refusing
from core.errors import Conflict, Invalid, NotFound

PREFIX = "infclinic_"
"""What every secret begins with, so that a scanner of files and commits can recognise one."""
SECRET_BYTES = 32
LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """An API client and the secret that was made for it: the only time it can be read."""

    client: ApiClient
    secret: str


@command
def create_api_client(
    *, name: str, scopes: Iterable[str], days: int, actor: Actor, now: datetime
) -> IssuedSecret:
    """Make an API client of the actor's clinic that may do what `scopes` say, for `days` days.

    Raises Invalid for an unknown scope, no scope, an empty name or more than 400 days; Conflict
    when the clinic has a client of that name.
    """
    actor.require(API_CLIENTS_MANAGE)
    client = ApiClient(
        clinic_id=actor.clinic_id,
        name=_checked_name(name),
        scopes=_checked_scopes(scopes),
        created_at=now,
        expires_at=_expiry(days, now),
    )
    secret = _new_secret(client)
    with refusing(api_client_name_once=Conflict("There is an API client of that name already.")):
        client.save(force_insert=True)
    audit.record(
        "api_client.created", client, actor=actor, now=now,
        scopes=client.scopes, expires_at=client.expires_at,
    )  # fmt: skip
    return IssuedSecret(client, secret)


@command
def rotate_api_client(*, client_id: UUID, days: int, actor: Actor, now: datetime) -> IssuedSecret:
    """Give an API client a new secret for `days` days; the old one stops working at once.

    Raises NotFound for one that is revoked or another clinic's, Invalid for more than 400 days.
    """
    actor.require(API_CLIENTS_MANAGE)
    client = _in_use(client_id, actor)
    client.expires_at = _expiry(days, now)
    secret = _new_secret(client)
    client.save(update_fields=["secret_sha256", "expires_at"])
    audit.record("api_client.rotated", client, actor=actor, now=now, expires_at=client.expires_at)
    return IssuedSecret(client, secret)


@command
def revoke_api_client(*, client_id: UUID, actor: Actor, now: datetime) -> ApiClient:
    """Shut an API client out, from its next request on.

    Raises NotFound for one that is revoked already or another clinic's.
    """
    actor.require(API_CLIENTS_MANAGE)
    client = _in_use(client_id, actor)
    client.revoked_at = now
    client.save(update_fields=["revoked_at"])
    audit.record("api_client.revoked", client, actor=actor, now=now)
    return client


def _in_use(client_id: UUID, actor: Actor) -> ApiClient:
    rows = ApiClient.objects.select_for_update()
    client = rows.filter(pk=client_id, clinic_id=actor.clinic_id, revoked_at=None).first()
    if client is None:
        raise NotFound
    return client


def _new_secret(client: ApiClient) -> str:
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    client.secret_sha256 = sha256(secret.encode()).hexdigest()
    return secret


def _checked_name(name: str) -> str:
    kept = name.strip()
    if not 0 < len(kept) <= 80 or not kept.isprintable():
        raise Invalid("A client needs a name.", {"name": ["1 to 80 printable characters."]})
    return kept


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    chosen = sorted(set(scopes))
    unknown = set(chosen) - SCOPE_PERMISSIONS.keys()
    if unknown or not chosen:
        allowed = ", ".join(SCOPE_PERMISSIONS)
        raise Invalid(f"Scopes are one or more of {allowed}.", {"scopes": [f"Of {allowed}."]})
    return chosen


def _expiry(days: int, now: datetime) -> datetime:
    if not 1 <= days <= LONGEST_DAYS:
        problem = f"1 to {LONGEST_DAYS} days."
        raise Invalid(f"A secret lasts {problem}", {"days": [problem]})
    return now + timedelta(days=days)
