"""Four of the calculator's questions as forms; eligibility has a module of its own."""

from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from clinical.beyond_use import Kept, Place
from clinical.protocol import ClimbPolicy, IntervalMode, RateOption, ReactionSeverity
from reference.bounds import (
    LEAST_VOLUME_ML,
    MOST_GIVEN,
    MOST_MINUTES,
    MOST_MOVES,
    MOST_VOLUME_ML,
    MOST_YEARS,
)
from reference.questions.calendar import CalendarQuestion
from reference.questions.preparation import PreparationQuestion
from reference.questions.reaction import ReactionQuestion
from reference.questions.titration import Bag, TitrationQuestion
from reference.web.inputs import (
    DayField,
    Groups,
    WallField,
    WhatIf,
    amount,
    choice,
    edition,
    flag,
    whole,
)

AS_THE_EDITION = ("", _("Edition's own"))
DOSES = [(str(dose), f"{dose} mg") for dose in (150, 300, 600)]
OPTIONS = [
    (RateOption.INITIAL, _("Initial (2.5 h)")),
    (RateOption.STANDARD, _("Standard (3.5 h)")),
    (RateOption.SHORT, _("Short (2 h)")),
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
PLACES = [(Place.FRIDGE, _("Fridge")), (Place.ROOM, _("Room"))]
VOLUME_HELP = _("Empty: the table's own.")


def fraction(value: Any) -> Fraction | None:
    """Return a typed decimal exactly, None for none."""
    return None if value is None else Fraction(value)


def at_nine(now: datetime, zone: ZoneInfo) -> str:
    """Return nine o'clock of the zone's present day, as a form writes it."""
    return datetime.combine(now.astimezone(zone).date(), time(9)).isoformat("T", "minutes")


class CalendarForm(WhatIf):
    """From a first infusion, and the doses given."""

    edition = edition()
    interval_mode = choice(_("Six months are"), MODES, required=False)
    first_infusion = DayField(_("Infusion 1, planned or given"))
    years = whole(_("Years ahead"), 1, MOST_YEARS)
    propose = DayField(_("Check a day for the next dose"), required=False)
    groups = (("", ("first_infusion", "edition", "interval_mode", "years", "propose")),)
    stand_ins = {"given": "given_1"}

    def prepare(self) -> None:
        rows = self.rows_filled("given", least=3, most=MOST_GIVEN)
        for number in rows:
            label = _("Dose %(number)s") % {"number": number}
            self.fields[f"given_{number}"] = DayField(label, required=False)
        self.sets.append((_("Given on"), [f"given_{number}" for number in rows]))

    def question(self) -> CalendarQuestion:
        """Return the question; only for a valid form."""
        asked = self.cleaned_data
        given = [(number, asked.get(f"given_{number}")) for number in range(1, MOST_GIVEN + 1)]
        return CalendarQuestion(
            edition=asked["edition"],
            first_infusion=asked["first_infusion"],
            given=tuple((number, day) for number, day in given if day),
            interval_mode=IntervalMode(asked["interval_mode"]) if asked["interval_mode"] else None,
            years=asked["years"],
            propose=asked["propose"],
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: a course that starts today."""
        today = now.astimezone(zone).date()
        return {"edition": "default", "first_infusion": str(today), "years": "2"}


class TitrationForm(WhatIf):
    """From dose, rate table and volume."""

    edition = edition()
    dose_mg = choice(_("Dose"), DOSES)
    option = choice(_("Rate table"), OPTIONS)
    volume_ml = amount(
        _("Volume in the bag, mL"), LEAST_VOLUME_ML, MOST_VOLUME_ML, help_text=VOLUME_HELP
    )
    start = WallField(_("Start"), required=False)
    minute = amount(_("What is in after, minutes"), 0, MOST_MINUTES)
    groups: Groups = (
        ("", ("dose_mg", "option", "volume_ml", "edition", "start", "zone", "minute")),
    )

    def prepare(self) -> None:
        self.add_zone()

    def bag(self) -> Bag:
        """Return the bag; only for a valid form."""
        asked = self.cleaned_data
        return Bag(
            edition=asked["edition"],
            dose_mg=int(asked["dose_mg"]),
            option=RateOption(asked["option"]),
            volume_ml=fraction(asked["volume_ml"]),
        )

    def question(self) -> Any:
        """Return the question; only for a valid form."""
        asked = self.cleaned_data
        return TitrationQuestion(
            bag=self.bag(), start=asked["start"], minute=fraction(asked["minute"])
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: a first infusion this morning."""
        start = at_nine(now, zone)
        return {
            "edition": "default", "dose_mg": "300", "option": "initial", "start": start,
            "zone": zone.key,
        }  # fmt: skip


class ReactionForm(TitrationForm):
    """From a reaction at one minute of an infusion."""

    minute = None  # type: ignore[assignment]
    onset_minute = amount(_("Reaction after, minutes"), 0, MOST_MINUTES, required=True)
    severity = choice(_("Severity"), SEVERITIES)
    symptom_free_after = amount(
        _("Symptoms gone after, minutes"),
        0,
        MOST_MINUTES,
        help_text=_("From the onset. Empty: within the hold, or not yet when severe."),
    )
    policy = choice(_("How the rate rises again"), POLICIES, required=False)
    groups = (
        (_("Reaction"), ("onset_minute", "severity", "symptom_free_after", "policy")),
        (_("Infusion"), ("dose_mg", "option", "volume_ml", "edition", "start", "zone")),
    )

    def question(self) -> ReactionQuestion:
        """Return the question; only for a valid form."""
        asked = self.cleaned_data
        return ReactionQuestion(
            bag=self.bag(),
            onset_minute=Fraction(asked["onset_minute"]),
            severity=ReactionSeverity(asked["severity"]),
            symptom_free_after=fraction(asked["symptom_free_after"]),
            policy=ClimbPolicy(asked["policy"]) if asked["policy"] else None,
            start=asked["start"],
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: a mild reaction an hour and a quarter in."""
        return {
            "edition": "default", "dose_mg": "600", "option": "standard", "onset_minute": "75",
            "severity": "mild_moderate", "symptom_free_after": "20",
            "start": at_nine(now, zone), "zone": zone.key,
        }  # fmt: skip


class PreparationForm(WhatIf):
    """From when a bag was made and where it has been."""

    edition = edition()
    dose_mg = choice(_("Dose"), DOSES)
    bag_ml = amount(
        _("Bag of saline, mL"),
        LEAST_VOLUME_ML,
        MOST_VOLUME_ML,
        help_text=_("Empty: the label's own."),
    )
    saline_added = flag(_("Drug added without taking saline out"))
    prepared_at = WallField(_("Prepared"))
    first_place = choice(_("Put into"), PLACES)
    strict = choice(
        _("Storage times"),
        [AS_THE_EDITION, ("no", _("Fridge, and then room")), ("yes", _("Strict: one life"))],
        required=False,
    )
    start = WallField(_("Check a start"), required=False)
    groups = (
        (_("Bag"), ("dose_mg", "bag_ml", "edition", "strict", "saline_added")),
        (_("Kept"), ("prepared_at", "first_place")),
        (_("Infusion"), ("start", "zone")),
    )
    stand_ins = {"storage": "prepared_at"}

    def prepare(self) -> None:
        self.add_zone()
        for number in self.rows_filled("moved", "moved_to", least=1, most=MOST_MOVES - 1):
            names = {"number": number}
            self.fields[f"moved_{number}"] = WallField(
                _("Moved (%(number)s)") % names, required=False
            )
            self.fields[f"moved_to_{number}"] = choice(
                _("To (%(number)s)") % names, [("", _("Not moved")), *PLACES], required=False
            )
            self.sets[1][1].extend([f"moved_{number}", f"moved_to_{number}"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for number in range(1, MOST_MOVES):
            at, to = f"moved_{number}", f"moved_to_{number}"
            if cleaned.get(at) and not cleaned.get(to) and to not in self.errors:
                self.add_error(to, _("Say where it was moved to."))
            if cleaned.get(to) and not cleaned.get(at) and at not in self.errors:
                self.add_error(at, _("Say when it was moved."))
        return self.cleaned_data

    def question(self) -> PreparationQuestion:
        """Return the question; only for a valid form."""
        asked = self.cleaned_data
        moves = [
            (asked.get(f"moved_{number}"), asked.get(f"moved_to_{number}"))
            for number in range(1, MOST_MOVES)
        ]
        return PreparationQuestion(
            edition=asked["edition"],
            dose_mg=int(asked["dose_mg"]),
            bag_ml=fraction(asked["bag_ml"]),
            saline_removed=not asked["saline_added"],
            prepared_at=asked["prepared_at"],
            storage=(
                Kept(place=Place(asked["first_place"]), since=asked["prepared_at"]),
                *(Kept(place=Place(place), since=at) for at, place in moves if at and place),
            ),
            strict=None if asked["strict"] is None else asked["strict"] == "yes",
            start=asked["start"],
            zone=self.zone,
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: made at nine, four hours in the fridge."""
        nine = datetime.fromisoformat(at_nine(now, zone))
        return {
            "edition": "default", "dose_mg": "600", "first_place": "fridge", "moved_to_1": "room",
            "prepared_at": nine.isoformat("T", "minutes"), "zone": zone.key,
            "moved_1": (nine + timedelta(hours=4)).isoformat("T", "minutes"),
        }  # fmt: skip
