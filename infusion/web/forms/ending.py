"""The forms of the end: the bag is empty, the patient leaves."""

from decimal import Decimal
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.selectors import holders_of
from infusion.leaving import Leaving
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

    line_removed = forms.BooleanField(label=_("Line removed, site looked at"), required=False)
    advice_given = forms.BooleanField(
        label=_("Advice given: what to watch for, until when, whom to call"), required=False
    )
    agreed_by = forms.ChoiceField(label=_("Who agreed"), required=False)
    extra: tuple[str, ...] = ("at", "agreed_by", "reason")

    def fit(self) -> None:
        """Before the hour is over, or with symptoms open, reason and name come first."""
        self.fields["reason"].help_text = _("Needed when something was not done.")
        people = holders_of(self.bed.clinic.pk, self.bed.may_agree_to_leave())
        agreed_by = self.fields["agreed_by"]
        assert isinstance(agreed_by, forms.ChoiceField)
        agreed_by.choices = [
            ("", _("Nobody asked")), *((str(each.pk), each.full_name) for each in people)
        ]  # fmt: skip
        if self.bed.too_early_to_leave():
            self.extra = ("at",)
            self.fields["reason"].help_text = _("Why the patient leaves before the time.")

    def leaving(self) -> Leaving:
        """Return what was done at the door."""
        data = self.cleaned_data
        return Leaving(
            line_removed=data["line_removed"], advice_given=data["advice_given"],
            agreed_by=UUID(data["agreed_by"]) if data["agreed_by"] else None,
        )  # fmt: skip
