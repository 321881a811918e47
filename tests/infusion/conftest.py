"""The people of this room's tests: one clinic and a nurse in it."""

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from tests.people import make_actor, make_clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def nurse(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.NURSE)
