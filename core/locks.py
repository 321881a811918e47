"""Row locks, taken in one documented order (docs/locking.md) or not at all.

Two commands that lock the same rows in different orders can wait for each other for ever.
So the order is written here once, and locking against it is an error at the first try,
in any test, not a deadlock on a busy morning.
"""

from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from typing import TypeVar

from django.db import connection, models
from django.db.models import QuerySet

from core.errors import NotFound
from core.prepared import array, prepared
from core.rows import Found, ask_rows

M = TypeVar("M", bound=models.Model)

LOCK_ORDER = (
    "patients.Patient",
    "scheduling.ClinicDay",
    "scheduling.Course",
    "scheduling.Visit",
    "scheduling.Booking",
    "infusion.Infusion",
    "reminders.Reminder",
)
_highest: ContextVar[int] = ContextVar("highest_lock_rank", default=-1)


def begin() -> None:
    """Start counting for a new transaction: nothing is locked yet. Called by @command."""
    _highest.set(-1)


def lock_rows(rows: QuerySet[M], *, by: str = "pk") -> list[M]:
    """Lock and re-read `rows` in the order of the unique column `by`. Who waits longer for one than
    `lock_timeout` of the settings is answered that it is busy.

    Decide only on what it returns: anything read before the lock may be stale.
    Raises RuntimeError outside a transaction or against LOCK_ORDER.
    """
    _enter(rows.model._meta.label)
    return list(rows.order_by(by).select_for_update(of=("self",), no_key=True))


def lock_by(model: type[M], *, order: str = "id", **wanted: Collection[object]) -> list[M]:
    """Lock and re-read the rows whose columns are among those `wanted`, in the order of the unique
    column `order`: as `lock_rows` does, without the cost of a query set."""
    return ask_lock(model, order=order, **wanted)()


def ask_lock(
    model: type[M], *, order: str = "id", **wanted: Collection[object] | Found
) -> Callable[[], list[M]]:
    """Ask for the lock of `lock_by` and return what reads the rows: for use within
    `core.together`. They are locked in the order of asking."""
    _enter(model._meta.label)
    return ask_rows(model, order=order, lock=True, **wanted)


def ask_turns(model: type[models.Model], names: Sequence[str]) -> None:
    """Ask for one's turn at each of `names` in the order given, for as long as the transaction
    lasts: for use within `core.together`, before the rows of `model` that they stand for.

    A row that many want knows no line. Whenever it is let go, all who wait run after its new
    version, and a newcomer may be there first. This keeps them in the order in which they came
    and wakes one at a time; it guards nothing, which the lock of the row does. Who has a turn
    may ask for it again. Raises as `lock_rows`.
    """
    _enter(model._meta.label)
    with prepared() as cursor:
        cursor.execute(_TURNS, [f"{model._meta.label}:", array(names)])


_TURNS = """
    SELECT pg_advisory_xact_lock(hashtextextended(%s || name, 0)) FROM unnest(%s::text[]) name
"""


def lock_row(rows: QuerySet[M]) -> M:
    """Lock and re-read the one row of `rows`. Raises NotFound when there is none."""
    locked = lock_rows(rows)
    if not locked:
        raise NotFound
    return locked[0]


def _enter(label: str) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("a row lock needs an open transaction")
    rank = LOCK_ORDER.index(label) if label in LOCK_ORDER else None
    if rank is None:
        raise RuntimeError(f"{label} has no place in LOCK_ORDER")
    if rank < _highest.get():
        raise RuntimeError(f"{label} locked after {LOCK_ORDER[_highest.get()]}")
    _highest.set(rank)
