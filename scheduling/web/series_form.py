"""The rows of a series as a form: which doses to book, on which day, at which time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from core.display import clinical_time
from core.errors import Invalid
from core.zones import local_instant
from scheduling.series import SeriesLine
from scheduling.services.series import SeriesRow
from scheduling.slot_search import Wishes
from scheduling.web.forms import DateInput, asked_day
from scheduling.web.slot_form import TimeInput, weekday_field


class SeriesFilterForm(forms.Form):
    """What suits the patient, for all doses alike: what they wish, until somebody searches."""

    half = forms.ChoiceField(
        label=_("Time of day"),
        choices=[("", _("Any")), ("morning", _("Morning")), ("afternoon", _("Afternoon"))],
        required=False,
    )
    arrives_from = forms.TimeField(
        label=_("Companion: not before"), widget=TimeInput, required=False
    )
    leaves_by = forms.TimeField(label=_("Companion: home by"), widget=TimeInput, required=False)
    weekdays = weekday_field()

    def __init__(self, *args: Any, wished: Wishes, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wished = wished
        for name in ("half", "arrives_from", "leaves_by"):
            self.fields[name].initial = getattr(wished, name)
        self.fields["weekdays"].initial = [str(day) for day in wished.weekdays]

    @property
    def as_wished(self) -> bool:
        """Whether the search is narrowed by what the patient wishes, and by nobody's choice."""
        return not self.is_bound and self.wished != Wishes()

    def wishes(self) -> Wishes:
        """Return the wishes; nothing readable means none."""
        if not self.is_bound:
            return self.wished
        given = self.cleaned_data if self.is_valid() else {}
        return Wishes(
            weekdays=frozenset(map(int, given.get("weekdays", []))), half=given.get("half", ""),
            arrives_from=given.get("arrives_from"), leaves_by=given.get("leaves_by"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the proposal with its fields."""

    line: SeriesLine
    use: forms.BoundField
    on: forms.BoundField
    time: forms.BoundField
    chair: forms.BoundField


class SeriesForm(forms.Form):
    """One set of fields per dose that can be booked. An empty time promises the day only."""

    def __init__(self, *args: Any, lines: Sequence[SeriesLine], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.lines = [line for line in lines if not line.stands]
        for line in self.lines:
            self._add(line)

    def _add(self, line: SeriesLine) -> None:
        key, number = line.visit.pk, line.visit.dose_number
        told = line.start is not None and (line.time_now or line.booking is not None)
        shown = clinical_time(line.start, ZoneInfo(self.zone)) if told and line.start else None
        self.fields |= {
            f"use-{key}": forms.BooleanField(
                label=_("Book dose %s") % number, required=False, initial=line.start is not None
            ),
            f"day-{key}": forms.DateField(
                label=_("Day of dose %s") % number, widget=DateInput, required=False,
                initial=line.day,
            ),
            f"time-{key}": forms.TimeField(
                label=_("Time of dose %s") % number, widget=TimeInput, required=False,
                initial=shown,
            ),
            f"chair-{key}": forms.UUIDField(
                widget=forms.HiddenInput, required=False,
                initial=line.chair.pk if line.chair is not None else None,
            ),
        }  # fmt: skip
        for name in (f"day-{key}", f"time-{key}"):
            self.fields[name].widget.attrs["class"] = "input"

    @property
    def rows(self) -> list[Row]:
        """The lines with their fields, in the order of the doses."""
        return [
            Row(
                line, *(self[f"{name}-{line.visit.pk}"] for name in ("use", "day", "time", "chair"))
            )
            for line in self.lines
        ]

    def clean(self) -> dict[str, Any]:
        """A dose to be booked needs its day."""
        cleaned = super().clean() or {}
        for line in self.lines:
            key = line.visit.pk
            if cleaned.get(f"use-{key}") and not cleaned.get(f"day-{key}"):
                self.add_error(f"day-{key}", _("Choose a day."))
        return cleaned

    def chosen(self) -> list[SeriesRow]:
        """Return the rows to book. Raises Invalid for a time the clocks skip, or no row at all."""
        rows = [self._row(line) for line in self.lines if self.cleaned_data[f"use-{line.visit.pk}"]]
        if not rows:
            raise Invalid("Choose at least one dose.")
        return rows

    def _row(self, line: SeriesLine) -> SeriesRow:
        key = line.visit.pk
        day, wall = self.cleaned_data[f"day-{key}"], self.cleaned_data[f"time-{key}"]
        start = local_instant(day, wall, self.zone) if wall is not None else None
        same = line.start is not None and start == line.start
        chair = self.cleaned_data[f"chair-{key}"] if same else None
        return SeriesRow(visit_id=key, day=day, start=start, chair_id=chair)


def pinned_days(given: Mapping[str, str], lines: Sequence[SeriesLine]) -> dict[UUID, date]:
    """Return the days a person chose: those that are not what had been proposed."""
    found = {}
    for line in lines:
        text = given.get(f"day-{line.visit.pk}", "")
        proposed = line.day or date.min
        if text and asked_day(text, proposed) != proposed:
            found[line.visit.pk] = asked_day(text, proposed)
    return found
