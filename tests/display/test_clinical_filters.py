"""The filters as a template meets them: the clinic's zone, a dash for nothing, models and rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone

AT = datetime(2026, 7, 1, 8, 5, 9, tzinfo=UTC)
JANE = SimpleNamespace(family_name="Doe", given_names="Jane", title="Ms")


def shown(expression: str, **context: Any) -> str:
    """What a page in London prints for the expression."""
    source = "{% load clinical %}" + expression
    with timezone.override("Europe/London"):
        return Template(source).render(Context(context))


@pytest.mark.parametrize(("zone", "words"), [("Etc/GMT+5", "03:05"), ("Factory", "08:05")])
def test_a_zone_that_is_called_by_its_offset(zone: str, words: str) -> None:
    with timezone.override(zone):
        source = "{% load clinical %}{{ at|clinical_time }}"
        assert Template(source).render(Context({"at": AT})) == words


def test_a_weekday_is_the_one_of_the_clinics_wall() -> None:
    """Six in the morning in Auckland is still the evening before in UTC."""
    with timezone.override("Pacific/Auckland"):
        template = Template("{% load clinical %}{{ at|weekday }} {{ at|clinical_datetime }}")
        thursday = datetime(2026, 12, 16, 17, tzinfo=UTC)
        assert template.render(Context({"at": thursday})) == "Thursday 17-Dec-2026 06:00"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("{{ at|clinical_date }}", "01-Jul-2026"),
        ('{{ "us"|edition_name }}', "US"),
        ('{{ "default"|edition_name }}', "Default"),
        ('{{ "ch"|edition_name }}', "ch"),
        ("{{ at|patient_date }}", "01 July 2026"),
        ("{{ at|clinical_time }}", "09:05"),
        ("{{ at|clinical_seconds }}", "09:05:09"),
        ("{{ at|clinical_datetime }}", "01-Jul-2026 09:05"),
        ("{{ at|instant }}", "2026-07-01T08:05:09.000+00:00"),
        ("{{ day|instant }}", "1988-03-04"),
        ("{{ day|clinical_date }}", "04-Mar-1988"),
        ("{{ day|weekday }}", "Friday"),
        ("{{ length|duration }}", "1hr 5min"),
        ("{{ jane|person_name }}", "DOE, Jane (Ms)"),
        ("{{ row|person_name }}", "SMITH, Ann"),
        ("{{ jane|surname }}", "DOE"),
        ('{{ mg|quantity:"mg" }}', "600\u00a0mg"),
        ("{{ rate|rate }}", "40\u00a0mL/h"),
        ("{{ rate|spoken_rate }}", "40\u00a0mL per hour"),
        ("{{ 'none_known'|allergy_state }}", "No known allergies"),
    ],
)
def test_a_value_becomes_words(expression: str, words: str) -> None:
    context = {
        "at": AT,
        "day": date(1988, 3, 4),
        "length": timedelta(minutes=65),
        "jane": JANE,
        "row": {"family_name": "Smith", "given_names": "Ann", "title": None},
        "mg": Decimal("600.00"),
        "rate": Decimal("40.0"),
    }
    assert shown(expression, **context) == words


@pytest.mark.parametrize(
    "name",
    [
        "clinical_date",
        "patient_date",
        "weekday",
        "clinical_time",
        "clinical_seconds",
        "clinical_datetime",
        "duration",
        "person_name",
        "surname",
        "age",
        'quantity:"mg"',
        "rate",
        "spoken_rate",
        "medicine_line",
    ],
)
def test_a_missing_fact_is_a_dash_never_a_blank(name: str) -> None:
    assert shown("{{ nothing|" + name + " }}", nothing=None) == "\u2013"


def test_an_allergy_status_that_is_missing_is_unavailable() -> None:
    assert shown("{{ nothing|allergy_state }}", nothing=None) == "Allergies unavailable"


def test_machines_get_nothing_for_a_missing_instant() -> None:
    assert shown("{{ nothing|instant }}", nothing=None) == ""


@time_machine.travel("2026-03-03 23:30 UTC", tick=False)
def test_a_birthday_comes_at_the_clinics_midnight() -> None:
    assert shown("{{ born|age }}", born=date(1988, 3, 4)) == "37y"
    with timezone.override("Europe/Athens"):
        template = Template("{% load clinical %}{{ born|age }}")
        assert template.render(Context({"born": date(1988, 3, 4)})) == "38y"


def test_age_stops_at_death() -> None:
    died = date(2001, 1, 1)
    assert shown("{{ born|age:died }}", born=date(1950, 6, 1), died=died) == "50y"


def test_a_medicine_line_keeps_its_markup_and_escapes_its_words() -> None:
    medicine = {"generic": "ocreli<b>zumab", "dose_mg": 600, "volume_ml": Decimal(500)}
    line = shown("{{ medicine|medicine_line }}", medicine=medicine)
    assert line.startswith("<strong>ocreli&lt;b&gt;zumab</strong>, DOSE <strong>600")
    assert line.endswith("in 500\u00a0mL")


def test_an_icon_is_silent_and_comes_from_the_sprite() -> None:
    drawn = shown('{% icon "alert" "icon--large" %}')
    assert 'class="icon icon--large"' in drawn
    assert 'aria-hidden="true"' in drawn
    assert "icons/sprite.svg#alert" in drawn


@pytest.mark.parametrize(
    ("expression", "tone", "word"),
    [
        ("{% state_badge 'overdue' %}", "tone-danger", "Overdue"),
        ("{% state_badge 'free' %}", "tone-free", "Free"),
        ("{% state_badge 'due' label='Due today' %}", "tone-warning", "Due today"),
        ("{% allergy_badge 'known' %}", "tone-danger", "Allergies known"),
        ("{% allergy_badge nothing %}", "tone-warning", "Allergies unavailable"),
    ],
)
def test_a_badge_is_icon_word_and_colour(expression: str, tone: str, word: str) -> None:
    badge = shown(expression, nothing=None)
    assert tone in badge
    assert word in badge
    assert "<svg" in badge


def test_a_state_nobody_named_is_shown_as_it_is() -> None:
    assert "Odd one" in shown("{% state_badge 'odd_one' %}")
    assert shown("{% state_tone 'odd_one' %}") == "neutral"
