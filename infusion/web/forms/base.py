"""What every form of an act at the chair carries. A form makes values; the services decide."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.zones import latest_instant, local_date
from infusion.bedside import Bedside

# How far ahead of ours a browser's idea of the server's clock may be: the way of one answer.
CLOCK_TOLERANCE = timedelta(seconds=10)
SINCE_YESTERDAY = _("On the clinic's clock. A time later than now is yesterday's.")


class ActForm(forms.Form):
    """What every act carries: its own id, and when it happened if that is not now.

    The id is made with the form, so that sending the same form twice is one act.
    """

    event_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    back = forms.ChoiceField(
        widget=forms.HiddenInput,
        choices=[("board", ""), ("chair", ""), ("before", "")],
        initial="board",
    )
    at = forms.TimeField(
        label=_("Time, if not now"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=_("On the clinic's clock, today."),
    )
    tapped_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)
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
        began_on = local_date(bed.began_at, self.zone)
        if began_on < local_date(bed.now, self.zone):
            self.fields["at"].help_text = SINCE_YESTERDAY
        self.fit()

    @property
    def zone(self) -> str:
        """The clinic's zone."""
        return self.bed.clinic.time_zone

    def fit(self) -> None:
        """Fit choices and first values to the bedside."""

    def main_fields(self) -> list[forms.BoundField]:
        """Return the fields everybody fills in."""
        return [field for field in self.visible_fields() if field.name not in self.extra]

    def extra_fields(self) -> list[forms.BoundField]:
        """Return the fields that are seldom needed."""
        return [field for field in self.visible_fields() if field.name in self.extra]

    def occurred_at(self, now: datetime) -> datetime:
        """Return when it happened: at the tap, or at the time given, as a clock last showed it.

        After midnight a time later than the tap is the day's before, if the visit had begun then.
        Raises Invalid for a time that the clock of that day does not show.
        """
        tapped = self.tapped(now)
        wall = self.cleaned_data["at"]
        if wall is None:
            return tapped
        try:
            return latest_instant(wall, self.zone, not_after=tapped, since=self.bed.began_at)
        except Invalid as refusal:
            raise Invalid(refusal.message, {"at": [refusal.message]}) from None

    def tapped(self, now: datetime) -> datetime:
        """Return the instant of the tap, which an outbox sends along; now when there is none.

        A moment ahead of the server's clock is now; more is left for the service to refuse.
        """
        given: datetime = self.cleaned_data["tapped_at"] or now
        return now if now < given <= now + CLOCK_TOLERANCE else given
