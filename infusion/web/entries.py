"""The event log in words."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise

from core import display
from infusion.bedside import Entry
from infusion.models import InfusionEvent
from infusion.vitals import RANGES

Kind = InfusionEvent.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One charted fact as the log shows it."""

    at: datetime
    recorded_at: datetime
    what: str | Promise
    details: str
    reason: str
    by: str
    late: bool
    amends: bool
    amended: bool
    withdrawn: bool


def line(entry: Entry) -> Line:
    """Return an entry as the log shows it."""
    event = entry.event
    return Line(
        at=event.occurred_at,
        recorded_at=event.recorded_at,
        what=Kind(event.kind).label,
        details=details(event),
        reason=event.reason,
        by=event.recorded_by.full_name,
        late=entry.late,
        amends=event.amends_id is not None,
        amended=entry.amended,
        withdrawn=entry.withdrawn,
    )


def details(event: InfusionEvent) -> str:
    """Return the values of a fact as people read them."""
    values = event.values
    if event.kind == Kind.PREMEDICATION:
        dose = display.quantity(Decimal(values["dose_mg"]), "mg")
        return f"{values['drug']} {dose}, {values['route']}"
    if event.kind == Kind.VITALS:
        return ", ".join(
            f"{sign.label} {display.quantity(Decimal(values[name]), sign.unit)}"
            for name, sign in RANGES.items()
            if name in values
        )
    if event.kind == Kind.COMPLETED:
        return display.quantity(Decimal(values["volume_ml"]), "mL")
    if "rate_ml_h" in values:
        return display.rate(Decimal(values["rate_ml_h"]))
    return ""
