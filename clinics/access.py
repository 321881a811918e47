"""Who somebody is in a clinic. A clinic that is not theirs answers like one that is not there."""

from dataclasses import dataclass
from uuid import UUID

from clinics.models import Clinic, Membership, User
from clinics.permissions import permissions_of_roles
from core.actor import Actor, ActorKind
from core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's place in one clinic."""

    clinic: Clinic
    roles: tuple[str, ...]
    actor: Actor


def standing_of(user: User, slug: str, *, request_id: str = "") -> Standing:
    """Return the standing of `user` in the clinic called `slug`; one query.

    Raises NotFound when there is no such clinic or the person has no role in it.
    """
    memberships = list(
        Membership.objects.filter(user=user, clinic__slug=slug)
        .select_related("clinic")
        .order_by("role")
    )
    if not memberships:
        raise NotFound
    roles = tuple(membership.role for membership in memberships)
    clinic = memberships[0].clinic
    return Standing(clinic, roles, _actor(user.pk, clinic.pk, roles, request_id))


def _actor(user_id: UUID, clinic_id: UUID, roles: tuple[str, ...], request_id: str) -> Actor:
    return Actor(
        kind=ActorKind.USER,
        clinic_id=clinic_id,
        permissions=permissions_of_roles(roles),
        user_id=user_id,
        request_id=request_id,
    )
