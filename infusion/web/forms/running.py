"""The forms while the line runs: rate, pause, vital signs."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from infusion.vitals import RANGES
from infusion.web.forms.base import ActForm


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
        expected = self._expected()
        for name, sign in RANGES.items():
            self.fields[name] = forms.DecimalField(
                label=sign.label,
                help_text=", ".join([sign.unit, *expected.get(name, [])]),
                required=False,
                max_digits=5,
                decimal_places=1,
                widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.1"}),
            )
        self.fields["systolic"].widget.attrs["autofocus"] = True

    def _expected(self) -> dict[str, list[str]]:
        """Return what is expected of each sign, for the eye; no value is refused for it."""
        found = {}
        for row in self.bed.protocol.observation.vitals_expected:
            low, high = (None if end is None else f"{float(end):g}" for end in (row.low, row.high))
            found[row.sign] = [_("%s to %s") % (low, high) if low and high else _either(low, high)]
        return found

    def taken(self) -> dict[str, Decimal | None]:
        """Return the signs by name."""
        return {name: self.cleaned_data[name] for name in RANGES}


def _either(low: str | None, high: str | None) -> str:
    return _("%s or more") % low if low else _("%s or less") % high
