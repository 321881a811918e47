"""The kinds of input of the calculator's forms, and what all five forms do alike."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils.choices import flatten_choices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinical.protocol import load
from core.clinical_words import EDITIONS
from core.errors import Invalid
from core.templatetags.clinical import clinical_date, clinical_datetime
from core.zones import local_instant
from reference.bounds import EARLIEST_DAY, LATEST_DAY, PLACES, day_in_reach, known_zones

_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
Choices = Iterable[tuple[str, Any]]
Groups = Sequence[tuple[Any, Sequence[str]]]


class DayField(forms.DateField):
    """A day the calculator reckons with."""

    def __init__(self, label: Any, *, required: bool = True, help_text: Any = "") -> None:
        day = {"type": "date", "min": str(EARLIEST_DAY), "max": str(LATEST_DAY)}
        super().__init__(
            label=label,
            required=required,
            help_text=help_text,
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(attrs=day, format="%Y-%m-%d"),
        )

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None:
            _in_reach(value)


class WallField(forms.CharField):
    """A day and a time on the wall of the form's zone; the form makes an instant of it."""

    def __init__(self, label: Any, *, required: bool = True, help_text: Any = "") -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
        super().__init__(label=label, required=required, help_text=help_text, widget=widget)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text) if _WALL.fullmatch(text) else None
        except ValueError:
            moment = None
        if moment is None:
            raise forms.ValidationError(_("Enter a day and a time."))
        _in_reach(moment.date())
        return moment

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise forms.ValidationError(self.error_messages["required"], code="required")


def _in_reach(day: date) -> None:
    try:
        day_in_reach(day)
    except ValueError as problem:
        raise forms.ValidationError(str(problem)) from None


def _typed(keyboard: str) -> forms.TextInput:
    """A number's input; the browser's own number input would hide what was typed wrong."""
    return forms.TextInput(attrs={"inputmode": keyboard})


def amount(
    label: Any, least: Any, most: Any, *, required: bool = False, help_text: Any = ""
) -> forms.Field:
    """A quantity with at most three decimals."""
    return forms.DecimalField(
        label=label, required=required, help_text=help_text,
        min_value=int(least), max_value=int(most), max_digits=9, decimal_places=PLACES,
        widget=_typed("decimal"),
    )  # fmt: skip


def whole(
    label: Any, least: int, most: int, *, required: bool = True, help_text: Any = ""
) -> forms.Field:
    """A whole number."""
    return forms.IntegerField(
        label=label,
        required=required,
        help_text=help_text,
        min_value=least,
        max_value=most,
        widget=_typed("numeric"),
    )


def choice(
    label: Any, choices: Choices, *, required: bool = True, help_text: Any = ""
) -> forms.Field:
    """One of several; the first is empty when it may be left out."""
    return forms.TypedChoiceField(
        label=label, choices=list(choices), required=required, empty_value=None, help_text=help_text
    )


def known(label: Any, help_text: Any = "") -> forms.Field:
    """Yes, no, or not known."""
    return forms.TypedChoiceField(
        label=label,
        choices=[("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))],
        required=False,
        coerce=lambda text: text == "yes",
        empty_value=None,
        help_text=help_text,
    )


def flag(label: Any, help_text: Any = "") -> forms.Field:
    """A tick."""
    return forms.BooleanField(label=label, required=False, help_text=help_text)


def edition() -> forms.Field:
    """Which edition answers."""
    names = load().editions()
    return choice(_("Edition"), [(name, EDITIONS.get(name, name)) for name in names])


def fraction(value: Any) -> Fraction | None:
    """Return a typed decimal exactly, None for none."""
    return None if value is None else Fraction(value)


def at_nine(now: datetime, zone: ZoneInfo) -> str:
    """Return nine o'clock of the zone's present day, as a form writes it."""
    return datetime.combine(now.astimezone(zone).date(), time(9)).isoformat("T", "minutes")


def _in_words(field: forms.Field, value: Any) -> str:
    """Return an answered field as people read it, empty for nothing."""
    if isinstance(value, datetime):
        return clinical_datetime(value)
    if isinstance(value, date):
        return clinical_date(value)
    if isinstance(value, bool) and isinstance(field, forms.BooleanField):
        return gettext("yes") if value else ""
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        names = dict(flatten_choices(choices))
        sent = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        chosen = sent if isinstance(sent, list) else [sent]
        return ", ".join(str(names[each]) for each in chosen if each)
    return "" if value is None else str(value)


class WhatIf(forms.Form):
    """A question. It is sent by GET, so that an answer can be linked to; it is never kept."""

    groups: Groups = ()
    stand_ins: ClassVar[Mapping[str, str]] = {}
    """Names a refusal may use for what this form asks under another name."""

    def __init__(self, data: Mapping[str, Any], zones: Sequence[str]) -> None:
        super().__init__(data)
        self.zones = [*zones]
        asked = data.get("zone", "")
        if asked in known_zones() and asked not in self.zones:
            self.zones.append(asked)
        self.sets: list[tuple[Any, list[str]]] = [(title, [*names]) for title, names in self.groups]
        self.prepare()

    def prepare(self) -> None:
        """Add the fields that depend on what was asked."""

    def add_zone(self) -> None:
        """Ask for the zone of the times on this form."""
        self.fields["zone"] = choice(_("Time zone"), [(zone, zone) for zone in self.zones])

    def rows_filled(self, *stems: str, least: int, most: int) -> range:
        """Return the numbers of the rows to show: those filled in, one more, at least `least`."""
        filled = [
            number
            for number in range(1, most + 1)
            if any(self.data.get(f"{stem}_{number}") for stem in stems)
        ]
        return range(1, min(max([least, *(number + 1 for number in filled)]), most) + 1)

    def shown_sets(self) -> Iterable[tuple[Any, list[forms.BoundField]]]:
        """Yield the groups of fields, each with its title."""
        for title, names in self.sets:
            yield title, [self[name] for name in names]

    def told(self) -> Iterable[tuple[Any, list[tuple[Any, str]]]]:
        """Yield what was asked, group by group, for the paper an answer is printed on."""
        for title, fields in self.shown_sets():
            said = [
                (field.label, _in_words(field.field, self.cleaned_data.get(field.name)))
                for field in fields
            ]
            if answered := [(label, words) for label, words in said if words]:
                yield title, answered

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        zone = cleaned.get("zone")
        for name, value in list(cleaned.items()):
            if isinstance(value, datetime) and zone:
                try:
                    cleaned[name] = local_instant(value.date(), value.time(), zone)
                except Invalid as refused:
                    self.add_error(name, refused.message)
        return self.cleaned_data

    def take(self, refused: Invalid) -> None:
        """Show a refusal at the field it names, else above the form."""
        for name, words in refused.fields.items():
            field = self.stand_ins.get(name, name)
            self.add_error(field if field in self.fields else None, list(words))
        if not refused.fields:
            self.add_error(None, refused.message)

    @property
    def zone(self) -> ZoneInfo:
        """The zone the answer is shown in."""
        cleaned = getattr(self, "cleaned_data", {})
        return ZoneInfo(cleaned.get("zone") or self.zones[0])
