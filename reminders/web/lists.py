"""One reminder as a line on the page, and as a line of the exported file."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinics.models import Role
from reminders import kinds
from reminders.models import Reminder
from reminders.selectors import Listed

HEADINGS = (
    "due", "what", "to", "channel", "patient record number", "state", "attempts", "told",
    "problem", "seen", "seen by",
)  # fmt: skip
# A spreadsheet runs a cell that begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """What the page shows of one reminder."""

    row: Listed
    what: str
    to: str
    badge: str  # the word of the state, where the usual one would mislead

    @classmethod
    def of(cls, row: Listed) -> "Line":
        on_screen = row.channel == Reminder.Channel.BOARD and row.state == Reminder.State.SENT
        badge = (_("Seen") if row.seen_at else _("On screen")) if on_screen else ""
        return cls(row, kinds.label_of(row.kind), recipient(row), badge)


def recipient(row: Listed) -> str:
    """Return to whom, in words: a role, a member of staff, or the patient."""
    if row.recipient_role:
        return str(Role(row.recipient_role).label)
    return row.recipient_user or _("Patient")


def cells(row: Listed, zone: str) -> list[str | int]:
    """Return the cells of HEADINGS. Instants are ISO 8601 on the clinic's wall, with offset."""
    return [
        _instant(row.due_at, zone),
        _safe(kinds.label_of(row.kind)),
        recipient(row),
        row.channel,
        _safe(row.patient.mrn if row.patient else ""),
        row.state,
        row.attempts,
        _instant(row.settled_at, zone),
        _safe(row.last_problem),
        _instant(row.seen_at, zone),
        _safe(row.seen_by or ""),
    ]


def _instant(value: datetime | None, zone: str) -> str:
    return value.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds") if value else ""


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
