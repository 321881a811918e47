"""What happens at the door, and after it: the last checks, the next dose. Nothing here writes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from scheduling.models import Booking, Course, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What was done before the patient left. `advice_given`: what to watch for, until when, and
    whom to call. `agreed_by` is who agreed to a stay shorter than the protocol's."""

    line_removed: bool
    advice_given: bool
    agreed_by: UUID | None = None

    def values(self) -> dict[str, Any]:
        """Return what the event keeps."""
        agreed = {"agreed_by": str(self.agreed_by)} if self.agreed_by else {}
        return {"line_removed": self.line_removed, "advice_given": self.advice_given, **agreed}

    def left_out(self) -> list[str]:
        """Return what was not done, by the names of the fields."""
        return [name for name in ("line_removed", "advice_given") if not getattr(self, name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDose:
    """The dose after a visit's, with its booking; without one the due list brings it up."""

    visit: Visit
    booking: Booking | None


def next_dose(visit: Visit) -> NextDose | None:
    """Return the next dose still to be given after `visit`'s; None when the course has ended.

    Two queries.
    """
    following = (
        Visit.objects.filter(
            course=visit.course_id, dose_number__gt=visit.dose_number, given_on=None,
            course__status=Course.Status.ACTIVE,
        )
        .exclude(status=Visit.Status.CANCELLED)
        .order_by("dose_number")
        .first()
    )  # fmt: skip
    if following is None:
        return None
    booked = Booking.objects.filter(visit=following, status__in=Booking.ACTIVE)
    return NextDose(visit=following, booking=booked.select_related("clinic_day", "chair").first())
