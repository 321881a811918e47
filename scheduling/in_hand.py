"""A visit as a decision needs it: whose it is, what is booked, how long it takes, what forbids a
day. A dose answers by its course (`course_in_hand`), an ad-hoc visit by itself (`ad_hoc`)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from clinical.findings import Finding
from clinics.models import Clinic
from core.errors import RuleBroken
from patients.models import Patient
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.stay import Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand(ABC):
    """Visits of one patient that are decided on together, and their active bookings.

    Taken by a command everything in it is locked, and `days` has the locked days; read by a
    selector it is only what stood there at that moment.
    """

    clinic: Clinic
    patient: Patient
    days: dict[date, ClinicDay]
    visits: list[Visit]
    bookings: dict[UUID, Booking]  # by visit
    today: date

    @property
    def pending(self) -> list[Visit]:
        """The visits still to come, in order."""
        over = (Visit.Status.CANCELLED, Visit.Status.COMPLETED)
        return [
            visit for visit in self.visits if visit.given_on is None and visit.status not in over
        ]

    def visit(self, visit_id: UUID) -> Visit:
        """Return one of the visits."""
        return next(visit for visit in self.visits if visit.pk == visit_id)

    @abstractmethod
    def after(self, visit: Visit) -> list[Visit]:
        """Return the visits still to come whose dates are counted from `visit`."""

    @abstractmethod
    def findings(self, visit: Visit, on: date) -> list[Finding]:
        """Return what the protocol says about `visit` on `on`."""

    @abstractmethod
    def stay(self, visit: Visit, *, on: date, wanted: str | None = None) -> Stay:
        """Return how long `visit` takes on `on`; raises for a rate table it may not run."""

    @abstractmethod
    def refuse_unfit(self, on: date) -> None:
        """Raise RuleBroken when nothing can be booked for this patient on `on` at all."""

    def why_never(self, visit: Visit, on: date) -> str:
        """Say why `visit` can never be booked as things stand; empty when it can."""
        try:
            self.refuse_unfit(on)
        except RuleBroken as refusal:
            return refusal.message
        return "" if visit in self.pending else "This visit is not waiting to be booked."
