"""An API client of one clinic, and the quota it starts every test with."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from clinics.models import Clinic
from tests.api.builders import Caller, make_caller
from tests.people import make_clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def api(clinic: Clinic) -> Caller:
    return make_caller(clinic)


@pytest.fixture(autouse=True)
def _fresh_quota() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
