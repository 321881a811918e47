"""Alive and ready are different questions."""

import pytest
from django.test import Client

from core import health


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, health.Check]:
    """A registry of its own, so that a test may break what it likes."""
    own: dict[str, health.Check] = {}
    monkeypatch.setattr(health, "_checks", own)
    return own


@pytest.mark.django_db
def test_database_redis_and_migrations_are_really_asked() -> None:
    assert (health.database(), health.redis(), health.migrations()) == (None, None, None)


def test_alive_asks_nothing(client: Client, checks: dict[str, health.Check]) -> None:
    health.register("fire", lambda: "burning")
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_names_what_is_not_well(client: Client, checks: dict[str, health.Check]) -> None:
    def broken() -> str | None:
        raise ConnectionError("password=secret")

    health.register("database", lambda: None)
    health.register("redis", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "redis": "ConnectionError"},
    }


def test_ready_when_all_is_well(client: Client, checks: dict[str, health.Check]) -> None:
    health.register("database", lambda: None)
    assert client.get("/readyz").status_code == 200
    assert client.get("/readyz")["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_waiting_migration_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "core.health.MigrationExecutor.migration_plan", lambda self, targets: ["one"]
    )
    assert health.migrations() == "1 migrations wait"
