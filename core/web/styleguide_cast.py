"""The example people, chairs and doses of the style guide. None of them exist."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from core.display import Medicine
from core.web.charts import BarChart, Series

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
NOWAK = Person(
    "Nowak", "Łucja Maria", "Mrs", date(1994, 5, 19), "943 476 5854", "Female", "none_known"
)
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
    next_patient: Person | None = None
    next_at: datetime | None = None


VITALS = Action("Vitals", icon="vitals")
REACTION = Action("Reaction", "danger", "alert")


def in_minutes(minutes: int) -> datetime:
    """An instant so many minutes from the examples' now."""
    return NOW + timedelta(minutes=minutes)


def cards() -> list[Card]:
    """A chair in each state that a board can show."""
    return [*_cards_urgent(), *_cards_calm(), *_cards_waiting()]


def _cards_urgent() -> list[Card]:
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
    ]


def _cards_calm() -> list[Card]:
    return [
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
    ]


def _cards_waiting() -> list[Card]:
    return [
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
            note="Checklist 6 of 7 done",
            actions=[Action("Seat patient")],
            next_patient=NOWAK,
            next_at=in_minutes(32),
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


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose of an example course."""

    number: int
    state: str
    due_on: date
    given_on: date | None = None
    dose_mg: int = 600
    window: int = 14
    note: str = ""

    @property
    def earliest_on(self) -> date:
        """First day of the window."""
        return self.due_on - timedelta(days=self.window)

    @property
    def latest_on(self) -> date:
        """Last day of the window."""
        return self.due_on + timedelta(days=self.window)


def course() -> list[Dose]:
    """A course with a dose in every state."""
    return [
        Dose(1, "given", date(2025, 1, 6), date(2025, 1, 6), 300, 0),
        Dose(2, "given", date(2025, 1, 20), date(2025, 1, 21), 300, 3),
        Dose(3, "given", date(2025, 7, 7), date(2025, 7, 7)),
        Dose(4, "missed", date(2026, 1, 5), note="Chest infection"),
        Dose(5, "given", date(2026, 2, 9), date(2026, 2, 9), note="Late by 35 days"),
        Dose(6, "overdue", date(2026, 8, 10), note="Telephoned twice"),
        Dose(7, "booked", date(2026, 12, 7)),
        Dose(8, "planned", date(2027, 6, 7)),
        Dose(9, "planned", date(2027, 12, 6)),
    ]


def visits() -> list[SimpleNamespace]:
    """Rows for the example table."""
    rows = [
        (OKAFOR, "overdue", date(2026, 8, 10), 600, "Dose 6", "Telephoned twice"),
        (DOE, "unbooked", date(2026, 12, 7), 600, "Dose 7", ""),
        (PATEL, "day_held", date(2026, 12, 14), 300, "Dose 2", "14 days after dose 1"),
        (SMITH, "confirmed", date(2026, 12, 15), 600, "Dose 4", ""),
    ]
    return [
        SimpleNamespace(
            patient=who, state=state, due_on=due, dose_mg=dose_mg, label=label, reason=reason
        )
        for who, state, due, dose_mg, label, reason in rows
    ]


def chart() -> BarChart:
    """Two rows of bars, one value unknown, and a line worth comparing with."""
    planned, actual = (4.2, 6.0, 7.5, 5.1), (3.8, 6.4, None, 5.0)
    return BarChart(
        title="Patients in chairs by hour",
        unit="on average",
        head="Hour",
        labels=("09:00", "10:00", "11:00", "12:00"),
        series=(
            Series("Planned", planned, tuple(map(str, planned))),
            Series("Actual", actual, ("3.8", "6.4", "-", "5.0")),
        ),
        reference=8,
        reference_words="Nurses' limit",
    )
