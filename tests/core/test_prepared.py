"""Statements written by hand: prepared and planned once for a connection, at their first run."""

import pytest

from core.prepared import ask

_KEPT = """
    SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s
"""


@pytest.mark.django_db
def test_a_statement_is_prepared_at_its_first_run_and_never_planned_for_its_values() -> None:
    for n in range(3):
        assert ask("SELECT %s::int + 4711", [n])() == [(n + 4711,)]
        assert ask(_KEPT, ["SELECT %+ 4711"])() == [(n + 1, 0)]
