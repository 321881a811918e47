"""Three of the calculator's questions as forms; bag and eligibility have modules of their own."""

from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.calendar import Roll
from clinical.premedication import PremedicationGiven
from clinical.protocol import ClimbPolicy, IntervalMode, RateOption, ReactionSeverity
from core.clinical_words import CTCAE_GRADES
from reference.bounds import (
    LEAST_VOLUME_ML,
    MOST_AGE_YEARS,
    MOST_DOSE_MG,
    MOST_GIVEN,
    MOST_MEDICINES,
    MOST_MINUTES,
    MOST_PAYER_DAYS,
    MOST_VOLUME_ML,
    MOST_WEIGHT_KG,
    MOST_YEARS,
)
from reference.questions.calendar import CalendarQuestion, RegimenFor
from reference.questions.reaction import ReactionQuestion
from reference.questions.titration import Bag, TitrationQuestion
from reference.web.choices import (
    DOSES,
    DRUGS,
    MODES,
    OPEN_DAYS,
    OPTIONS,
    POLICIES,
    REGIMENS,
    ROLLS,
    SEVERITIES,
    SIGNS,
    WEEKS,
    purpose_of,
)
from reference.web.inputs import (
    DayField,
    Groups,
    WallField,
    WhatIf,
    amount,
    at_nine,
    choice,
    edition,
    fraction,
    whole,
)

VOLUME_HELP = _("Empty: the table's own.")


class CalendarForm(WhatIf):
    """From a first infusion, and the doses given."""

    edition = edition()
    interval_mode = choice(_("Six months are"), MODES, required=False)
    first_infusion = DayField(_("Infusion 1, planned or given"))
    years = whole(_("Years ahead"), 1, MOST_YEARS)
    regimen = choice(_("Milligrams for"), REGIMENS, required=False)
    propose = DayField(_("Day for the next dose"), required=False)
    payer_minimum_days = whole(
        _("Payer's interval, days"), 1, MOST_PAYER_DAYS, required=False,
        help_text=_("Empty: no payer asked."),
    )  # fmt: skip
    open_on = choice(_("Clinic open"), OPEN_DAYS, required=False)
    roll = choice(_("Due on a closed day"), ROLLS, required=False)
    groups = (
        ("", ("first_infusion", "edition", "interval_mode", "years", "regimen")),
        (_("Check a day"), ("propose", "payer_minimum_days")),
        (_("Clinic days"), ("open_on", "roll")),
    )
    stand_ins = {"given": "given_1"}

    def prepare(self) -> None:
        rows = self.rows_filled("given", least=3, most=MOST_GIVEN)
        for number in rows:
            label = _("Dose %(number)s") % {"number": number}
            self.fields[f"given_{number}"] = DayField(label, required=False)
        self.sets.insert(1, (_("Given on"), [f"given_{number}" for number in rows]))

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
            regimen=RegimenFor(asked["regimen"] or RegimenFor.ADULT),
            open_on=WEEKS.get(asked["open_on"], ()),
            roll=Roll(asked["roll"] or Roll.FORWARD),
            payer_minimum_days=asked["payer_minimum_days"],
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: a course that starts today."""
        today = now.astimezone(zone).date()
        return {"edition": "default", "first_infusion": str(today), "years": "2"}


class BagForm(WhatIf):
    """Dose, rate table, volume and start: what every running infusion has."""

    edition = edition()
    dose_mg = choice(_("Dose"), DOSES)
    option = choice(_("Rate table"), OPTIONS)
    volume_ml = amount(
        _("Volume in the bag, mL"), LEAST_VOLUME_ML, MOST_VOLUME_ML, help_text=VOLUME_HELP
    )
    start = WallField(_("Start"), required=False)

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


class TitrationForm(BagForm):
    """From a bag to its rate table, and to what is given before it."""

    minute = amount(_("What is in after, minutes"), 0, MOST_MINUTES)
    age_years = whole(_("Age, years"), 0, MOST_AGE_YEARS, required=False)
    weight_kg = amount(_("Weight, kg"), 0, MOST_WEIGHT_KG)
    antihypertensive_at = WallField(_("Antihypertensive last taken"), required=False)
    groups: Groups = (
        ("", ("dose_mg", "option", "volume_ml", "edition", "start", "zone", "minute")),
        (_("Premedication"), ("age_years", "weight_kg", "antihypertensive_at")),
    )

    def prepare(self) -> None:
        super().prepare()
        rows = self.rows_filled("drug", "drug_mg", "drug_at", least=1, most=MOST_MEDICINES)
        for number in rows:
            which = {"number": number}
            self.fields[f"drug_{number}"] = choice(
                _("Given (%(number)s)") % which, DRUGS, required=False
            )
            self.fields[f"drug_mg_{number}"] = amount(
                _("Dose, mg (%(number)s)") % which, 0, MOST_DOSE_MG
            )
            self.fields[f"drug_at_{number}"] = WallField(
                _("At (%(number)s)") % which, required=False
            )
            self.sets[1][1].extend(f"{stem}_{number}" for stem in ("drug", "drug_mg", "drug_at"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for number in range(1, MOST_MEDICINES + 1):
            drug, at = f"drug_{number}", f"drug_at_{number}"
            if cleaned.get(drug) and not cleaned.get(at) and at not in self.errors:
                self.add_error(at, _("Say when it was given."))
            told = cleaned.get(at) or cleaned.get(f"drug_mg_{number}") is not None
            if told and not cleaned.get(drug) and drug not in self.errors:
                self.add_error(drug, _("Say which medicine."))
        return self.cleaned_data

    def _given(self) -> tuple[PremedicationGiven, ...] | None:
        """Return what was given; None when no medicine was named, which asks nothing."""
        asked = self.cleaned_data
        given = tuple(
            PremedicationGiven(
                kind=purpose_of(drug),
                drug=drug,
                given_at=asked[f"drug_at_{number}"],
                dose_mg=fraction(asked[f"drug_mg_{number}"]),
            )
            for number in range(1, MOST_MEDICINES + 1)
            if (drug := asked.get(f"drug_{number}"))
        )
        return given or None

    def question(self) -> TitrationQuestion:
        """Return the question; only for a valid form."""
        asked = self.cleaned_data
        return TitrationQuestion(
            bag=self.bag(),
            start=asked["start"],
            minute=fraction(asked["minute"]),
            age_years=asked["age_years"],
            weight_kg=fraction(asked["weight_kg"]),
            given=self._given(),
            antihypertensive_at=asked["antihypertensive_at"],
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: a first infusion this morning."""
        start = at_nine(now, zone)
        return {
            "edition": "default", "dose_mg": "300", "option": "initial", "start": start,
            "zone": zone.key,
        }  # fmt: skip


