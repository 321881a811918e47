"""Who is asking. Every service that writes, and every selector, takes an Actor."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from core.errors import Forbidden, NotFound


class ActorKind(StrEnum):
    USER = "user"
    API_CLIENT = "api_client"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, an API client or the system itself, acting in one clinic.

    `permissions` is everything this actor may do there; what is not in it is refused.
    """

    kind: ActorKind
    clinic_id: UUID
    permissions: frozenset[str] = field(default_factory=frozenset)
    user_id: UUID | None = None
    api_client_id: UUID | None = None
    request_id: str = ""

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the actor holds `permission`."""
        if not self.may(permission):
            raise Forbidden("Your role does not allow this.")

    def require_clinic(self, clinic_id: UUID) -> None:
        """Raise NotFound for another clinic's object: it must look like nothing at all."""
        if clinic_id != self.clinic_id:
            raise NotFound


def system_actor(clinic_id: UUID, *permissions: str) -> Actor:
    """Return the actor for work nobody asked for by hand: sweeps, rolling calendars, imports."""
    return Actor(kind=ActorKind.SYSTEM, clinic_id=clinic_id, permissions=frozenset(permissions))
