"""Whom to telephone because the clinic moved or cancelled a visit, until somebody has."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from clinics.permissions import REMINDERS_VIEW
from core.actor import Actor
from core.audit import audited_rows
from reminders.models import Reminder
from scheduling.change_kinds import CALLS, MOVED_CALL
from scheduling.models import Booking

WAITING = (Reminder.State.PENDING, Reminder.State.CLAIMED, Reminder.State.SENT)


class ToTelephone(NamedTuple):
    """One patient to telephone. `kind` says whether the visit moved or is cancelled."""

    reminder_id: UUID
    kind: str
    state: str
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str
    telephone: str
    booking_id: UUID
    period: Any  # where the visit stands now, or stood
    day: date | None

    @property
    def moved(self) -> bool:
        """Whether there is another time to tell."""
        return self.kind == MOVED_CALL

    @property
    def on_screen(self) -> bool:
        """Whether it can be marked as done: from a moment after it was saved."""
        return self.state == Reminder.State.SENT


def to_telephone(actor: Actor, *, now: datetime) -> list[ToTelephone]:
    """Return whom the schedulers have still to telephone, the soonest visit first: two queries.

    Nobody for an actor who may not see reminders.
    """
    if not actor.may(REMINDERS_VIEW):
        return []
    rows = Reminder.objects.filter(
        clinic_id=actor.clinic_id, kind__in=CALLS, state__in=WAITING, seen_at__isnull=True,
        void_after__gt=now,
    ).values_list(
        "id", "kind", "state", "patient_id", "patient__family_name", "patient__given_names",
        "patient__birth_date", "patient__mrn", "patient__telephone", "subject_id",
    )  # fmt: skip
    found = audited_rows(
        rows.order_by("void_after", "id"), patient_column=3, actor=actor, now=now, page="calls"
    )
    booked = {
        pk: (period, day)
        for pk, period, day in Booking.objects.filter(
            pk__in=[row[-1] for row in found]
        ).values_list("pk", "period", "clinic_day__date")
    }
    return [ToTelephone(*row, *booked.get(row[-1], (None, None))) for row in found]
