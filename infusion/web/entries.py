"""The event log in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clinical.model import ReactionSeverity
from core import display
from core.clinical_words import SIGNS
from infusion.bedside import Entry
from infusion.models import InfusionEvent
from infusion.vitals import RANGES
from infusion.web.forms.reacting import SEVERITIES
from infusion.web.prepared import lines_of

Kind = InfusionEvent.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One charted fact as the log shows it. `fatal` is a life-threatening reaction that stands."""

    event_id: UUID
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
    fatal: bool

    @property
    def stands(self) -> bool:
        """Whether this is what the chart says now, so that it can be corrected."""
        return not self.amended and not self.withdrawn


def line(entry: Entry) -> Line:
    """Return an entry as the log shows it."""
    event = entry.event
    return Line(
        event_id=event.pk,
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
        fatal=event.values.get("severity") == ReactionSeverity.LIFE_THREATENING.value,
    )


def details(event: InfusionEvent) -> str:
    """Return the values of a fact as people read them."""
    if (said := SAID.get(Kind(event.kind))) is not None:
        return said(event.values)
    if "rate_ml_h" in event.values:
        return display.rate(Decimal(event.values["rate_ml_h"]))
    return "; ".join(lines_of(event))


def _medicine(values: Mapping[str, Any]) -> str:
    dose = display.quantity(Decimal(values["dose_mg"]), "mg")
    return f"{values['drug']} {dose}, {values['route']}"


def _vitals(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{sign.label} {display.quantity(Decimal(values[name]), sign.unit)}"
        for name, sign in RANGES.items()
        if name in values
    )


def _volume(values: Mapping[str, Any]) -> str:
    return display.quantity(Decimal(values["volume_ml"]), "mL")


def _discharge(values: Mapping[str, Any]) -> str:
    """Say what was done at the door, and what was not; charts of before this was asked say none."""
    if "line_removed" not in values:
        return ""
    line_words = _("line removed") if values["line_removed"] else _("line not removed")
    advice = _("advice given") if values["advice_given"] else _("no advice given")
    agreed = [_("agreed with the prescriber")] if values.get("agreed_by") else []
    return ", ".join([line_words, advice, *agreed])


def _reaction(values: Mapping[str, Any]) -> str:
    if not values.get("assessed", True):
        return _("not assessed yet")
    said = [str(SEVERITIES[ReactionSeverity(values["severity"])])]
    if values.get("grade"):
        said.append(_("grade %(grade)s") % {"grade": values["grade"]})
    if values.get("serious"):
        said.append(_("serious"))
    return ", ".join([*said, *(str(SIGNS.get(sign, sign)) for sign in values.get("signs", ()))])


SAID: dict[Kind, Callable[[Mapping[str, Any]], str]] = {
    Kind.PREMEDICATION: _medicine,
    Kind.VITALS: _vitals,
    Kind.REACTION: _reaction,
    Kind.COMPLETED: _volume,
    Kind.STOPPED: _volume,
    Kind.DISCHARGED: _discharge,
}
