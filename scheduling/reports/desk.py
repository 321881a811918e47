"""What became of bookings: who came, who did not, and how long ahead they were made."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from django.db.models import (
    Avg,
    Count,
    DateField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    Q,
    Value,
)
from django.db.models.functions import Cast

from clinics.models import Clinic
from scheduling.models import Booking
from scheduling.reports.span import Span

STEPS = (7, 30, 90, 180)  # days ahead: up to a week, a month, a quarter, half a year, longer


@dataclass(frozen=True, slots=True)
class Attendance:
    """The bookings of a span of days, by what became of them, and by how long ahead."""

    kept: int
    missed: int
    cancelled: int
    open: int
    ahead: tuple[int, ...]  # bookings by STEPS, then the longer ones
    mean_ahead: float | None  # days between booking and visit

    @property
    def missed_share(self) -> float | None:
        """Percent of the visits whose day came for which nobody did."""
        came = self.kept + self.missed
        return 100 * self.missed / came if came else None


def attendance(clinic: Clinic, span: Span) -> Attendance:
    """Add up the bookings for the days of `span`; one query."""
    made_on = Cast(Func(Value(clinic.time_zone), F("created_at"), function="timezone"), DateField())
    ahead = ExpressionWrapper(F("clinic_day__date") - made_on, output_field=DurationField())
    stands = ~Q(status=Booking.Status.CANCELLED)
    edges = [None, *(timedelta(days=step) for step in STEPS), None]
    buckets = {
        f"ahead_{n}": Count("pk", filter=stands & _between(low, high))
        for n, (low, high) in enumerate(pairwise(edges))
    }
    rows = Booking.objects.filter(
        clinic=clinic, clinic_day__date__range=(span.first, span.last), offer=None
    ).annotate(ahead=ahead)
    sums = rows.aggregate(
        kept=Count("pk", filter=Q(status__in=["arrived", "completed"])),
        missed=Count("pk", filter=Q(status=Booking.Status.NO_SHOW)),
        cancelled=Count("pk", filter=Q(status=Booking.Status.CANCELLED)),
        open=Count("pk", filter=Q(status__in=["day_held", "proposed", "confirmed"])),
        mean=Avg("ahead", filter=stands),
        **buckets,
    )
    mean: timedelta | None = sums["mean"]
    return Attendance(
        kept=sums["kept"], missed=sums["missed"], cancelled=sums["cancelled"], open=sums["open"],
        ahead=tuple(sums[name] for name in buckets),
        mean_ahead=None if mean is None else mean / timedelta(days=1),
    )  # fmt: skip


def _between(low: timedelta | None, high: timedelta | None) -> Q:
    above = Q() if low is None else Q(ahead__gt=low)
    return above if high is None else above & Q(ahead__lte=high)
