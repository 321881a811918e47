"""What people type at the desk. Forms check shapes; services decide."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from core.clinical_words import EDITIONS
from scheduling.models import Booking, Course, Restart
from scheduling.selectors import OpenDay, OpenStart

FIRST_FREE = ""


class DateInput(forms.DateInput):
    """The browser's own date field."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def moment_value(start: OpenStart) -> str:
    """Return a start as the page's radio buttons carry it; the filter `instant` writes the same."""
    return start.start.isoformat("T", "milliseconds")


class PlaceForm(forms.Form):
    """A time that is still open, and a chair that is free for all of it."""

    start = forms.ChoiceField(
        label=_("Time"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a time."),
            "invalid_choice": _("That time is not open any more. Choose another."),
        },
    )
    chair = forms.ChoiceField(
        label=_("Chair"),
        required=False,
        error_messages={"invalid_choice": _("That chair is not free any more. Choose another.")},
    )
    status = forms.ChoiceField(
        label=_("Agreed with the patient"),
        choices=[
            (Booking.Status.CONFIRMED, _("Confirmed: the patient knows the time")),
            (Booking.Status.PROPOSED, _("Proposed: still to be agreed")),
        ],
        initial=Booking.Status.CONFIRMED,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, opening: OpenDay, moving: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opening = opening
        chairs = {chair for start in opening.starts for chair in start.chairs}
        self.fields["start"].choices = [  # type: ignore[attr-defined]
            (value, value) for value in map(moment_value, opening.starts)
        ]
        self.fields["chair"].choices = [  # type: ignore[attr-defined]
            (FIRST_FREE, _("The first free one")),
            *((str(chair.pk), chair.label) for chair in sorted(chairs, key=lambda c: c.position)),
        ]
        if moving:
            del self.fields["status"]

    def clean(self) -> dict[str, Any]:
        """Put the start and the chair together; say which chairs are free when they do not fit."""
        cleaned = super().clean() or {}
        if "start" not in cleaned:
            return cleaned
        moment = datetime.fromisoformat(cleaned["start"])
        free = next(start.chairs for start in self.opening.starts if start.start == moment)
        wanted = cleaned.get("chair") or str(free[0].pk)
        if wanted not in {str(chair.pk) for chair in free}:
            names = ", ".join(chair.label for chair in free)
            self.add_error("chair", _("Not free then. Free at that time: %s.") % names)
        cleaned |= {"moment": moment, "chair_id": UUID(wanted)}
        return cleaned


class ReasonForm(forms.Form):
    """Why something ends."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class StartCourseForm(forms.Form):
    """A course of treatment begins."""

    indication = forms.ChoiceField(label=_("Indication"), choices=Course.Indication.choices)
    first_infusion_on = forms.DateField(label=_("First infusion"), widget=DateInput)
    edition = forms.ChoiceField(
        label=_("Edition"),
        choices=[("", _("The clinic's own")), *EDITIONS.items()],
        required=False,
        help_text=_("Which reading of the label the calendar follows."),
    )
    prescriber = forms.ChoiceField(label=_("Prescriber"), required=False)

    def __init__(self, *args: Any, prescribers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["prescriber"].choices = [("", _("Not recorded")), *prescribers]  # type: ignore[attr-defined]


class StopCourseForm(ReasonForm):
    """A course ends: for now, or for good."""

    permanently = forms.BooleanField(
        label=_("Permanently discontinued: never to be restarted"), required=False
    )


class GivenForm(forms.Form):
    """A dose was given elsewhere, or before this record began."""

    given_on = forms.DateField(label=_("Given on"), widget=DateInput)
    override_reason = forms.CharField(
        label=_("Reason to go past the rule"),
        max_length=500,
        required=False,
        help_text=_("Only a prescriber may; it is kept with their name."),
    )


class RestartForm(ReasonForm):
    """A prescriber says how treatment goes on after a prolonged gap."""

    regimen = forms.ChoiceField(label=_("Regimen"), choices=Restart.Regimen.choices)
    first_on = forms.DateField(label=_("First infusion"), widget=DateInput)


def asked_day(text: str, default: date) -> date:
    """Return the day in an address's query, or `default` when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return default


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, an empty form included; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None
