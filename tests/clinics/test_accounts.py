"""Of allauth's pages only those for signing in and for one's password are there."""

import pytest
from django.test import Client

from clinics.models import Role
from tests.people import make_clinic, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["email/", "2fa/", "reauthenticate/", "social/connections/"])
def test_pages_that_write_without_our_audit_are_not_there(path: str) -> None:
    client = Client()
    client.force_login(make_user(make_clinic(), Role.NURSE))
    assert client.get(f"/accounts/{path}").status_code == 404


@pytest.mark.parametrize("path", ["login/", "password/reset/", "inactive/", "signup/"])
def test_pages_for_whoever_is_not_signed_in_answer(path: str) -> None:
    assert Client().get(f"/accounts/{path}").status_code == 200


def test_nobody_makes_an_account_for_themselves() -> None:
    page = Client().get("/accounts/signup/").content.decode()
    assert 'name="password1"' not in page


def test_somebody_signed_in_changes_their_password_and_signs_out() -> None:
    client = Client()
    client.force_login(make_user(make_clinic(), Role.NURSE))
    assert client.get("/accounts/password/change/").status_code == 200
    assert client.post("/accounts/logout/").status_code == 302
