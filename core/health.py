"""Is this process alive, and may traffic come? Rooms above register what they need to be well."""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

Check = Callable[[], str | None]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Add a readiness check; it returns None when well, else one line without secrets."""
    _checks[name] = check


def problems() -> dict[str, str]:
    """Run every check and return the lines of those that are not well, by name."""
    found: dict[str, str] = {}
    for name, check in _checks.items():
        try:
            line = check()
        except Exception as exc:  # whatever breaks, the answer is "not ready"
            line = type(exc).__name__
        if line is not None:
            found[name] = line
    return found


def check_names() -> list[str]:
    """Return the names of all registered checks."""
    return list(_checks)


def database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def redis() -> str | None:
    cache.get("readyz")
    return None


def migrations() -> str | None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} migrations wait" if plan else None
