"""How a write happens: one transaction, one lock order, named refusals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import Error, IntegrityError, OperationalError, connection, transaction
from psycopg.pq import TransactionStatus

from core import locks
from core.errors import Busy, Refusal

P = ParamSpec("P")
R = TypeVar("R")

# PostgreSQL: lock_not_available, deadlock_detected, serialization_failure
WORTH_RETRYING = {"55P03", "40P01", "40001"}


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a service that writes: one whole transaction, committed when it returns.

    Durable, so a command inside a command is an error rather than a savepoint.
    Raises Busy when a lock was not free in time.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic(durable=True):
                locks.begin()
                return function(*args, **kwargs)
        except OperationalError as exc:
            busy = as_busy(exc)
            if busy is None:
                raise
            raise busy from exc

    run.is_command = True  # type: ignore[attr-defined]
    return run


def joins(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a write that is part of its caller's command and never stands alone.

    Raises RuntimeError outside a transaction.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise RuntimeError(f"{function.__name__} belongs inside a command")
        return function(*args, **kwargs)

    run.joins_command = True  # type: ignore[attr-defined]
    return run


@contextmanager
def refusing(**refusals: Refusal) -> Iterator[None]:
    """Turn a violation of a named constraint into a refusal.

    `refusing(booking_chair_free=Conflict("..."))`: any other violation passes unchanged.
    """
    try:
        yield
    except IntegrityError as exc:
        diag = getattr(exc.__cause__, "diag", None)
        refusal = refusals.get(diag.constraint_name or "") if diag is not None else None
        if refusal is not None:
            raise refusal from exc
        raise


def as_busy(exc: Error) -> Busy | None:
    """Return the refusal for a database error that passes by itself: a lock that was not free in
    time, a deadlock; None for any other."""
    if sqlstate(exc) not in WORTH_RETRYING:
        return None
    return Busy("Someone else is changing this. Please try again.")


def is_broken() -> bool:
    """Whether a statement of the open transaction failed, so that it can only be rolled back.

    Asked of the connection: Django knows only of what its own models wrote.
    """
    status = connection.connection.info.transaction_status
    return bool(status == TransactionStatus.INERROR)


def sqlstate(exc: Error) -> str | None:
    """Return the PostgreSQL error code behind a Django database error, or None."""
    return getattr(exc.__cause__, "sqlstate", None)
