"""Fixtures every test may use."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

APPEND_ONLY = (
    "core_auditentry",
    "infusion_infusionevent",
    "patients_signoff",
    "scheduling_override",
)


@pytest.fixture(autouse=True, scope="session")
def _empty_append_only_tables_between_tests() -> Iterator[None]:
    """Let the test runner's own flush past the triggers that keep facts from being removed."""
    flush = DatabaseOperations.execute_sql_flush

    def flush_without_triggers(self: DatabaseOperations, sql_list: Any) -> None:
        off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in APPEND_ONLY]
        on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in APPEND_ONLY]
        flush(self, [*off, *sql_list, *on])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_without_triggers)
        yield
