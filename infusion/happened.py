"""What really happened to visits, for the rooms below: instants only, no clinical values."""

from collections.abc import Collection
from uuid import UUID

from infusion.models import Infusion
from scheduling.actuals import Actual


def actual_times(visits: Collection[UUID]) -> dict[UUID, Actual]:
    """Return when each visit's infusion began and ended, and when the patient left; one query."""
    rows = Infusion.objects.filter(visit__in=visits).values_list(
        "visit_id", "started_at", "ended_at", "discharged_at"
    )
    return {
        visit_id: Actual(started_at=started, ended_at=ended, discharged_at=left)
        for visit_id, started, ended, left in rows
    }
