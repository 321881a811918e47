"""A ward of its own for each test: one clinic, one nurse, one patient whose infusion runs."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from clinics.models import Role, User
from core.actor import Actor
from scheduling.models import Visit
from tests.browser.ward.ward import Tablet, Ward
from tests.display.browser import chromium
from tests.infusion.builders import at, running, seat
from tests.people import make_actor, make_clinic


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium. Playwright keeps a loop in this thread; the ORM beside it is the test's own."""
    with pytest.MonkeyPatch.context() as patch, chromium() as one:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield one


@pytest.fixture
def ward(
    browser: Browser, live_server: LiveServer, transactional_db: None, settings: Any
) -> Iterator[Ward]:  # fmt: skip
    settings.SESSION_IDLE_MINUTES = 600
    with time_machine.travel(at(40), tick=True) as wall:
        ward = Ward(make_clinic(), live_server.url, browser, wall)
        yield ward
        for tablet in ward.tablets:
            tablet.context.close()
    assert [line for tablet in ward.tablets for line in tablet.complaints] == []


@pytest.fixture
def nurse(ward: Ward) -> Actor:
    return make_actor(ward.clinic, Role.NURSE)


@pytest.fixture
def visit(ward: Ward, nurse: Actor) -> Visit:
    visit = seat(ward.clinic)
    running(visit, nurse)
    return visit


@pytest.fixture
def tablet(ward: Ward, nurse: Actor, visit: Visit) -> Tablet:
    return ward.tablet(User.objects.get(pk=str(nurse.user_id)))
