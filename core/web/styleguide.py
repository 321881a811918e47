"""The style guide: every component in every state, from fixed examples. Nothing here is real."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.access import public
from core.states import STATES
from core.web import styleguide_cast as cast
from core.web.timeline import draw

SECTIONS = [
    ("board", "Next due and chair cards"),
    ("identity", "Patient banner"),
    ("tables", "Filters and tables"),
    ("figures", "Figures and timeline"),
    ("actions", "Buttons and dialogs"),
    ("forms", "Forms"),
    ("feedback", "Banners, undo, waiting"),
    ("words", "States and filters"),
    ("foundations", "Type, tones, icons"),
]
REFUSED = {
    "refused-day": "soon",
    "refused-chair": "1",
    "refused-volume": "640",
    "refused-reason": "kept as typed",
}


class ExampleForm(forms.Form):
    """Every kind of field."""

    day = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}), help_text="The clinic's zone."
    )
    chair = forms.ChoiceField(label="Chair", choices=[("1", "Chair 1"), ("2", "Chair 2")])
    volume = forms.DecimalField(label="Volume in (mL)", max_value=500)
    reason = forms.CharField(
        label="Reason", widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    route = forms.ChoiceField(
        label="Told by",
        choices=[("phone", "Telephone"), ("desk", "At the desk")],
        widget=forms.RadioSelect,
    )
    checked = forms.BooleanField(label="Name and date of birth asked and matched")


def shell() -> SimpleNamespace:
    """The frame around the examples."""
    pages = [
        ("Chairs", "chair"),
        ("Day", "calendar"),
        ("Due list", "clock"),
        ("Patients", "people"),
        ("Import", "upload"),
        ("Reminders", "bell"),
    ]
    return SimpleNamespace(
        clinic=SimpleNamespace(
            name="Northgate MS Day Unit", slug="northgate", time_zone="Europe/London"
        ),
        actor_label="Amara Osei",
        roles=("Nurse",),
        nav=[
            SimpleNamespace(label=label, icon=icon, url="#", current=label == "Chairs")
            for label, icon in pages
        ],
        clinics=(),
        now=cast.NOW,
        search_url="#",
    )


def icons() -> list[str]:
    """The names of all drawings in the sprite."""
    sprite = finders.find("icons/sprite.svg")
    return re.findall(r'<symbol id="([a-z-]+)"', Path(sprite).read_text()) if sprite else []


def examples() -> dict[str, Any]:
    """Everything the page shows."""
    doses = cast.course()
    return {
        "shell": shell(),
        "now": cast.NOW,
        "sections": SECTIONS,
        "cards": cast.cards(),
        "due_items": cast.due_items(),
        "people": [cast.DOE, cast.OKAFOR, cast.SMITH, cast.PATEL],
        "visits": cast.visits(),
        "doses": doses,
        "picture": draw(doses, cast.NOW.date()),
        "chart": cast.chart(),
        "started_on": date(2025, 1, 6),
        "states": list(STATES.items()),
        "tones": ["neutral", "info", "success", "warning", "danger"],
        "icons": icons(),
        "form": ExampleForm(),
        "refused_form": ExampleForm(REFUSED, prefix="refused"),
        "full_dose": cast.FULL_DOSE,
        "next_rate": Decimal("120.00"),
        "length": timedelta(hours=1, minutes=5),
    }


@public
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in every state."""
    with timezone.override("Europe/London"):
        return render(request, "styleguide/index.html", examples())
