"""Saving a locked row: one version on, at the time of the command."""

from datetime import datetime

from core.db import joins
from core.rows import write_row
from scheduling.models import Booking, Course, Visit


@joins
def save(row: Course | Visit | Booking, *fields: str, now: datetime) -> None:
    """Save `fields` of a locked row, with its next version and the time of change."""
    row.version += 1
    row.updated_at = now
    write_row(row, *fields, "version", "updated_at")
