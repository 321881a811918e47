"""A cursor for statements that are written by hand and run all the time.

PostgreSQL parses and plans such a statement once per connection and then only runs it. What the
query sets put together stays as Django does it: their text changes too much to be worth a plan.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


def prepared() -> CursorWrapper:
    """Return a cursor on the current connection that prepares what it runs again and again.

    Logged, counted and refused like any other. Parameters go to the server apart from the text,
    so a statement may need a cast where PostgreSQL cannot tell a type.
    """
    return _pair()[0]


def ask(
    statement: str, values: Sequence[Any] | Mapping[str, Any]
) -> Callable[[], list[tuple[Any, ...]]]:
    """Run a statement on such a cursor and return what reads its rows; a second reading finds none.

    Within `core.together` the question goes out with others and the reading waits for its answer.
    """
    cursor, rows = _pair()
    cursor.execute(statement, values)
    return rows.fetchall


def array(values: Iterable[object]) -> str:
    """Return ids, days, numbers or names of the code's own as PostgreSQL writes an array of them.

    psycopg looks at each element of a list, which costs more than sending it. Not for what a person
    has typed: nothing is quoted.
    """
    return f"{{{','.join(map(str, values))}}}"


def _pair() -> tuple[CursorWrapper, Cursor]:
    """Return a cursor as Django wraps it, and itself: what has run is read without the wrapper."""
    here = connections[DEFAULT_DB_ALIAS]  # asked for once: `connection` looks it up at every dot
    here.ensure_connection()
    cursor = Cursor(here.connection)
    # Django has no other way to give a cursor of one's own its log, its count and its errors.
    return cast("CursorWrapper", here._prepare_cursor(cursor)), cursor  # type: ignore[attr-defined]  # noqa: SLF001
