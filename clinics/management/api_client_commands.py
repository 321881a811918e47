"""What the commands about API clients share: whose clinic, which client, refusals in one line."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.management.base import CommandError

from clinics.models import ApiClient, Clinic
from clinics.permissions import API_CLIENTS_MANAGE
from clinics.services.api_clients import IssuedSecret
from core.actor import Actor, system_actor
from core.errors import Refusal

T = TypeVar("T")


def actor_in(slug: str) -> Actor:
    """Return the system as it acts in a clinic. Raises CommandError when there is no such."""
    clinic = Clinic.objects.filter(slug=slug).first()
    if clinic is None:
        raise CommandError(f"There is no clinic called {slug}.")
    return system_actor(clinic.pk, API_CLIENTS_MANAGE)


def client_called(name: str, actor: Actor) -> ApiClient:
    """Return the clinic's API client of that name. Raises CommandError when there is none."""
    client = ApiClient.objects.filter(clinic_id=actor.clinic_id, name=name).first()
    if client is None:
        raise CommandError(f"There is no API client called {name} in this clinic.")
    return client


def done(service: Callable[..., T], **given: Any) -> T:
    """Run a service; a refusal becomes the command's one line. Raises CommandError."""
    try:
        return service(**given)
    except Refusal as exc:
        raise CommandError(exc.message) from exc


def in_words(issued: IssuedSecret) -> str:
    """Return what is printed once: the secret, its scopes and its end."""
    client = issued.client
    return (
        f"{client.name}: {', '.join(client.scopes)}; until {client.expires_at:%Y-%m-%d}.\n"
        "The token is shown only now. Keep it where secrets are kept:\n"
        f"{issued.secret}"
    )