class ReactionForm(BagForm):
    """From a reaction at one minute of an infusion."""

    onset_minute = amount(_("Reaction after, minutes"), 0, MOST_MINUTES, required=True)
    severity = choice(_("Severity"), SEVERITIES)
    symptom_free_after = amount(
        _("Symptoms gone after, minutes"),
        0,
        MOST_MINUTES,
        help_text=_("From the onset. Empty: within the hold, or not yet when severe."),
    )
    policy = choice(_("How the rate rises again"), POLICIES, required=False)
    grade = choice(_("Grade (CTCAE)"), CTCAE_GRADES, required=False)
    signs = forms.MultipleChoiceField(
        label=_("Signs"), choices=SIGNS, required=False, widget=forms.CheckboxSelectMultiple
    )
    groups = (
        (_("Reaction"), ("onset_minute", "severity", "symptom_free_after", "policy")),
        (_("Infusion"), ("dose_mg", "option", "volume_ml", "edition", "start", "zone")),
        (_("What suggests a severity"), ("grade", "signs")),
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
            signs=tuple(asked["signs"]),
            grade=int(asked["grade"]) if asked["grade"] else None,
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: a mild reaction an hour and a quarter in."""
        return {
            "edition": "default", "dose_mg": "600", "option": "standard", "onset_minute": "75",
            "severity": "mild_moderate", "symptom_free_after": "20",
            "start": at_nine(now, zone), "zone": zone.key,
        }  # fmt: skip
