"""What is written down of disruptions from a day on; and the record that a preview was read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from clinics.models import Absence, ChairOutage, Closure
from clinics.selectors import clinic_by_id
from core.actor import Actor
from core.audit import audited_rows
from core.zones import day_span
from scheduling.disruption.what import ALL_DAY
from scheduling.grid import grid_of
from scheduling.models import Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One disruption as it is written down; `starts` and `ends` None means the day's own."""

    kind: str
    row_id: UUID
    day: date | None
    starts: datetime | None
    ends: datetime | None
    what: str
    nurses: int
    reason: str


def recorded(actor: Actor, first: date) -> list[Recorded]:
    """Return the actor's clinic's closures, outages and absences that are not over on `first`."""
    return [*_closures(actor, first), *_outages(actor, first), *_absences(actor, first)]


def _closures(actor: Actor, first: date) -> Iterator[Recorded]:
    rows = Closure.objects.filter(clinic_id=actor.clinic_id, date__gte=first).order_by("date")
    yield from map(recorded_as, rows)


def _outages(actor: Actor, first: date) -> Iterator[Recorded]:
    begins = day_span(first, clinic_by_id(actor.clinic_id).time_zone)[0]
    rows = ChairOutage.objects.filter(
        chair__clinic_id=actor.clinic_id, period__endswith__gt=begins
    ) | ChairOutage.objects.filter(chair__clinic_id=actor.clinic_id, period__upper_inf=True)
    yield from map(recorded_as, rows.select_related("chair").order_by("period", "pk"))


def _absences(actor: Actor, first: date) -> Iterator[Recorded]:
    rows = Absence.objects.filter(clinic_id=actor.clinic_id, date__gte=first)
    ordered = rows.select_related("nurse", "clinic").order_by("date", "starts", "pk")
    yield from map(recorded_as, ordered)


def recorded_as(row: Closure | ChairOutage | Absence) -> Recorded:
    """Return one row as it is shown."""
    if isinstance(row, Closure):
        return Recorded(
            kind="closing", row_id=row.pk, day=row.date, starts=None, ends=None, what="", nurses=0,
            reason=row.reason,
        )  # fmt: skip
    if isinstance(row, ChairOutage):
        return Recorded(
            kind="chair", row_id=row.pk, day=None, starts=row.period.lower, ends=row.period.upper,
            what=row.chair.label, nurses=0, reason=row.reason,
        )  # fmt: skip
    grid = grid_of(row.date, row.clinic.time_zone)
    return Recorded(
        kind="nurses", row_id=row.pk, day=row.date,
        starts=None if row.starts == ALL_DAY[0] else grid.wall(row.starts),
        ends=None if row.ends == ALL_DAY[1] else grid.wall(row.ends),
        what=str(row.nurse) if row.nurse else "", nurses=row.nurses, reason=row.reason,
    )  # fmt: skip


def read_over(bookings: Sequence[UUID], actor: Actor, now: datetime) -> None:
    """Write down that the actor looked at whose bookings these are: one statement."""
    if bookings:
        rows = Booking.objects.filter(pk__in=bookings).values_list("patient_id")
        audited_rows(rows, patient_column=0, actor=actor, now=now, page="disruption")
