"""A clinic in Berlin, an API client of it with the calculator's scope, and no quota."""

import pytest

from clinics.models import Clinic
from tests.api.builders import Caller, make_caller
from tests.people import make_clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def api(clinic: Clinic) -> Caller:
    return make_caller(clinic, "calculator:use")


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"api_client": "1000000/s"}
    monkeypatch.setattr("clinics.api.throttling.api_settings.DEFAULT_THROTTLE_RATES", rates)
