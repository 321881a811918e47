"""What happened, as somebody types it: a closed day, a broken chair, nurses away."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.zones import day_span, local_instant
from scheduling.disruption.checking import LONGEST_REASON
from scheduling.disruption.what import ALL_DAY, ChairOut, Closing, Disruption, NursesAway
from scheduling.web.forms import DateInput
from scheduling.web.slot_form import TimeInput

Choices = Sequence[tuple[str, str | Promise]]


class _WhatForm(forms.Form):
    """What all of them ask for: why."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, help_text=_("Shown to staff. No names.")
    )
    field_order: tuple[str, ...] = ("day", "nurse", "nurses", "starts", "ends", "reason")

    def what(self, zone: str) -> Disruption:
        """Return what happened; call on a valid form. Raises Invalid for a time that is none."""
        raise NotImplementedError


class ClosingForm(_WhatForm):
    """The clinic does not open on one day."""

    day = forms.DateField(label=_("Day"), widget=DateInput)

    def what(self, zone: str) -> Disruption:
        """Return the closing."""
        del zone
        return Closing(day=self.cleaned_data["day"], reason=self.cleaned_data["reason"])


class ChairForm(_WhatForm):
    """A chair cannot be used for a while."""

    chair = forms.ChoiceField(label=_("Chair"))
    first = forms.DateField(label=_("From"), widget=DateInput)
    starts = forms.TimeField(
        label=_("From, time"), widget=TimeInput, required=False,
        help_text=_("Empty: from the morning."),
    )  # fmt: skip
    last = forms.DateField(label=_("Until"), widget=DateInput)
    ends = forms.TimeField(
        label=_("Until, time"), widget=TimeInput, required=False,
        help_text=_("Empty: all of that day."),
    )  # fmt: skip
    field_order = ("chair", "first", "starts", "last", "ends", "reason")

    def __init__(self, *args: Any, chairs: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chair"].choices = chairs  # type: ignore[attr-defined]

    def what(self, zone: str) -> Disruption:
        """Return the outage, as instants."""
        given = self.cleaned_data
        return ChairOut(
            chair_id=UUID(given["chair"]), reason=given["reason"],
            starts=_instant(given["first"], given["starts"], "starts", zone, ends=False),
            ends=_instant(given["last"], given["ends"], "ends", zone, ends=True),
        )  # fmt: skip


class NursesForm(_WhatForm):
    """A nurse, or several, are away on one day or for part of it."""

    day = forms.DateField(label=_("Day"), widget=DateInput)
    nurse = forms.ChoiceField(
        label=_("Who"), required=False, help_text=_("Choose nobody where only heads are counted.")
    )
    nurses = forms.IntegerField(label=_("How many"), min_value=1, max_value=50, initial=1)
    starts = forms.TimeField(
        label=_("From"), widget=TimeInput, required=False, help_text=_("Empty: from the morning.")
    )
    ends = forms.TimeField(
        label=_("Until"), widget=TimeInput, required=False, help_text=_("Empty: to the evening.")
    )

    def __init__(self, *args: Any, nurses: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["nurse"].choices = [("", _("Nobody by name")), *nurses]  # type: ignore[attr-defined]

    def what(self, zone: str) -> Disruption:
        """Return the absence. A nurse by name is one."""
        del zone
        given = self.cleaned_data
        nurse = UUID(given["nurse"]) if given["nurse"] else None
        return NursesAway(
            day=given["day"], nurse_id=nurse, nurses=1 if nurse else given["nurses"],
            starts=given["starts"] or ALL_DAY[0], ends=given["ends"] or ALL_DAY[1],
            reason=given["reason"],
        )  # fmt: skip


def _instant(day: date, wall: time | None, field: str, zone: str, *, ends: bool) -> datetime:
    """Return the instant of a wall time; without one the day's beginning, or its end."""
    if wall is None:
        return day_span(day, zone)[1 if ends else 0]
    try:
        return local_instant(day, wall, zone)
    except Invalid as refusal:
        raise Invalid(refusal.message, {field: [refusal.message]}) from refusal
