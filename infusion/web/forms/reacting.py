"""The forms of a reaction: one tap, its assessment, its end; and of a stop before the bag ends."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.model import ReactionSeverity
from clinical.reactions import suggest
from core import display
from core.clinical_words import CTCAE_GRADES, SIGNS
from core.zones import local_instant
from infusion.models import Infusion
from infusion.segments import tenth_of_ml
from infusion.services.reacting import Assessment
from infusion.web.forms.base import ActForm

AS_SUGGESTED = ""
SEVERITIES = {
    ReactionSeverity.MILD_MODERATE: _("Mild to moderate"),
    ReactionSeverity.SEVERE: _("Severe"),
    ReactionSeverity.LIFE_THREATENING: _("Life-threatening or disabling"),
}


class TapForm(ActForm):
    """Something that needs no more than its time."""

    extra: tuple[str, ...] = ("at",)

    def fit(self) -> None:
        """No reason is asked for."""
        del self.fields["reason"]


class ReactionForm(TapForm):
    """Something happens now; or it happened at home, and somebody calls."""

    def fit(self) -> None:
        """After discharge it has a day of its own, and its time is the first thing asked."""
        super().fit()
        infusion = self.bed.infusion
        if infusion is None or infusion.status != Infusion.Status.DISCHARGED:
            return
        until = self.bed.reactions_until()
        self.extra = ()
        self.fields["at"] = forms.DateTimeField(
            label=_("When it began"),
            widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}),
            help_text=_("On the clinic's clock."),
        )
        if until is not None:
            zone = ZoneInfo(self.bed.clinic.time_zone)
            self.fields["at"].help_text = _("On the clinic's clock; counts until %s.") % (
                display.clinical_datetime(until, zone)
            )

    def occurred_at(self, now: datetime) -> datetime:
        """Return when it began; raises Invalid for a time that the clock of that day skips."""
        wall = self.cleaned_data["at"]
        if not isinstance(wall, datetime):
            return super().occurred_at(now)
        plain = wall.replace(tzinfo=None)
        return local_instant(plain.date(), plain.time(), self.bed.clinic.time_zone)


class AssessForm(ActForm):
    """Signs, grade, severity. Ending the treatment for good is confirmed in so many words."""

    reaction_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    signs = forms.MultipleChoiceField(
        label=_("Signs"), required=False, widget=forms.CheckboxSelectMultiple
    )
    grade = forms.ChoiceField(
        label=_("Grade (CTCAE)"), required=False, choices=CTCAE_GRADES, widget=forms.RadioSelect
    )
    severity = forms.ChoiceField(
        label=_("Severity"),
        required=False,
        choices=[(AS_SUGGESTED, _("As signs and grade suggest")), *SEVERITIES.items()],
        widget=forms.RadioSelect,
    )
    serious = forms.BooleanField(
        label=_("Serious: hospital, disability, or medically important"), required=False
    )
    for_good = forms.BooleanField(
        label=_(
            "Life-threatening: the infusion ends, the treatment is over for good and every "
            "later visit is cancelled."
        ),
        required=False,
    )
    extra = ("reason",)

    def fit(self) -> None:
        """Offer the protocol's signs. The time is the first tap's; the reason is a note here."""
        del self.fields["at"]
        signs = self.fields["signs"]
        assert isinstance(signs, forms.MultipleChoiceField)
        signs.choices = [(sign, SIGNS.get(sign, sign)) for sign in self.bed.protocol.reaction.signs]
        if self.bed.reaction is not None:
            self.initial.setdefault("reaction_id", self.bed.reaction.event.pk)
        self.fields["reason"].label = _("Note")
        self.fields["reason"].help_text = _("Needed when it is less severe than signs suggest.")
        if not self.is_bound:
            del self.fields["for_good"]

    def clean(self) -> dict[str, Any]:
        """Work out the severity; a life-threatening one is charted only when confirmed."""
        data = super().clean() or {}
        data["assessment"] = assessment = self._assessment(data)
        if not assessment.life_threatening:
            del self.fields["for_good"]
        elif not data.get("for_good"):
            self.add_error("for_good", _("This cannot be undone here. Tick it to confirm."))
        return data

    def _assessment(self, data: dict[str, Any]) -> Assessment:
        signs, grade = tuple(data.get("signs") or ()), int(data.get("grade") or 0) or None
        chosen = data.get("severity") or AS_SUGGESTED
        suggested = suggest(self.bed.protocol, signs=signs, grade=grade).severity
        return Assessment(
            severity=ReactionSeverity(chosen) if chosen else suggested,
            grade=grade,
            signs=signs,
            serious=bool(data.get("serious")),
            note=data.get("reason") or "",
        )


class StopForm(ActForm):
    """The end before the bag is empty."""

    volume_ml = forms.DecimalField(
        label=_("Volume given, as the pump shows it (mL)"), max_digits=6, decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    extra = ("at",)

    def fit(self) -> None:
        """Offer what the charted rates come to; why is always asked."""
        self.fields["reason"].required = True
        self.fields["reason"].help_text = ""
        if self.bed.run is not None:
            self.initial.setdefault("volume_ml", tenth_of_ml(self.bed.run.volume_in_ml))
