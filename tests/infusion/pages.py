"""A browser without a window: signed in, at a given minute of the day."""

import re
import time
from typing import Any
from uuid import uuid4

import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinics.models import Clinic, User
from core.actor import Actor
from tests.infusion.builders import at

HTMX = {"HX-Request": "true"}


class Tablet:
    """One person's tablet in one clinic."""

    def __init__(self, clinic: Clinic, user: User) -> None:
        self.clinic = clinic
        self.user = user
        self.client = Client()

    @classmethod
    def of(cls, clinic: Clinic, actor: Actor) -> "Tablet":
        """The tablet of somebody who already is an actor."""
        return cls(clinic, User.objects.get(memberships__clinic=clinic, pk=str(actor.user_id)))

    def address(self, name: str, *args: object) -> str:
        return reverse(name, args=[self.clinic.slug, *args])

    def get(self, minute: float, name: str, *args: object, htmx: Any = False, **query: Any) -> Any:
        with time_machine.travel(at(minute), tick=False):
            self._sign_in()
            return self.client.get(self.address(name, *args), query, headers=HTMX if htmx else None)

    def post(self, minute: float, name: str, *args: object, htmx: Any = False,
             **data: Any) -> Any:  # fmt: skip
        with time_machine.travel(at(minute), tick=False):
            self._sign_in()
            return self.client.post(self.address(name, *args), data, headers=HTMX if htmx else None)

    def _sign_in(self) -> None:
        """Sign in afresh: hours pass between two requests of a test, and sessions end when idle."""
        session = self.client.session
        if session.get("last_seen", 0) < time.time() - 600:
            self.client.logout()
            self.client.force_login(self.user)

    def act(self, minute: float, visit_id: object, act: str, *, htmx: Any = False,
            **data: Any) -> Any:  # fmt: skip
        """Send the form of an act as it would be filled in."""
        fields = {"event_id": uuid4(), "back": "board", "at": "", "reason": "", **data}
        return self.post(minute, "chair_act", visit_id, act, htmx=htmx, **fields)


def held(page: HttpResponse) -> dict[str, Any]:
    """The fingerprints a page holds, as its poll sends them."""
    text = page.content.decode()
    return {
        name: re.findall(rf'name="{name}" value="([0-9a-f]+)"', text)
        for name in ("seen", "strip", "layout")
    }


def chairs_in(page: HttpResponse) -> list[str]:
    """The chairs whose cards are in the answer."""
    heads = re.findall(r'chair-card__chair"[^>]*>\s*(\S*) <b>(\S+)</b>', page.content.decode())
    return [f"{word} {number}" for word, number in heads]


def buttons_in(page: HttpResponse) -> set[str]:
    """The acts offered on the page, by their ids."""
    return set(re.findall(r'id="act-[^"]*?([a-z]+)"', page.content.decode()))
