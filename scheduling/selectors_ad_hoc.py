"""Reading ad-hoc visits: a patient's, and those that still have to be booked."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from core.actor import Actor
from core.audit import audited_rows
from scheduling.ad_hoc import TO_COME
from scheduling.models import Booking, Visit
from scheduling.purposes import what_for
from scheduling.selectors_api import IN_FORCE

SHOWN = 50  # of one patient
LISTED = 200  # to be booked


@dataclass(frozen=True, slots=True)
class AdHocLine:
    """One ad-hoc visit of a patient, and its booking in force."""

    visit: Visit
    booking: Booking | None  # with chair and clinic_day

    @property
    def state(self) -> str:
        """A code of core.states."""
        if self.visit.status in {Visit.Status.COMPLETED, Visit.Status.CANCELLED}:
            return self.visit.status
        return self.booking.status if self.booking is not None else "planned"

    @property
    def may_be_booked(self) -> bool:
        """Whether its time can still be found or changed."""
        return self.visit.status in TO_COME


def ad_hoc_visits(actor: Actor, patient_id: UUID) -> list[AdHocLine]:
    """Return a patient's ad-hoc visits, the latest first; two queries.

    The caller records the read (core.audit.record_read).
    """
    visits = Visit.objects.filter(patient_id=patient_id, clinic_id=actor.clinic_id, course=None)
    found = list(visits.order_by("-day", "-pk")[:SHOWN])
    rows = Booking.objects.filter(visit__in=found, status__in=IN_FORCE)
    bookings = {each.visit_id: each for each in rows.select_related("chair", "clinic_day")}
    return [AdHocLine(visit, bookings.get(visit.pk)) for visit in found]


class ToBook(NamedTuple):
    """One ad-hoc visit without a booking, and who is to come."""

    visit_id: UUID
    purpose: str
    minutes: int
    note: str
    due_on: date
    latest_on: date
    no_shows: int
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str

    @property
    def what_for(self) -> str:
        """What it is for, in words."""
        return what_for(None, self.purpose)

    def days_late(self, today: date) -> int:
        """Days since the last day it was wanted on; zero or below while it is not late."""
        return (today - self.latest_on).days


def ad_hoc_to_book(actor: Actor, today: date, *, now: datetime, ahead: timedelta) -> list[ToBook]:
    """Return the ad-hoc visits wanted within `ahead` that have no booking, the latest to be
    wanted first; one query, the read of each record written down."""
    rows = (
        Visit.objects.filter(
            clinic_id=actor.clinic_id, course=None, status=Visit.Status.PLANNED,
            due_on__lte=today + ahead, patient__deceased_on__isnull=True,
            patient__deceased_undated=False,
        )
        .order_by("latest_on", "pk")
        .values_list(
            "pk", "purpose", "minutes", "note", "due_on", "latest_on", "no_shows", "patient_id",
            "patient__family_name", "patient__given_names", "patient__birth_date",
            "patient__mrn",
        )[:LISTED]
    )  # fmt: skip
    column = ToBook._fields.index("patient_id")
    found = audited_rows(rows, patient_column=column, actor=actor, now=now, page="due ad hoc")
    return [ToBook(*row) for row in found]
