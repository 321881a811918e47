"""Fixtures every test may use."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import settings

from core.db import WORTH_RETRYING, sqlstate

# The same cases every time: these tests say whether a change broke something. What nobody has
# thought of yet is for `make battery` to find, with other cases at every run.
settings.register_profile("same", derandomize=True, database=None)
if os.environ.get("BATTERY") != "full":
    settings.load_profile("same")

APPEND_ONLY = (
    "core_auditentry",
    "infusion_infusionevent",
    "patients_signoff",
    "scheduling_override",
)


@pytest.fixture(autouse=True, scope="session")
def _empty_append_only_tables_between_tests() -> Iterator[None]:
    """Let the test runner's own flush past the triggers that keep facts from being removed.

    A page that has just been closed may have a request left, which reads tables in another order
    than they are emptied in: whoever is told of a deadlock begins again, and waits for it however
    long it takes.
    """
    flush = DatabaseOperations.execute_sql_flush

    def flush_without_triggers(self: DatabaseOperations, sql_list: Any) -> None:
        off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in APPEND_ONLY]
        on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in APPEND_ONLY]
        for again in reversed(range(5)):
            try:
                flush(self, ["SET LOCAL lock_timeout = 0", *off, *sql_list, *on])
            except OperationalError as problem:
                if sqlstate(problem) not in WORTH_RETRYING or not again:
                    raise
            else:
                return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_without_triggers)
        yield
