"""What the calculator's forms offer, in words. The numbers among them are the protocol's."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinical.beyond_use import Limit, Place
from clinical.calendar import Roll
from clinical.premedication import PremedicationKind
from clinical.protocol import ClimbPolicy, IntervalMode, RateOption, ReactionSeverity, load
from clinical.titration import rate_table
from core import display
from core.clinical_words import SIGNS as SIGN_WORDS
from reference.questions.calendar import RegimenFor, Weekday

_PROTOCOL = load()

AS_THE_EDITION = ("", _("Edition's own"))
DOSES = [
    (str(row.dose_mg), display.quantity(row.dose_mg, "mg")) for row in _PROTOCOL.preparation.bags
]
OPTIONS = [
    (option, format_lazy("{} ({})", name, rate_table(_PROTOCOL, option).stated_duration))
    for option, name in (
        (RateOption.INITIAL, _("Initial")),
        (RateOption.STANDARD, _("Standard")),
        (RateOption.SHORT, _("Short")),
    )
]
POLICIES = [
    AS_THE_EDITION,
    (ClimbPolicy.INCREMENT, _("By increment")),
    (ClimbPolicy.LADDER, _("Up the table's ladder")),
    (ClimbPolicy.RETURN, _("Return to the rate at onset")),
    (ClimbPolicy.HELD, _("Held at half")),
]
SEVERITIES = [
    (ReactionSeverity.MILD_MODERATE, _("Mild to moderate")),
    (ReactionSeverity.SEVERE, _("Severe")),
    (ReactionSeverity.LIFE_THREATENING, _("Life-threatening")),
]
MODES = [
    AS_THE_EDITION,
    (IntervalMode.CALENDAR, _("Six calendar months")),
    (IntervalMode.WEEKS_24, _("24 weeks")),
    (IntervalMode.WEEKS_26, _("26 weeks")),
]
LIMITS = {
    Limit.FRIDGE: _("hours in the fridge"),
    Limit.ROOM: _("hours out of the fridge"),
    Limit.STRICT: _("strict reading"),
}
PLACES = [(Place.FRIDGE, _("Fridge")), (Place.ROOM, _("Room"))]

REGIMENS = [(RegimenFor.ADULT, _("Adult")), (RegimenFor.PAEDIATRIC, _("Child"))]
_WEEK = list(Weekday)
WEEKS = {"mon-fri": tuple(_WEEK[:5]), "mon-sat": tuple(_WEEK[:6])}
"""When a clinic is open, by the code its form sends."""
OPEN_DAYS = [
    ("", _("Not asked")),
    ("mon-fri", _("Monday to Friday")),
    ("mon-sat", _("Monday to Saturday")),
]
ROLLS = [(Roll.FORWARD, _("To the day after")), (Roll.BACKWARD, _("To the day before"))]
SIGNS = [(sign, words) for sign, words in SIGN_WORDS.items() if sign in _PROTOCOL.reaction.signs]
PURPOSES = {
    PremedicationKind.STEROID: _("Glucocorticoid"),
    PremedicationKind.ANTIHISTAMINE: _("Antihistamine"),
    PremedicationKind.ANTIPYRETIC: _("Antipyretic"),
}
MEDICINES: dict[PremedicationKind, tuple[str, ...]] = {
    PremedicationKind.STEROID: tuple(
        row.drug for row in _PROTOCOL.premedication.steroid_equivalents
    ),
    PremedicationKind.ANTIHISTAMINE: _PROTOCOL.premedication.antihistamines,
    PremedicationKind.ANTIPYRETIC: _PROTOCOL.premedication.antipyretics,
}
DRUGS: list[tuple[Any, Any]] = [
    ("", _("None")),
    *((PURPOSES[kind], [(name, name) for name in names]) for kind, names in MEDICINES.items()),
]


def purpose_of(drug: str) -> PremedicationKind:
    """Return what a medicine of the list is given for; KeyError for one that is not on it."""
    return {name: kind for kind, names in MEDICINES.items() for name in names}[drug]
