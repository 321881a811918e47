"""What every form of an act at the chair carries. A form makes values; the services decide."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.zones import local_date, local_instant
from infusion.bedside import Bedside


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
