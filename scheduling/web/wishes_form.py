"""When a patient can come, as the desk writes it down: alone, or with a place on the waitlist."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scheduling.models import PatientWishes, WaitlistEntry
from scheduling.services.waiting import LONGEST_NOTE, Wished
from scheduling.waiting_model import LONGEST_NOTICE
from scheduling.web.forms import DateInput
from scheduling.web.slot_form import TimeInput, weekday_field
from scheduling.wishes import USUAL_NOTICE


class WishesForm(forms.Form):
    """When a patient can come, and how long before they must know."""

    weekdays = weekday_field()
    half = forms.ChoiceField(
        label=_("Time of day"), choices=PatientWishes.Half.choices, required=False
    )
    arrives_from = forms.TimeField(
        label=_("Companion: not before"), widget=TimeInput, required=False
    )
    leaves_by = forms.TimeField(label=_("Companion: home by"), widget=TimeInput, required=False)
    notice_hours = forms.IntegerField(
        label=_("Hours of notice"), min_value=0, max_value=LONGEST_NOTICE,
        help_text=_("How long before a visit they must know, to be here in time."),
    )  # fmt: skip

    def wished(self) -> Wished:
        """Return what was typed."""
        given = self.cleaned_data
        return Wished(
            weekdays=frozenset(map(int, given["weekdays"])), half=given["half"],
            arrives_from=given["arrives_from"], leaves_by=given["leaves_by"],
            notice_hours=given["notice_hours"],
        )  # fmt: skip


class WaitingForm(WishesForm):
    """A dose goes on the waitlist, or what its patient wants has changed."""

    wanted_from = forms.DateField(
        label=_("No day before"), widget=DateInput, required=False,
        help_text=_("Empty: as soon as the window and the interval allow."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note"), max_length=LONGEST_NOTE, required=False, help_text=_("No names.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


def known(wishes: PatientWishes | None, entry: WaitlistEntry | None = None) -> dict[str, Any]:
    """Return what a form begins with: what is written down already."""
    begins: dict[str, Any] = {"notice_hours": USUAL_NOTICE // timedelta(hours=1)}
    if wishes is not None:
        begins = {
            "weekdays": [str(day) for day in wishes.weekdays], "half": wishes.half,
            "arrives_from": wishes.arrives_from, "leaves_by": wishes.leaves_before,
            "notice_hours": wishes.notice_hours,
        }  # fmt: skip
    if entry is not None:
        begins |= {"wanted_from": entry.wanted_from, "note": entry.note, "version": entry.version}
    return begins
