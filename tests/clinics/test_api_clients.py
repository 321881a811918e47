"""Tokens: made once, kept as a hash, ended by a day or by a person."""

import re
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from clinics.models import ApiClient, Clinic, Role
from clinics.permissions import ROLE_PERMISSIONS
from clinics.services.api_clients import (
    IssuedSecret,
    create_api_client,
    revoke_api_client,
    rotate_api_client,
)
from core import clock
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import AuditEntry
from tests.people import make_actor, make_clinic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager() -> Actor:
    return make_actor(make_clinic(), Role.MANAGER)


def issued(actor: Actor, **changes: Any) -> IssuedSecret:
    wish = {"name": "ward", "scopes": ["chairs:read"], "days": 30, "now": clock.now()}
    return create_api_client(actor=actor, **{**wish, **changes})


def status(token: str) -> int:
    answer = Client().get("/api/v1/chairs", headers={"Authorization": f"Bearer {token}"})
    return int(answer.status_code)


def test_a_secret_is_long_recognisable_and_kept_only_as_a_hash(manager: Actor) -> None:
    made = issued(manager)
    assert re.fullmatch(r"infclinic_[A-Za-z0-9_-]{43}", made.secret)
    row = ApiClient.objects.get()
    assert row.secret_sha256 == sha256(made.secret.encode()).hexdigest()
    assert made.secret not in repr({name: str(v) for name, v in vars(row).items()})
    assert issued(manager, name="other").secret != made.secret
    assert status(made.secret) == 200


def test_making_one_is_recorded_without_the_secret(manager: Actor) -> None:
    made = issued(manager, scopes=["visits:read", "chairs:read", "chairs:read"])
    entry = AuditEntry.objects.get(action="api_client.created")
    assert (entry.subject_id, entry.user_id) == (made.client.pk, manager.user_id)
    assert entry.details["scopes"] == ["chairs:read", "visits:read"]
    assert made.secret not in str(entry.details)
    assert made.client.secret_sha256 not in str(entry.details)


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"name": " "},
        {"name": "x" * 81},
        {"name": "a\x00b"},
        {"days": 0},
        {"days": 401},
        {"days": -1},
    ],
)
def test_what_makes_no_sense_is_refused(manager: Actor, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        issued(manager, **changes)
    assert list(refused.value.fields) == list(changes)
    assert ApiClient.objects.count() == 0


def test_a_name_is_used_once_per_clinic(manager: Actor) -> None:
    issued(manager)
    with pytest.raises(Conflict):
        issued(manager)
    issued(make_actor(make_clinic("south"), Role.MANAGER))


@pytest.mark.parametrize("role", [role for role in Role if role != Role.MANAGER])
def test_only_a_manager_lets_systems_in(role: str) -> None:
    actor = make_actor(make_clinic(), role)
    with pytest.raises(Forbidden):
        issued(actor)
    with pytest.raises(Forbidden):
        revoke_api_client(client_id=uuid4(), actor=actor, now=clock.now())
    with pytest.raises(Forbidden):
        rotate_api_client(client_id=uuid4(), days=1, actor=actor, now=clock.now())
    assert "api_clients.manage" not in ROLE_PERMISSIONS[role]


def test_a_revoked_token_stops_at_once_and_is_revoked_only_once(manager: Actor) -> None:
    made = issued(manager)
    revoke_api_client(client_id=made.client.pk, actor=manager, now=clock.now())
    assert status(made.secret) == 401
    assert AuditEntry.objects.filter(action="api_client.revoked").count() == 1
    with pytest.raises(NotFound):
        revoke_api_client(client_id=made.client.pk, actor=manager, now=clock.now())
    with pytest.raises(NotFound):
        rotate_api_client(client_id=made.client.pk, days=1, actor=manager, now=clock.now())


def test_rotation_ends_the_old_secret_and_begins_a_new_span(manager: Actor) -> None:
    made = issued(manager, days=1)
    now = clock.now()
    fresh = rotate_api_client(client_id=made.client.pk, days=90, actor=manager, now=now)
    assert (status(made.secret), status(fresh.secret)) == (401, 200)
    assert ApiClient.objects.get().expires_at == now + timedelta(days=90)
    assert AuditEntry.objects.filter(action="api_client.rotated").count() == 1


def test_another_clinics_client_is_not_there(manager: Actor) -> None:
    made = issued(manager)
    stranger = make_actor(make_clinic("south"), Role.MANAGER)
    with pytest.raises(NotFound):
        revoke_api_client(client_id=made.client.pk, actor=stranger, now=clock.now())
    with pytest.raises(NotFound):
        rotate_api_client(client_id=made.client.pk, days=1, actor=stranger, now=clock.now())
    assert status(made.secret) == 200


class TestCommands:
    @pytest.fixture
    def clinic(self) -> Clinic:
        return make_clinic()

    def run(self, *words: str) -> str:
        out = StringIO()
        call_command(*words, stdout=out)
        return out.getvalue()

    def test_create_rotate_revoke(self, clinic: Clinic) -> None:
        scopes = "--scopes=visits:read,chairs:read"
        text = self.run("create_api_client", "ward", "--clinic=north", scopes, "--days=7")
        first = text.strip().splitlines()[-1]
        assert "chairs:read, visits:read" in text
        assert text.count(first) == 1
        assert status(first) == 200
        second = self.run("rotate_api_client", "ward", "--clinic=north").strip().splitlines()[-1]
        assert (status(first), status(second)) == (401, 200)
        assert second not in self.run("revoke_api_client", "ward", "--clinic=north")
        assert status(second) == 401
        kinds = AuditEntry.objects.order_by("id").values_list("actor_kind", "action")
        assert [action for kind, action in kinds if kind == "system"] == [
            "api_client.created", "api_client.rotated", "api_client.revoked",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("words", "problem"),
        [
            (["create_api_client", "a", "--clinic=x", "--scopes=chairs:read"], "no clinic"),
            (["create_api_client", "a", "--clinic=north", "--scopes=all"], "one or more of"),
            (["revoke_api_client", "nobody", "--clinic=north"], "no API client"),
            (["rotate_api_client", "nobody", "--clinic=north"], "no API client"),
        ],
    )
    def test_a_refusal_is_one_line(self, clinic: Clinic, words: list[str], problem: str) -> None:
        with pytest.raises(CommandError, match=problem):
            self.run(*words)
