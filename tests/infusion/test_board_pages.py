"""The board as a browser meets it: who sees what, what a poll brings, taps and refusals."""

from datetime import datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import Clinic, User
from core.actor import Actor
from tests.infusion.builders import at, running, seat
from tests.people import make_user


@pytest.fixture
def browser(clinic: Clinic, nurse: Actor, client: Client) -> Client:
    client.force_login(User.objects.get(pk=nurse.user_id))
    return client


def signed_in(clinic: Clinic, role: str) -> Client:
    client = Client()
    client.force_login(make_user(clinic, role, email=f"{role}2@{clinic.slug}.example"))
    return client


def address(clinic: Clinic, name: str, *args: object) -> str:
    return reverse(name, args=[clinic.slug, *args])


def open_board(browser: Client, clinic: Clinic, when: datetime) -> str:
    with time_machine.travel(when, tick=False):
        return browser.get(address(clinic, "board")).content.decode()


def test_pages_render(browser: Client, clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    running(visit, nurse)
    open_board(browser, clinic, at(45))
    with time_machine.travel(at(45), tick=False):
        r = browser.get(address(clinic, "chair_side", visit.pk))
        assert r.status_code == 200
        for act in [
            "premedicate",
            "start",
            "rate",
            "pause",
            "resume",
            "vitals",
            "complete",
            "discharge",
        ]:
            r = browser.get(address(clinic, "chair_act", visit.pk, act))
            assert r.status_code == 200, act
