"""An API client of one clinic."""

import pytest

from clinics.models import Clinic
from tests.api.builders import Caller, make_caller
from tests.people import make_clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def api(clinic: Clinic) -> Caller:
    return make_caller(clinic)
