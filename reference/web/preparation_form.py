"""The question about a bag: when it was made and where it has been."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from clinical.beyond_use import Kept, Place
from reference.bounds import LEAST_VOLUME_ML, MOST_MOVES, MOST_VOLUME_ML
from reference.questions.preparation import PreparationQuestion
from reference.web.choices import AS_THE_EDITION, DOSES, PLACES
from reference.web.inputs import (
    WallField,
    WhatIf,
    amount,
    at_nine,
    choice,
    edition,
    flag,
    fraction,
)


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
