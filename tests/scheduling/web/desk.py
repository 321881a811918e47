"""Who sits at the desk's pages, and where those are."""

from django.test import Client
from django.urls import reverse

from clinics.models import User
from tests.people import make_user
from tests.scheduling.builders import Desk


def signed_in(desk: Desk, role: str) -> Client:
    client = Client()
    client.force_login(make_user(desk.clinic, role, email=f"other-{role}@north.example"))
    return client


def sign_in_again(client: Client) -> None:
    """A session ends when nobody is there for a while; in these tests a week passes."""
    client.logout()
    client.force_login(User.objects.get(email="other-scheduler@north.example"))


def url(name: str, desk: Desk, *args: object) -> str:
    return reverse(name, args=[desk.clinic.slug, *args])
