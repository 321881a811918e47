"""The facts the rules ask about, as a form; nobody's name, number or birth date is among them."""

from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.facts import Pml, RenalImpairment, TestResult, Vaccine
from clinical.protocol import load
from reference.bounds import (
    MOST_AGE_YEARS,
    MOST_G_PER_L,
    MOST_GIVEN,
    MOST_TIMES_ULN,
    MOST_VACCINES,
    MOST_WEIGHT_KG,
)
from reference.facts import QUANTITIES, YES_OR_NO, facts_of
from reference.questions.eligibility import EligibilityQuestion, Occasion
from reference.web.inputs import DayField, WhatIf, amount, choice, edition, flag, known, whole

NOT_KNOWN = ("", _("Not known"))
RESULTS = [
    NOT_KNOWN,
    (TestResult.NEGATIVE, _("Negative")),
    (TestResult.POSITIVE, _("Positive")),
]
RENAL = [
    NOT_KNOWN,
    (RenalImpairment.NONE, _("None")),
    (RenalImpairment.MILD, _("Mild")),
    (RenalImpairment.MODERATE, _("Moderate")),
    (RenalImpairment.SEVERE, _("Severe")),
]
PML = [
    (Pml.NONE, _("Not suspected")),
    (Pml.SUSPECTED, _("Suspected")),
    (Pml.CONFIRMED, _("Confirmed")),
]
MOST = {"kg": MOST_WEIGHT_KG, "x_uln": MOST_TIMES_ULN, "g_l": MOST_G_PER_L}
LABELS = {
    "weight_kg": _("Weight, kg"),
    "igg_g_l": _("IgG, g/L"),
    "igg_lower_limit_g_l": _("Lower limit of IgG, g/L"),
    "alt_x_uln": _("ALT, times ULN"),
    "ast_x_uln": _("AST, times ULN"),
    "alp_x_uln": _("ALP, times ULN"),
    "bilirubin_x_uln": _("Bilirubin, times ULN"),
    "hbv_active": _("Hepatitis B active"),
    "hbv_dna_detected": _("HBV DNA detected"),
    "hepatology_opinion": _("Hepatology opinion recorded"),
    "dna_monitoring_plan": _("HBV DNA plan recorded"),
    "igg_low": _("IgG low"),
    "risk_assessment": _("Infection risk assessed"),
    "immunology_consultation": _("Immunology consulted"),
    "liver_tests_recorded": _("Liver tests recorded"),
    "liver_symptoms": _("Symptoms of liver injury"),
    "liver_injury_unexplained": _("Liver injury, unexplained"),
    "active_infection": _("Active infection"),
    "pregnant": _("Pregnant"),
    "can_become_pregnant": _("Could become pregnant"),
    "contraception": _("Effective contraception"),
    "breastfeeding": _("Breastfeeding"),
    "lactation_decision": _("Decision recorded"),
    "active_malignancy": _("Active malignancy"),
    "severely_immunocompromised": _("Severely immunocompromised"),
    "hypersensitivity": _("Hypersensitivity to the drug"),
    "persistent_diarrhoea": _("New or lasting diarrhoea"),
    "prior_life_threatening_reaction": _("Life-threatening"),
    "prior_severe_reaction": _("Severe"),
    "prior_serious_reaction": _("Serious"),
}


