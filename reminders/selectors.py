"""Reading reminders. Nothing here writes, but lists of patients are recorded as read."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q

from clinics.permissions import REMINDERS_VIEW
from core.actor import Actor
from core.audit import audited_rows
from core.errors import Invalid
from reminders.models import Heartbeat, Reminder

TABS: dict[str, Q] = {
    "screen": Q(state=Reminder.State.SENT, channel=Reminder.Channel.BOARD, seen_at__isnull=True),
    "waiting": Q(state__in=[Reminder.State.PENDING, Reminder.State.CLAIMED]),
    "sent": Q(state=Reminder.State.SENT),
    "failed": Q(state=Reminder.State.FAILED),
    "expired": Q(state=Reminder.State.EXPIRED),
    "void": Q(state=Reminder.State.VOID),
}
# What is still to be done comes in the order in which it is due; what is over, newest first.
OLDEST_FIRST = {"screen", "waiting"}
# A tab shows "999+" beyond this: counting a million rows on every page helps nobody.
COUNTED = 1000
_COLUMNS = (
    "patient_id", "patient__family_name", "patient__given_names", "patient__title",
    "patient__birth_date", "patient__mrn", "id", "kind", "channel", "recipient_role", "state",
    "due_at", "next_attempt_at", "attempts", "last_problem", "settled_at", "seen_at",
    "seen_by__full_name", "recipient_user__full_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a reminder is about, by more than a name."""

    family_name: str
    given_names: str
    title: str
    birth_date: date
    mrn: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the staff's list. Without role and member of staff it is to the patient."""

    patient: Person | None
    id: UUID
    kind: str
    channel: str
    recipient_role: str
    state: str
    due_at: datetime
    next_attempt_at: datetime
    attempts: int
    last_problem: str
    settled_at: datetime | None
    seen_at: datetime | None
    seen_by: str | None
    recipient_user: str | None

    @property
    def to_be_seen(self) -> bool:
        """Whether it is on the screen and nobody has acknowledged it yet."""
        shown = self.channel == Reminder.Channel.BOARD and self.state == Reminder.State.SENT
        return shown and self.seen_at is None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of those that follow; empty on the last page."""

    rows: list[Listed]
    following: str


def last_told(subject_id: UUID) -> dict[str, str]:
    """Return, per kind, the occurrence of a subject that was told last."""
    sent = Reminder.objects.filter(subject_id=subject_id, state=Reminder.State.SENT)
    rows = sent.order_by("settled_at").values_list("kind", "dedupe_key")
    return {kind: key.split(":")[2] for kind, key in rows}


def database_now() -> datetime:
    """Return the database's clock, in UTC: the one clock that all senders share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def last_sweep() -> datetime | None:
    """Return when any driver last finished a sweep; None before the first."""
    last: datetime | None = Heartbeat.objects.aggregate(last=Max("beat_at"))["last"]
    return last


def counts(actor: Actor) -> dict[str, int]:
    """Return how many reminders of the actor's clinic each tab holds, counting to COUNTED."""
    actor.require(REMINDERS_VIEW)
    ours = Reminder.objects.filter(clinic_id=actor.clinic_id)
    # The order is only there to be an index's: without it the planner may read the whole table.
    return {
        tab: ours.filter(held).order_by(_order(tab)[0])[:COUNTED].count()
        for tab, held in TABS.items()
    }


def page_of(
    actor: Actor, *, tab: str, kind: str = "", after: str = "", limit: int, now: datetime
) -> Page:
    """Return `limit` reminders of the actor's clinic: the next due first, or the newest first.

    Records whose records were listed. Raises Invalid for an unknown tab or a broken cursor,
    Forbidden without reminders.view.
    """
    actor.require(REMINDERS_VIEW)
    if tab not in TABS:
        raise Invalid("There is no such list.", {"tab": [f"One of {', '.join(TABS)}."]})
    rows = Reminder.objects.filter(TABS[tab], clinic_id=actor.clinic_id)
    if kind:
        rows = rows.filter(kind=kind)
    if after:
        rows = rows.filter(_beyond(after, forward=tab in OLDEST_FIRST))
    found = audited_rows(
        rows.order_by(*_order(tab)).values_list(*_COLUMNS)[: limit + 1],
        patient_column=0, actor=actor, now=now, page="reminders",
    )  # fmt: skip
    listed = [_listed(row) for row in found[:limit]]
    return Page(listed, _cursor(listed[-1]) if len(found) > limit else "")


def _order(tab: str) -> tuple[str, str]:
    return ("due_at", "id") if tab in OLDEST_FIRST else ("-due_at", "-id")


def _listed(row: tuple[Any, ...]) -> Listed:
    person = Person(*row[1:6]) if row[0] else None
    return Listed(person, *row[6:])


def _cursor(row: Listed) -> str:
    return f"{row.due_at:%Y%m%dT%H%M%S%f%z}~{row.id.hex}"


def _beyond(cursor: str, *, forward: bool) -> Q:
    instant, _, row_id = cursor.partition("~")
    try:
        due_at = datetime.strptime(instant, "%Y%m%dT%H%M%S%f%z")
        last = UUID(row_id)
    except ValueError as exc:
        raise Invalid(
            "This page of the list does not exist.", {"after": ["Not a cursor."]}
        ) from exc
    if forward:
        return Q(due_at__gte=due_at) & (Q(due_at__gt=due_at) | Q(id__gt=last))
    return Q(due_at__lte=due_at) & (Q(due_at__lt=due_at) | Q(id__lt=last))
