"""The forms of what comes before the line runs: premedication and the start."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.model import RateOption
from clinical.premedication import PremedicationKind
from infusion.web.forms.base import ActForm

OTHER = "other"
ROUTES = [
    ("IV", _("Intravenous")),
    ("oral", _("By mouth")),
    ("IM", _("Intramuscular")),
    ("SC", _("Subcutaneous")),
]
PURPOSES = {
    PremedicationKind.STEROID: _("Glucocorticoid"),
    PremedicationKind.ANTIHISTAMINE: _("Antihistamine"),
    PremedicationKind.ANTIPYRETIC: _("Antipyretic"),
}
RATE_TABLES = {
    RateOption.INITIAL: _("First doses: 300 mg, about 2.5 hours"),
    RateOption.STANDARD: _("Standard: about 3.5 hours"),
    RateOption.SHORT: _("Short: about 2 hours"),
}


class PremedicationForm(ActForm):
    """One medicine before the start."""

    drug = forms.ChoiceField(label=_("Medicine"))
    dose_mg = forms.DecimalField(label=_("Dose (mg)"), max_digits=7, decimal_places=3)
    route = forms.ChoiceField(label=_("Given"), choices=ROUTES)
    other_drug = forms.CharField(label=_("Another medicine"), required=False, max_length=80)
    other_purpose = forms.ChoiceField(
        label=_("Given as"), required=False, choices=[("", _("Something else")), *PURPOSES.items()]
    )
    extra = ("other_drug", "other_purpose", "at")

    def fit(self) -> None:
        """Offer the protocol's medicines, the missing one first and at its dose."""
        del self.fields["reason"]
        rules = self.bed.protocol.premedication
        groups = {
            PremedicationKind.STEROID: [row.drug for row in rules.steroid_equivalents],
            PremedicationKind.ANTIHISTAMINE: list(rules.antihistamines),
            PremedicationKind.ANTIPYRETIC: list(rules.antipyretics),
        }
        drug = self.fields["drug"]
        assert isinstance(drug, forms.ChoiceField)
        drug.choices = [
            *((PURPOSES[kind], [(name, name) for name in names]) for kind, names in groups.items()),
            (OTHER, _("Another medicine")),
        ]
        missing = self.bed.missing() or PremedicationKind.ANTIPYRETIC
        self.initial.setdefault("drug", groups[missing][0])
        if missing is PremedicationKind.STEROID:
            dose = self.bed.steroid_mg()
            self.initial.setdefault("dose_mg", Decimal(dose.numerator) / dose.denominator)
            self.initial.setdefault("route", rules.steroid_route)
        else:
            self.initial.setdefault("route", "oral")

    def clean(self) -> dict[str, Any]:
        """Another medicine needs its name."""
        data = super().clean() or {}
        if data.get("drug") == OTHER and not data.get("other_drug"):
            self.add_error("other_drug", _("Say which medicine."))
        return data


class StartForm(ActForm):
    """The start of the line."""

    rate_option = forms.ChoiceField(label=_("Rate table"), widget=forms.RadioSelect)
    two_identifiers_checked = forms.BooleanField(
        label=_("I asked the patient for name and date of birth, and both match."),
        required=False,
    )

    def fit(self) -> None:
        """Offer the rate tables this visit may run; the booked one is chosen."""
        option = self.fields["rate_option"]
        assert isinstance(option, forms.ChoiceField)
        offered = self.bed.rates_offered()
        option.choices = [(each.value, RATE_TABLES[each]) for each in offered]
        booked = self.bed.booking.rate_option if self.bed.booking else ""
        first = booked if booked in offered else offered[0].value
        self.initial.setdefault("rate_option", first)