class EligibilityForm(WhatIf):
    """From facts to findings."""

    edition = edition()
    occasion = choice(
        _("Asked for"), [(Occasion.COURSE, _("Starting a course")), (Occasion.VISIT, _("A visit"))]
    )
    on = DayField(_("Day of the infusion"))
    dose_number = whole(_("Dose number"), 1, MOST_GIVEN, help_text=_("Of the visit."))
    age_years = whole(_("Age, years"), 0, MOST_AGE_YEARS, required=False)
    indication = choice(
        _("Indication"),
        [NOT_KNOWN, *((name, name) for name in load().dosing.indications)],
        required=False,
    )
    hbsag = choice("HBsAg", RESULTS, required=False)
    anti_hbc = choice("anti-HBc", RESULTS, required=False)
    renal = choice(_("Kidney impairment"), RENAL, required=False)
    pml = choice("PML", PML)
    last_dose_on = DayField(_("Last dose given on"), required=False)
    first_infusion = DayField(
        _("Infusion 1 was on"), required=False, help_text=_("For a dose after the first.")
    )
    b_cells_recovered = flag(_("B cells recovered"))
    groups = (
        ("", ("occasion", "on", "dose_number", "edition")),
        (_("Patient"), ("age_years", "weight_kg", "indication", "last_dose_on")),
        (_("Hepatitis B"), ("hbsag", "anti_hbc", "hbv_active", "hbv_dna_detected",
                            "hepatology_opinion", "dna_monitoring_plan")),
        (_("Immunoglobulins"), ("igg_g_l", "igg_lower_limit_g_l", "igg_low", "risk_assessment",
                                "immunology_consultation")),
        (_("Liver"), ("alt_x_uln", "ast_x_uln", "alp_x_uln", "bilirubin_x_uln",
                      "liver_tests_recorded", "liver_symptoms", "liver_injury_unexplained")),
        (_("Infection, pregnancy, breastfeeding"), (
            "active_infection", "pregnant", "can_become_pregnant", "contraception",
            "breastfeeding", "lactation_decision")),
        (_("Other conditions"), (
            "renal", "pml", "active_malignancy", "severely_immunocompromised",
            "hypersensitivity", "persistent_diarrhoea")),
        (_("Earlier infusion reactions"), (
            "prior_life_threatening_reaction", "prior_severe_reaction", "prior_serious_reaction")),
    )  # fmt: skip

    def prepare(self) -> None:
        for name, _words, unit in QUANTITIES:
            self.fields[name] = amount(LABELS[name], 0, MOST[unit])
        for name, _words, default in YES_OR_NO:
            make = known if default is None else flag
            self.fields[name] = make(LABELS[name])
        self._vaccines("vaccine", _("Vaccines given"), _("Given on (%(number)s)"))
        self._vaccines("planned", _("Vaccines planned"), _("Planned for (%(number)s)"))
        self.sets[-1][1].extend(("first_infusion", "b_cells_recovered"))

    def _vaccines(self, stem: str, title: Any, when: Any) -> None:
        """Add the rows of one list of vaccinations."""
        shown: list[str] = []
        for number in self.rows_filled(stem, f"{stem}_on", least=1, most=MOST_VACCINES):
            name, on, live = f"{stem}_{number}", f"{stem}_on_{number}", f"{stem}_live_{number}"
            which = {"number": number}
            self.fields[name] = forms.CharField(
                label=_("Vaccine %(number)s") % which, required=False, max_length=80
            )
            self.fields[on] = DayField(when % which, required=False)
            self.fields[live] = flag(_("Live (%(number)s)") % which)
            shown += [name, on, live]
        self.sets.append((title, shown))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for stem, when in (
            ("vaccine", _("Say when it was given.")),
            ("planned", _("Say for which day it is planned.")),
        ):
            for number in range(1, MOST_VACCINES + 1):
                name, on = f"{stem}_{number}", f"{stem}_on_{number}"
                if cleaned.get(name) and not cleaned.get(on) and on not in self.errors:
                    self.add_error(on, when)
                if cleaned.get(on) and not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("Say which vaccine."))
        return self.cleaned_data

    def _told(self, stem: str) -> list[dict[str, Any]]:
        """Return the filled rows of one list of vaccinations."""
        asked = self.cleaned_data
        return [
            {
                "name": asked[f"{stem}_{number}"],
                "on": asked[f"{stem}_on_{number}"],
                "live": asked[f"{stem}_live_{number}"],
            }
            for number in range(1, MOST_VACCINES + 1)
            if asked.get(f"{stem}_{number}")
        ]

    def question(self) -> EligibilityQuestion:
        """Return the question; only for a valid form."""
        asked = dict(self.cleaned_data)
        for name, _words, _unit in QUANTITIES:
            asked[name] = None if asked[name] is None else Fraction(asked[name])
        for name, kind in (
            ("hbsag", TestResult),
            ("anti_hbc", TestResult),
            ("renal", RenalImpairment),
        ):
            asked[name] = kind(asked[name]) if asked[name] else None
        asked["pml"] = Pml(asked["pml"])
        asked["vaccines"] = self._told("vaccine")
        return EligibilityQuestion(
            edition=asked["edition"],
            occasion=Occasion(asked["occasion"]),
            on=asked["on"],
            dose_number=asked["dose_number"],
            facts=facts_of(asked),
            planned=tuple(Vaccine(**each) for each in self._told("planned")),
            first_infusion=asked["first_infusion"],
            b_cells_recovered=asked["b_cells_recovered"],
        )

    @staticmethod
    def initial_data(now: datetime, zone: ZoneInfo) -> dict[str, str]:
        """Return a question to begin with: an adult, nothing else known."""
        today = now.astimezone(zone).date()
        return {
            "edition": "default", "occasion": "course", "on": str(today), "dose_number": "1",
            "age_years": "35", "indication": load().dosing.indications[0], "pml": "none",
        }  # fmt: skip
