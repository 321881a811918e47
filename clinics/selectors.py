"""Reading clinics: hours, chairs, people. Nothing here writes."""

from collections.abc import Callable, Collection, Iterable
from uuid import UUID

from clinics.models import Chair, Clinic, Membership, User
from core.actor import Actor
from core.rows import ask_rows


def clinics_of(user: User) -> list[Clinic]:
    """Return the clinics in which `user` has a role, by name."""
    return list(Clinic.objects.filter(memberships__user=user).distinct().order_by("name"))


def chairs_of(actor: Actor) -> list[Chair]:
    """Return the actor's clinic's chairs in use, in the order of the room."""
    return list(
        Chair.objects.filter(clinic_id=actor.clinic_id, is_active=True).order_by("position")
    )


def all_chairs_of(actor: Actor) -> list[Chair]:
    """Return every chair of the actor's clinic, in use or not, in the order of the room."""
    return list(Chair.objects.filter(clinic_id=actor.clinic_id).order_by("position"))


def clinic_by_id(clinic_id: UUID) -> Clinic:
    """Return one clinic by its id. Raises Clinic.DoesNotExist."""
    return ask_clinic(clinic_id)()


def ask_clinic(clinic_id: UUID) -> Callable[[], Clinic]:
    """Ask as `clinic_by_id` does and return what reads the answer: for use within
    `core.together`."""
    answer = ask_rows(Clinic, id=[clinic_id])

    def clinic() -> Clinic:
        found = answer()
        if not found:
            raise Clinic.DoesNotExist
        return found[0]

    return clinic


def staff_with_role(actor: Actor, role: str) -> list[User]:
    """Return the people who hold `role` in the actor's clinic, by name."""
    return list(
        User.objects.filter(
            memberships__clinic_id=actor.clinic_id, memberships__role=role, is_active=True
        ).order_by("full_name")
    )


def holders_of(clinic_id: UUID, roles: Collection[str]) -> list[User]:
    """Return the people of a clinic who hold one of `roles` now, by name."""
    held = Membership.objects.filter(clinic_id=clinic_id, role__in=roles).values("user")
    return list(User.objects.filter(pk__in=held, is_active=True).order_by("full_name"))


def works_at(clinic_id: UUID, user: User) -> bool:
    """Return whether `user` holds any role in a clinic now."""
    return Membership.objects.filter(clinic_id=clinic_id, user=user).exists()


def names_of(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of people by their ids, whatever clinic they work in now."""
    return dict(User.objects.filter(pk__in=set(user_ids)).values_list("pk", "full_name"))
