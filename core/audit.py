"""The ledger of changes and reads, written in the same transaction as what it records."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Model, QuerySet

from core.actor import Actor
from core.db import command, joins
from core.models import AuditEntry
from core.prepared import prepared


@joins
def record(
    action: str,
    subject: Model,
    *,
    actor: Actor,
    now: datetime,
    patient_id: UUID | None = None,
    **details: Any,
) -> None:
    """Write that `actor` did `action` to `subject`, inside the caller's transaction.

    `details` holds ids, dates of plans and names of changed fields; never a person's name
    or a clinical value. Raises RuntimeError outside a transaction.
    """
    _write(_entry(action, subject, patient_id, actor, now, details))


@joins
def record_many(
    action: str,
    patients: Mapping[UUID, Mapping[str, Any]],
    *,
    subject_type: type[Model],
    actor: Actor,
    now: datetime,
) -> None:
    """Write one entry per patient, in one statement: for commands that change many records.

    `patients` maps a patient's id to the entry's details, which hold what `record`'s may.
    """
    AuditEntry.objects.bulk_create(
        _entry(action, subject_type(pk=patient_id), patient_id, actor, now, dict(details))
        for patient_id, details in patients.items()
    )


@command
def record_read(
    *, subject: Model, patient_id: UUID, actor: Actor, now: datetime, page: str
) -> None:
    """Write that `actor` opened `page` of a patient's record."""
    _write(_entry("record.read", subject, patient_id, actor, now, {"page": page}))


def audited_rows(
    rows: QuerySet[Any, tuple[Any, ...]],
    *,
    patient_column: int,
    actor: Actor,
    now: datetime,
    page: str,
    shown: int | None = None,
) -> list[tuple[Any, ...]]:
    """Return the rows of a `values_list` query and record whose records they are, in one statement.

    `patient_column` is the position of the patient's id. Reading and recording cannot come
    apart, and a list of any size costs one query. Only the first `shown` rows are recorded, for
    a caller that reads one more to learn whether a next page exists.
    """
    sql, params = rows.query.sql_with_params()
    width = len(rows.query.values_select) + len(rows.query.annotation_select)
    columns = ", ".join(f"c{n}" for n in range(width))
    statement = f"""
        WITH page ({columns}) AS MATERIALIZED ({sql}),
        seen AS (
            INSERT INTO core_auditentry (occurred_at, clinic_id, actor_kind, user_id, api_client_id,
                action, subject_type, subject_id, patient_id, details, request_id)
            SELECT %s, %s, %s, %s, %s, 'records.listed', %s, NULL, NULL,
                jsonb_build_object('page', %s::text, 'patients',
                    coalesce((SELECT jsonb_agg(DISTINCT c{patient_column})
                        FROM (SELECT * FROM page LIMIT %s) AS shown), '[]')), %s
        )
        SELECT {columns} FROM page"""  # noqa: S608 - column names are counted, never given
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [
                *params, now, actor.clinic_id, actor.kind, actor.user_id, actor.api_client_id,
                rows.model._meta.label, page, shown, actor.request_id,
            ],
        )  # fmt: skip
        return list(cursor.fetchall())


_COLUMNS = (
    "occurred_at", "clinic_id", "actor_kind", "user_id", "api_client_id", "action",
    "subject_type", "subject_id", "patient_id", "details", "request_id",
)  # fmt: skip
_INSERT = (
    f"INSERT INTO core_auditentry ({', '.join(_COLUMNS)}) "  # noqa: S608 - constants of this module
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
)


def _write(entry: AuditEntry) -> None:
    """Insert one entry: every change and every page does, so the statement is written once."""
    values = [getattr(entry, column) for column in _COLUMNS]
    values[_COLUMNS.index("details")] = orjson.dumps(entry.details).decode()
    with prepared() as cursor:
        cursor.execute(_INSERT, values)


def _entry(  # noqa: PLR0917 - private, and every caller stands above
    action: str,
    subject: Model,
    patient_id: UUID | None,
    actor: Actor,
    now: datetime,
    details: dict[str, Any],
) -> AuditEntry:
    return AuditEntry(
        occurred_at=now,
        clinic_id=actor.clinic_id,
        actor_kind=actor.kind,
        user_id=actor.user_id,
        api_client_id=actor.api_client_id,
        action=action,
        subject_type=subject._meta.label,
        subject_id=subject.pk,
        patient_id=patient_id,
        details=orjson.loads(orjson.dumps(details)),
        request_id=actor.request_id,
    )


def entries_about(
    patient_id: UUID, *, limit: int, before: int | None = None
) -> Sequence[AuditEntry]:
    """Return the newest `limit` entries that name the patient, newest first.

    With `before` those older than the entry of that number: the next page.
    """
    entries = AuditEntry.objects.filter(patient_id=patient_id)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.order_by("-id")[:limit])
