"""The forms of the acts at the chair. A form makes values; the services decide."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.model import RateOption
from clinical.premedication import PremedicationKind
from core.errors import Invalid
from core.zones import local_date, local_instant
from infusion.bedside import Bedside
from infusion.vitals import RANGES

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


class ActForm(forms.Form):
    """What every act carries: its own id, and when it happened if that is not now.

    The id is made with the form, so that sending the same form twice is one act.
    """

    event_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    back = forms.ChoiceField(
        widget=forms.HiddenInput, choices=[("board", ""), ("chair", "")], initial="board"
    )
    at = forms.TimeField(
        label=_("Time, if not now"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=_("On the clinic's clock, today."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=200,
        help_text=_("Needed to go past a warning. It is kept with your name."),
    )
    extra: tuple[str, ...] = ("at", "reason")

    def __init__(self, *args: Any, bed: Bedside, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bed = bed
        self.fit()

    def fit(self) -> None:
        """Fit choices and first values to the bedside."""

    def main_fields(self) -> list[forms.BoundField]:
        """Return the fields everybody fills in."""
        return [field for field in self.visible_fields() if field.name not in self.extra]

    def extra_fields(self) -> list[forms.BoundField]:
        """Return the fields that are seldom needed."""
        return [field for field in self.visible_fields() if field.name in self.extra]

    def occurred_at(self, now: datetime) -> datetime:
        """Return when it happened: now, or the time given, today. Raises Invalid for a time that
        the clock of this day does not show."""
        wall = self.cleaned_data["at"]
        if wall is None:
            return now
        zone = self.bed.clinic.time_zone
        try:
            return local_instant(local_date(now, zone), wall, zone)
        except Invalid as refusal:
            raise Invalid(refusal.message, {"at": [refusal.message]}) from None


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


class RateForm(ActForm):
    """The pump's next rate."""

    other_rate = forms.DecimalField(
        label=_("Another rate (mL/h)"), required=False, max_digits=6, decimal_places=2
    )
    planned_rate = forms.DecimalField(
        widget=forms.HiddenInput, required=False, max_digits=6, decimal_places=2
    )
    extra = ("other_rate", "reason", "at")

    def fit(self) -> None:
        """The form holds the rate its button names, whatever the plan says when it is sent."""
        planned = self.bed.next_rate()
        if planned is None:
            self.fields["other_rate"].required = True
        else:
            self.initial.setdefault(
                "planned_rate", Decimal(planned.numerator) / planned.denominator
            )

    def rate(self) -> Decimal:
        """Return the rate to chart; Invalid when there is none."""
        data = self.cleaned_data
        chosen = data["other_rate"] if data["other_rate"] is not None else data["planned_rate"]
        if chosen is None:
            raise Invalid("Say at which rate.", {"rate_ml_h": ["Say at which rate."]})
        return Decimal(chosen)


class PauseForm(ActForm):
    """A pause, and why."""

    extra = ("at",)

    def fit(self) -> None:
        """A pause always has a reason."""
        self.fields["reason"].required = True
        self.fields["reason"].help_text = ""


class VitalsForm(ActForm):
    """Vital signs; whichever were taken."""

    extra = ("at",)

    def fit(self) -> None:
        """One number for each sign."""
        del self.fields["reason"]
        for name, sign in RANGES.items():
            self.fields[name] = forms.DecimalField(
                label=sign.label,
                help_text=sign.unit,
                required=False,
                max_digits=5,
                decimal_places=1,
                widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.1"}),
            )
        self.fields["systolic"].widget.attrs["autofocus"] = True

    def taken(self) -> dict[str, Decimal | None]:
        """Return the signs by name."""
        return {name: self.cleaned_data[name] for name in RANGES}


class CompleteForm(ActForm):
    """The end of the infusion."""

    volume_ml = forms.DecimalField(
        label=_("Volume given (mL)"), max_digits=6, decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip

    def fit(self) -> None:
        """The whole bag, unless somebody says otherwise."""
        volume = self.bed.plan.volume_ml
        self.initial.setdefault("volume_ml", Decimal(volume.numerator) / volume.denominator)
        self.fields["reason"].help_text = _("Needed when part of the bag was not given.")


class DischargeForm(ActForm):
    """The patient leaves."""

    def fit(self) -> None:
        """Before the hour is over the reason comes first."""
        until = self.bed.infusion.observe_until if self.bed.infusion else None
        if until is not None and self.bed.now < until:
            self.extra = ("at",)
            self.fields["reason"].help_text = _(
                "The observation hour is not over: say why the patient leaves, and who agreed."
            )
