"""The style guide: every component in every state, from fixed examples. Nothing here is real."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.access import public
from core.display import Medicine
from core.states import STATES

NOW = datetime(2026, 11, 23, 14, 28, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """An example patient, with the names that components read."""

    family_name: str
    given_names: str
    title: str
    birth_date: date
    mrn: str
    sex: str
    allergy_status: str
    deceased_on: date | None = None

    def get_sex_display(self) -> str:
        """The word for the sex, as a Django model would give it."""
        return self.sex


DOE = Person("Doe", "Jane", "Ms", date(1988, 3, 4), "943 476 5919", "Female", "known")
OKAFOR = Person("Okafor", "Chi", "Mr", date(1979, 7, 11), "943 476 5870", "Male", "not_recorded")
SMITH = Person("Smith", "Ann", "", date(1990, 1, 30), "943 476 5838", "Female", "none_known")
PATEL = Person("Patel", "Raj", "Dr", date(1971, 12, 2), "943 476 5846", "Male", "unavailable")

FULL_DOSE = Medicine("ocrelizumab", 600, "Ocrevus", 500)
HALF_DOSE = Medicine("ocrelizumab", 300, "Ocrevus", 250)


@dataclass(frozen=True, slots=True)
class Action:
    """One button of a card."""

    label: str
    kind: str = ""
    icon: str = ""
    url: str = "#"
    in_dialog: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """An example chair card."""

    key: str
    chair: str
    state: str
    patient: Person | None = None
    medicine: Medicine | None = None
    note: str = ""
    next_label: str = ""
    due_at: datetime | None = None
    rate_ml_per_hour: Decimal | None = None
    step: int = 0
    steps: int = 0
    actions: list[Action] = field(default_factory=list)
    href: str = "#"
    id_label: str = "NHS No."


VITALS = Action("Vitals", icon="vitals")
REACTION = Action("Reaction", "danger", "alert")


def in_minutes(minutes: int) -> datetime:
    """An instant so many minutes from the examples' now."""
    return NOW + timedelta(minutes=minutes)


def cards() -> list[Card]:
    """A chair in each state that a board can show."""
    return [
        Card(
            "1",
            "1",
            "due_soon",
            DOE,
            FULL_DOSE,
            "",
            "Rate change due",
            in_minutes(4),
            Decimal("85.00"),
            3,
            5,
            [Action("Rate now 120\u00a0mL/h", "primary"), VITALS, REACTION],
        ),
        Card(
            "4",
            "4",
            "overdue",
            OKAFOR,
            HALF_DOSE,
            "One-hour observation",
            "Vital signs due",
            in_minutes(-3),
            None,
            0,
            0,
            [Action("Enter vitals", "primary"), Action("End observation"), REACTION],
        ),
        Card(
            "2",
            "2",
            "running",
            SMITH,
            FULL_DOSE,
            "",
            "Rate change due",
            in_minutes(24),
            Decimal(40),
            1,
            5,
            [Action("Vitals", "primary", "vitals"), Action("Pause", "", "pause"), REACTION],
        ),
        Card(
            "5",
            "5",
            "premedication",
            PATEL,
            HALF_DOSE,
            "Methylprednisolone 100 mg given 14:05",
            "Start from",
            in_minutes(67),
            None,
            0,
            0,
            [Action("Before the start", "primary"), VITALS],
        ),
        Card(
            "3",
            "3",
            "free",
            note="Next: PATEL, Raj (Dr) at 15:00. Checklist 6 of 7 done.",
            actions=[Action("Seat patient")],
        ),
        Card("6", "6", "out_of_service", note="Arm rest broken, until 25-Nov-2026."),
    ]


def due_items() -> list[SimpleNamespace]:
    """The strip above the board, most urgent first."""
    rows = [
        ("overdue", -3, "4", OKAFOR, "vital signs"),
        ("due_soon", 4, "1", DOE, "increase rate to 120\u00a0mL/h"),
        ("on_time", 24, "2", SMITH, "increase rate to 85\u00a0mL/h"),
    ]
    return [
        SimpleNamespace(
            state=state, due_at=in_minutes(minutes), chair=chair, patient=who, what=what, href="#"
        )
        for state, minutes, chair, who, what in rows
    ]


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
        now=NOW,
        search_url="#",
    )


def examples() -> dict[str, Any]:
    """Everything the page shows."""
    refused = ExampleForm({"day": "soon", "chair": "1", "volume": "640", "reason": "kept as typed"})
    return {
        "shell": shell(),
        "now": NOW,
        "cards": cards(),
        "due_items": due_items(),
        "people": [DOE, OKAFOR, SMITH, PATEL],
        "states": STATES,
        "tones": ["neutral", "info", "success", "warning", "danger"],
        "form": ExampleForm(),
        "refused_form": refused,
        "full_dose": FULL_DOSE,
        "length": timedelta(hours=1, minutes=5),
    }


@public
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in every state."""
    with timezone.override("Europe/London"):
        return render(request, "styleguide/index.html", examples())
