"""What the patient would like, as the filters of the page that finds a slot."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from scheduling.models import PatientWishes
from scheduling.slots import Asked
from scheduling.web.forms import DateInput
from scheduling.wishes import as_sought

WORKDAYS = 7


class TimeInput(forms.TimeInput):
    """The browser's own time field."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def weekday_field() -> forms.MultipleChoiceField:
    """Return a box for each day of the week; none ticked is any."""
    return forms.MultipleChoiceField(
        label=_("Weekdays"),
        choices=[(str(number), WEEKDAYS[number]) for number in range(WORKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class SlotFilterForm(forms.Form):
    """Nothing filled in means the dose's own window and any time of it. Until somebody searches,
    what the patient wishes stands in the fields."""

    first = forms.DateField(label=_("From"), widget=DateInput, required=False)
    last = forms.DateField(label=_("To"), widget=DateInput, required=False)
    half = forms.ChoiceField(
        label=_("Time of day"),
        choices=[("", _("Any")), ("morning", _("Morning")), ("afternoon", _("Afternoon"))],
        required=False,
    )
    nurse = forms.ChoiceField(label=_("Nurse who starts"), required=False)
    arrives_from = forms.TimeField(
        label=_("Companion: not before"), widget=TimeInput, required=False
    )
    leaves_by = forms.TimeField(label=_("Companion: home by"), widget=TimeInput, required=False)
    weekdays = weekday_field()
    isolation = forms.BooleanField(label=_("Needs an isolation room"), required=False)

    def __init__(
        self,
        *args: Any,
        nurses: list[tuple[str, str]],
        wishes: PatientWishes | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.wished = as_sought(wishes)
        for name in ("half", "arrives_from", "leaves_by"):
            self.fields[name].initial = getattr(self.wished, name)
        self.fields["weekdays"].initial = [str(day) for day in self.wished.weekdays]
        self.fields["nurse"].choices = [("", _("Any")), *nurses]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a span that runs backwards."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("last", _("Not before the first day."))
        return cleaned

    def asked(self) -> Asked:
        """Return what to look for; what is not readable is left out."""
        if not self.is_bound:
            wished = self.wished
            return Asked(
                weekdays=wished.weekdays, half=wished.half, arrives_from=wished.arrives_from,
                leaves_by=wished.leaves_by,
            )  # fmt: skip
        given = self.cleaned_data if self.is_valid() else {}
        return Asked(
            first=given.get("first"),
            last=given.get("last"),
            weekdays=frozenset(map(int, given.get("weekdays", []))),
            half=given.get("half", ""),
            arrives_from=given.get("arrives_from"),
            leaves_by=given.get("leaves_by"),
            nurse_id=UUID(given["nurse"]) if given.get("nurse") else None,
            isolation=given.get("isolation", False),
        )


class HoldForm(forms.Form):
    """One of the times proposed, as its button carries it."""

    act = forms.ChoiceField(
        choices=[("hold", ""), ("hold_day", ""), ("move", "")],
        error_messages={"required": _("Choose one of the times.")},
    )
    start = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"], required=False)
    day = forms.DateField(required=False)
    chair = forms.UUIDField(required=False)
    version = forms.IntegerField(required=False)

    def clean(self) -> dict[str, Any]:
        """A day is enough to promise a day; everything else needs a time and a chair."""
        cleaned = super().clean() or {}
        needed = ("day",) if cleaned.get("act") == "hold_day" else ("start", "chair")
        if any(not cleaned.get(name) for name in needed) and not self.errors:
            self.add_error(None, _("Choose one of the times."))
        return cleaned
