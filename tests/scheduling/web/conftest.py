"""A desk and its scheduler, signed in; and the Monday before the first day they book."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from clinics.models import Role
from tests.scheduling.builders import NOW, Desk, make_desk
from tests.scheduling.web.desk import signed_in


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture
def scheduler(desk: Desk) -> Client:
    return signed_in(desk, Role.SCHEDULER)


@pytest.fixture
def the_monday_before() -> Iterator[None]:
    """The hands of every clock stand at the builders' NOW."""
    with time_machine.travel(NOW, tick=False):
        yield
