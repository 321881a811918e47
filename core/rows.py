"""Whole rows of one table by one column, for what every command does: the statement is written
once per table and column, where a query set would be put together anew each time."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models

from core.prepared import array, ask, prepared

M = TypeVar("M", bound=models.Model)
NOT_YET_KNOWN = -1  # rows changed, before the answer to a statement that went out with others


class Found(NamedTuple):
    """A value that the database finds itself: a statement for one column of at most one row, and
    its values. Without such a row no row is wanted."""

    statement: str
    values: Sequence[Any]


class _Table(NamedTuple):
    """How the rows of one table are read and made into instances."""

    select: str
    names: tuple[str, ...]
    converters: tuple[tuple[int, Any, Any], ...]  # position, function, column


@cache
def _table(model: type[models.Model]) -> _Table:
    quote = connection.ops.quote_name
    fields = model._meta.concrete_fields
    columns = ", ".join(quote(field.column or field.attname) for field in fields)
    return _Table(
        f"SELECT {columns} FROM {quote(model._meta.db_table)}",  # noqa: S608 - from the models
        tuple(field.attname for field in fields),
        tuple(
            (position, convert, field.cached_col)
            for position, field in enumerate(fields)
            for convert in field.get_db_converters(connection)
        ),
    )


def rows_by(
    model: type[M], *, order: str = "id", lock: bool = False, **wanted: Collection[object]
) -> list[M]:
    """Return the rows of `model` whose columns are among those `wanted`, in the order of one.

    `rows_by(Booking, visit_id=[...], status=[...])`. The columns are names in the code, never
    from outside. `lock` is for `core.locks` alone.
    """
    return ask_rows(model, order=order, lock=lock, **wanted)()


def ask_rows(
    model: type[M],
    *,
    order: str = "id",
    lock: bool = False,
    **wanted: Collection[object] | Found,
) -> Callable[[], list[M]]:
    """Ask as `rows_by` does and return what reads the answer: for use within `core.together`."""
    table = _table(model)
    conditions: list[str] = []
    sent: list[object] = []
    for column, values in wanted.items():
        condition, value = _condition(column, values)
        conditions.append(condition)
        sent += value
    ending = "FOR NO KEY UPDATE" if lock else ""
    answer = ask(f"{table.select} WHERE {' AND '.join(conditions)} ORDER BY {order} {ending}", sent)
    return lambda: [_instance(model, table, row) for row in answer()]


def _condition(column: str, values: Collection[object] | Found) -> tuple[str, Sequence[object]]:
    if isinstance(values, Found):
        return f"{column} = ({values.statement})", values.values
    if len(values) == 1:
        return f"{column} = %s", list(values)
    return f"{column} = ANY(%s)", [array(values)]


def _instance(model: type[M], table: _Table, row: tuple[Any, ...]) -> M:
    if table.converters:
        changed = list(row)
        for position, convert, column in table.converters:
            changed[position] = convert(changed[position], column, connection)
        row = tuple(changed)
    return model.from_db(connection.alias, table.names, row)


def write_row(row: models.Model, *names: str) -> None:
    """Write the columns of the fields `names` of a row that is there.

    As `save(update_fields=...)` does, without signals, for rows a command has locked: they cannot
    be gone. Raises RuntimeError when one is, unless it went out with others (`core.together`).
    """
    fields = tuple(row._meta.get_field(name) for name in names)
    with prepared() as cursor:
        cursor.execute(_update(type(row), names), [*_values(row, fields), row.pk])
        if cursor.rowcount not in {1, NOT_YET_KNOWN}:
            raise RuntimeError(f"{row._meta.label} is not there any more")


def insert_row(row: models.Model) -> None:
    """Write a new row whose columns are all set: as `save(force_insert=True)` does, without
    signals, for the rows that are written all day."""
    fields = row._meta.concrete_fields
    with prepared() as cursor:
        cursor.execute(_insert(type(row)), _values(row, fields))
    row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as a saved row


def _values(row: models.Model, fields: Iterable[Any]) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


@cache
def _insert(model: type[models.Model]) -> str:
    quote = connection.ops.quote_name
    columns = [quote(field.column or "") for field in model._meta.concrete_fields]
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - from the models


@cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    columns = [model._meta.get_field(name).column for name in names]  # type: ignore[union-attr]
    changes = ", ".join(f"{quote(column or '')} = %s" for column in columns)
    return f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE id = %s"  # noqa: S608 - from the models
