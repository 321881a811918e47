"""Several statements on one way to the database and back.

A command that asks ten small questions under a lock waits ten times for its turn on a busy machine,
and whoever wants the same day waits with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def together() -> Iterator[None]:
    """Send the statements inside without waiting for their answers.

    They run in the order written, each with a snapshot of its own, as they would one by one.
    Reading an answer inside waits for it and for those before; the number of rows a statement
    changed is known only at the end. A statement that fails raises there, or at the next answer
    read, and none after it has run.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
