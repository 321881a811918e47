"""Doses on time: how many were given in their window, how late they were, and who still waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncMonth

from core.actor import Actor
from core.audit import audited_rows
from scheduling.models import Booking, Course, Visit
from scheduling.reports.span import Span

HIGH_RISK_DAYS = 30
"""A mean of 30 days' wait for the next dose is the published line of high risk (screen 21)."""
SHOWN = 200
WAITS = (Visit.Status.PLANNED, Visit.Status.BOOKED)
ENDED = (Booking.Status.CANCELLED, Booking.Status.NO_SHOW)


@dataclass(frozen=True, slots=True)
class Punctuality:
    """The doses given in one month, or in all of a span."""

    given: int
    within: int
    early: int
    late: int
    days_past_due: int  # summed over the doses given after their due date; the others count zero
    longest: int

    @property
    def share(self) -> float | None:
        """Percent given within the window; None when none was given."""
        return 100 * self.within / self.given if self.given else None

    @property
    def mean_days(self) -> float | None:
        """Mean days past due over all doses given; None when none was given."""
        return self.days_past_due / self.given if self.given else None


@dataclass(frozen=True, slots=True)
class DosesOnTime:
    """A span, and each of its months in which a dose was given."""

    total: Punctuality
    months: tuple[tuple[date, Punctuality], ...]
    waiting: int  # doses not given by their latest day
    mean_wait: float | None  # days they are past their due date, on average


def doses_on_time(actor: Actor, span: Span, *, today: date) -> DosesOnTime:
    """Add up the doses given in `span`, and those that wait today; two queries."""
    past = ExpressionWrapper(F("given_on") - F("due_on"), output_field=DurationField())
    late = Case(When(given_on__gt=F("due_on"), then=past), default=Value(timedelta()))
    rows = (
        Visit.objects.filter(clinic_id=actor.clinic_id, given_on__range=(span.first, span.last))
        .annotate(month=TruncMonth("given_on"), past=late)
        .values("month")
        .annotate(
            given=Count("pk"),
            early=Count("pk", filter=Q(given_on__lt=F("earliest_on"))),
            late=Count("pk", filter=Q(given_on__gt=F("latest_on"))),
            days=Sum("past"),
            longest=Max("past"),
        )
        .order_by("month")
    )
    months = tuple((row["month"], _punctuality(row)) for row in rows)
    waiting = _waiting(actor, today).aggregate(
        n=Count("pk"),
        days=Sum(ExpressionWrapper(Value(today) - F("due_on"), output_field=DurationField())),
    )
    return DosesOnTime(
        total=_sum([month for _, month in months]),
        months=months,
        waiting=waiting["n"],
        mean_wait=waiting["days"].days / waiting["n"] if waiting["n"] else None,
    )


def _punctuality(row: Mapping[str, Any]) -> Punctuality:
    given, early, late = row["given"], row["early"], row["late"]
    return Punctuality(
        given, given - early - late, early, late, row["days"].days, row["longest"].days
    )


def _sum(months: list[Punctuality]) -> Punctuality:
    return Punctuality(
        given=sum(month.given for month in months),
        within=sum(month.within for month in months),
        early=sum(month.early for month in months),
        late=sum(month.late for month in months),
        days_past_due=sum(month.days_past_due for month in months),
        longest=max((month.longest for month in months), default=0),
    )


def _waiting(actor: Actor, today: date) -> Any:
    """Next doses of active courses that were not given by their latest day.

    A dose behind another one that waits is not counted: it has no date of its own yet.
    """
    earlier = Visit.objects.filter(
        course=OuterRef("course"), status__in=WAITS, dose_number__lt=OuterRef("dose_number")
    )
    return Visit.objects.filter(
        ~Exists(earlier),
        clinic_id=actor.clinic_id,
        status__in=WAITS,
        latest_on__lt=today,
        course__status=Course.Status.ACTIVE,
        patient__deceased_on__isnull=True,
        patient__deceased_undated=False,
    )


class LateDose(NamedTuple):
    """One dose past its latest day: how long, and what is known of why."""

    visit_id: UUID
    dose_number: int
    dose_mg: int
    due_on: date
    latest_on: date
    no_shows: int
    booked_for: date | None
    ended_as: str | None  # how the last booking that came to nothing ended
    end_reason: str | None
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str

    def days_past_due(self, today: date) -> int:
        """Days since it was due."""
        return (today - self.due_on).days

    @property
    def never_booked(self) -> bool:
        """Whether nobody has booked it yet."""
        return self.booked_for is None and self.ended_as is None and not self.no_shows


def late_doses(actor: Actor, *, today: date, now: datetime) -> list[LateDose]:
    """Return the doses past their latest day, the longest due first; one query, audited."""
    bookings = Booking.objects.filter(visit=OuterRef("pk"))
    active = bookings.filter(status__in=Booking.ACTIVE)
    ended = bookings.filter(status__in=ENDED, offer=None).order_by("-ended_at")
    rows = (
        _waiting(actor, today)
        .annotate(
            booked_for=Subquery(active.values("clinic_day__date")[:1]),
            ended_as=Subquery(ended.values("status")[:1]),
            end_reason=Subquery(ended.values("end_reason")[:1]),
        )
        .order_by("due_on", "pk")
        .values_list(
            "pk", "dose_number", "dose_mg", "due_on", "latest_on", "no_shows", "booked_for",
            "ended_as", "end_reason", "patient_id", "patient__family_name",
            "patient__given_names", "patient__birth_date", "patient__mrn",
        )[:SHOWN]
    )  # fmt: skip
    column = LateDose._fields.index("patient_id")
    found = audited_rows(rows, patient_column=column, actor=actor, now=now, page="late doses")
    return [LateDose(*row) for row in found]
