"""An API client of one clinic."""

from collections.abc import Iterator

import pytest
import time_machine

from clinics.models import Clinic
from tests.api.builders import Caller, make_caller
from tests.people import make_clinic
from tests.scheduling.builders import NOW, Desk, make_desk


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def api(clinic: Clinic) -> Caller:
    return make_caller(clinic)


@pytest.fixture
def desk(db: None) -> Desk:
    return make_desk()


@pytest.fixture
def monday_nine() -> Iterator[None]:
    """The hands of every clock stand at the builders' NOW."""
    with time_machine.travel(NOW, tick=False):
        yield
