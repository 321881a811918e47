"""The forms of the end: the bag is empty, the patient leaves."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from infusion.web.forms.base import ActForm


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
