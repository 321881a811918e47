"""The filters that stand between a raw value and a template. The words are made in `core.display`.

Every filter takes None and answers a dash, so that a missing fact is visible and never a blank.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import display
from core.clinical_words import EDITIONS
from core.states import state
from core.zones import current_zone

register = template.Library()


def _part(source: object, name: str, default: Any = "") -> Any:
    """One fact from a model instance or from a row of `values()`."""
    if isinstance(source, Mapping):
        return source.get(name, default)
    return getattr(source, name, default)


@register.filter
def sentence(words: str) -> str:
    """`{{ finding.words|sentence }}`: what the clinical core says, its days as 15-Jun-2026."""
    return display.sentence(words)


@register.filter
def clinical_date(value: date | datetime | None) -> str:
    """`{{ patient.birth_date|clinical_date }}` gives 04-Mar-1988."""
    return display.NOTHING if value is None else display.clinical_date(value, current_zone())


@register.filter
def weekday(value: date | datetime | None) -> str:
    """`{{ slot.day|weekday }}` gives Monday, in the reader's language and the clinic's zone."""
    if isinstance(value, datetime):
        value = value.astimezone(current_zone())
    return display.NOTHING if value is None else str(WEEKDAYS[value.weekday()])


@register.filter
def patient_date(value: date | datetime | None) -> str:
    """`{{ visit.day|patient_date }}` gives 04 March 1988, in the reader's language."""
    return display.NOTHING if value is None else display.patient_date(value, current_zone())


@register.filter
def clinical_time(value: datetime | None) -> str:
    """`{{ event.occurred_at|clinical_time }}` gives 14:05 in the clinic's zone."""
    return display.NOTHING if value is None else display.clinical_time(value, current_zone())


@register.filter
def clinical_seconds(value: datetime | None) -> str:
    """`{{ shell.now|clinical_seconds }}` gives 14:05:10: for how fresh a page is."""
    if value is None:
        return display.NOTHING
    return display.clinical_time(value, current_zone(), seconds=True)


@register.filter
def clinical_datetime(value: datetime | None) -> str:
    """`{{ entry.recorded_at|clinical_datetime }}` gives 04-Mar-1988 14:05."""
    return display.NOTHING if value is None else display.clinical_datetime(value, current_zone())


@register.filter
def instant(value: date | datetime | None) -> str:
    """A moment for machines (`datetime=`, `due=`, `value=`): ISO 8601, with its offset."""
    if value is None:
        return ""
    return (
        value.isoformat("T", "milliseconds") if isinstance(value, datetime) else value.isoformat()
    )


@register.filter
def duration(value: timedelta | None) -> str:
    """`{{ booking.length|duration }}` gives 1hr 5min."""
    return display.NOTHING if value is None else display.duration(value)


@register.filter
def person_name(person: object | None) -> str:
    """`{{ patient|person_name }}` gives DOE, Jane (Ms).

    Needs family_name and given_names, maybe title.
    """
    if person is None:
        return display.NOTHING
    family, given = _part(person, "family_name"), _part(person, "given_names")
    return display.person_name(family, given, _part(person, "title") or "")


@register.filter
def surname(person: object | None) -> str:
    """`{{ patient|surname }}` gives DOE: for the words of a confirming button."""
    return display.NOTHING if person is None else str(_part(person, "family_name")).upper()


@register.filter
def age(born: date | None, on: date | None = None) -> str:
    """`{{ patient.birth_date|age }}` gives 38y today in the clinic; a second day stops there."""
    if born is None:
        return display.NOTHING
    return display.age(born, on or timezone.localdate())


@register.filter
def quantity(value: display.Quantity | None, unit: str) -> str:
    """`{{ visit.dose_mg|quantity:"mg" }}` gives 600 mg that does not break across lines."""
    return display.NOTHING if value is None else display.quantity(value, unit)


@register.filter
def rate(value: display.Quantity | None) -> str:
    """`{{ step.rate_ml_per_hour|rate }}` gives 40 mL/h, as the pump shows it."""
    return display.NOTHING if value is None else display.rate(value)


@register.filter
def spoken_rate(value: display.Quantity | None) -> str:
    """`{{ step.rate_ml_per_hour|spoken_rate }}` gives 40 mL per hour: print and screen readers."""
    return display.NOTHING if value is None else display.rate(value, spoken=True)


@register.filter
def medicine_line(medicine: object | None) -> SafeString | str:
    """`{{ visit.medicine|medicine_line }}`: needs generic, dose_mg, maybe brand and volume_ml."""
    if medicine is None:
        return display.NOTHING
    return display.medicine_line(
        display.Medicine(
            generic=_part(medicine, "generic"),
            dose_mg=_part(medicine, "dose_mg"),
            brand=_part(medicine, "brand") or "",
            volume_ml=_part(medicine, "volume_ml", None),
        )
    )


@register.filter
def allergy_state(code: str | None) -> str:
    """`{{ patient.allergy_status|allergy_state }}` gives one of the four answers in words."""
    return str(display.allergy_state(code or "").label)


@register.filter
def edition_name(code: str) -> str:
    """`{{ course.edition|edition_name }}` gives US for us: an edition of a protocol in words."""
    return str(EDITIONS.get(code, code))


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """`{% icon "alert" %}`: a drawing from the sprite, silent to screen readers."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f"icon {classes}".strip(),
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag
def icon_href(name: str) -> str:
    """The address of a drawing in the sprite, for `<use>` inside a picture of its own."""
    return f"{static('icons/sprite.svg')}#{name}"


@register.inclusion_tag("_components/badge.html")
def state_badge(code: str, classes: str = "", label: str = "") -> dict[str, object]:
    """`{% state_badge visit.status %}`: tone, icon and word of a state from `core.states`."""
    shown = state(code)
    return {
        "tone": shown.tone,
        "icon": shown.icon,
        "label": label or shown.label,
        "classes": classes,
    }


@register.inclusion_tag("_components/badge.html")
def allergy_badge(code: str | None, classes: str = "") -> dict[str, object]:
    """`{% allergy_badge patient.allergy_status %}`: the allergy answer as a badge."""
    shown = display.allergy_state(code or "")
    return {"tone": shown.tone, "icon": shown.icon, "label": shown.label, "classes": classes}


@register.simple_tag
def state_tone(code: str) -> str:
    """`{% state_tone card.state as tone %}`: the tone alone, for a card or a clock."""
    return state(code).tone
