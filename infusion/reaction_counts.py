"""Reactions by dose number and rate option: how many infusions ran, and in how many one came."""

from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from clinical.model import ReactionSeverity
from clinics.models import Clinic
from core.zones import day_span
from infusion.models import Infusion, InfusionEvent
from scheduling.reports.span import Span

SEVERE = (ReactionSeverity.SEVERE.value, ReactionSeverity.LIFE_THREATENING.value)


@dataclass(frozen=True, slots=True)
class ReactionLine:
    """The infusions of one dose number under one rate option. `severe` are among `reacted`."""

    dose_number: int
    rate_option: str
    ran: int
    reacted: int
    severe: int

    @property
    def share(self) -> float:
        """Percent of the infusions in which a reaction was charted."""
        return 100 * self.reacted / self.ran


def reactions_by_dose(clinic: Clinic, span: Span) -> list[ReactionLine]:
    """Count the infusions begun in `span`; one query.

    A reaction counts as it stands: what was amended counts as amended, what was withdrawn not.
    """
    charted = _standing()
    severe = charted.filter(values__severity__in=SEVERE)
    first, _ = day_span(span.first, clinic.time_zone)
    _, after = day_span(span.last, clinic.time_zone)
    rows = (
        Infusion.objects.filter(clinic=clinic, started_at__gte=first, started_at__lt=after)
        .annotate(
            had=Exists(charted), had_severe=Exists(severe), dose_number=F("visit__dose_number")
        )
        .values("dose_number", "rate_option")
        .annotate(
            ran=Count("pk"), reacted=Count("pk", filter=Q(had=True)),
            severe=Count("pk", filter=Q(had_severe=True)),
        )
        .order_by("dose_number", "rate_option")
    )  # fmt: skip
    return [ReactionLine(**row) for row in rows]


def _standing() -> QuerySet[InfusionEvent]:
    amended = InfusionEvent.objects.filter(amends=OuterRef("pk"))
    return InfusionEvent.objects.filter(
        ~Exists(amended), infusion=OuterRef("pk"), kind=InfusionEvent.Kind.REACTION
    ).exclude(values__contains={"withdrawn": True})
