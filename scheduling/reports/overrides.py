"""Rules that somebody named went past, and why: by rule, then one by one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Max

from clinics.models import Clinic
from core.actor import Actor
from core.audit import audited_rows
from core.zones import day_span
from scheduling.models import Override
from scheduling.reports.span import Span

SHOWN = 200


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often one rule was gone past, for how many patients, by how many people."""

    rule_id: str
    times: int
    patients: int
    people: int
    last_at: datetime


class OverrideRow(NamedTuple):
    """One override with its reason."""

    rule_id: str
    reason: str
    overridden_at: datetime
    by: str
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str


def _within(clinic: Clinic, span: Span) -> tuple[datetime, datetime]:
    return day_span(span.first, clinic.time_zone)[0], day_span(span.last, clinic.time_zone)[1]


def by_rule(clinic: Clinic, span: Span) -> list[RuleCount]:
    """Count the overrides of `span` by rule, the most frequent first; one query."""
    first, after = _within(clinic, span)
    rows = (
        Override.objects.filter(
            clinic=clinic, overridden_at__gte=first, overridden_at__lt=after
        )
        .values("rule_id")
        .annotate(
            times=Count("pk"), patients=Count("patient", distinct=True),
            people=Count("overridden_by", distinct=True), last_at=Max("overridden_at"),
        )
        .order_by("-times", "rule_id")
    )  # fmt: skip
    return [RuleCount(**row) for row in rows]


def overrides(actor: Actor, clinic: Clinic, span: Span, *, now: datetime) -> list[OverrideRow]:
    """Return the overrides of `span`, the newest first; one query, audited."""
    first, after = _within(clinic, span)
    rows = (
        Override.objects.filter(clinic=clinic, overridden_at__gte=first, overridden_at__lt=after)
        .order_by("-overridden_at", "pk")
        .values_list(
            "rule_id", "reason", "overridden_at", "overridden_by__full_name", "patient_id",
            "patient__family_name", "patient__given_names", "patient__birth_date", "patient__mrn",
        )[:SHOWN]
    )  # fmt: skip
    column = OverrideRow._fields.index("patient_id")
    found = audited_rows(rows, patient_column=column, actor=actor, now=now, page="overrides")
    return [OverrideRow(*row) for row in found]
