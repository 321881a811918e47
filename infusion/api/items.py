"""Infusions and the chair board as a client sees them: plain dicts, written by orjson."""

from datetime import date, datetime
from typing import Annotated, TypedDict
from uuid import UUID

from clinical.run import Action, RunStatus, VitalsWhy
from infusion.board import Act, Place, Urgency
from infusion.models import Infusion, InfusionEvent
from patients.api.items import PatientShort
from scheduling.models import Visit

Digits = Annotated[str, "Exact digits."]
Purpose = Annotated[str, Visit.Purpose]


class NextAct(TypedDict):
    """What the nurse would do next. The app prompts, the pump governs."""

    action: Annotated[str, Action]
    opens_at: Annotated[datetime | None, "Null: it waits for something that is not a time."]
    rate_ml_h: Annotated[str | None, "The rate to set, where it sets one."]
    words: str


class FindingItem(TypedDict):
    """What a rule says."""

    id: str
    severity: str
    words: str


class OverdueItem(FindingItem):
    """What should have been done, and since when."""

    since: datetime


class RunItem(TypedDict):
    """The run as the charted facts make it, at `as_of`."""

    status: Annotated[str, RunStatus]
    rate_ml_h: Digits
    volume_in_ml: Annotated[str, "By the charted rates, to a tenth."]
    volume_left_ml: Annotated[str, "By the charted rates, to a tenth."]
    step: Annotated[int | None, "Of the plan, from 1; null off the plan."]
    steps: int
    next: NextAct
    projected_end: datetime | None
    worst_case_end: datetime | None
    margin_minutes: Annotated[int | None, "To the bag's use-by time; negative when passed."]
    worst_margin_minutes: int | None
    vitals_due: datetime | None
    vitals_why: Annotated[str | None, VitalsWhy]
    symptoms_open: bool
    stopped_for_good: bool
    overdue: list[OverdueItem]
    warnings: list[FindingItem]


class EntryItem(TypedDict):
    """One charted fact. Facts are never changed: a correction is another entry."""

    id: UUID
    kind: Annotated[str, InfusionEvent.Kind]
    occurred_at: datetime
    recorded_at: datetime
    by: str
    reason: str
    amends: UUID | None
    late: bool
    stands: Annotated[bool, "False when corrected or taken back."]


class InfusionItem(TypedDict):
    """One infusion: its state and everything charted."""

    id: UUID
    version: int
    status: Annotated[str, Infusion.Status]
    visit_id: UUID
    patient: PatientShort
    dose_mg: int
    bag_ml: Digits
    rate_option: str
    started_at: datetime | None
    ended_at: datetime | None
    observe_until: datetime | None
    discharged_at: datetime | None
    as_of: datetime
    run: Annotated[RunItem | None, "Null before the start."]
    timeline: Annotated[list[EntryItem], "The first recorded first."]


class DueItem(TypedDict):
    """One act that is due at a chair."""

    act: Annotated[str, Act]
    at: datetime
    rate_ml_h: str | None
    why: Annotated[str | None, VitalsWhy]


class BoardPatient(TypedDict):
    """Who sits in a chair, by two identifiers and more."""

    mrn: str
    family_name: str
    given_names: str
    birth_date: date


class ChairState(TypedDict):
    """One chair at one moment."""

    chair_id: UUID
    label: str
    place: Annotated[str, Place]
    urgency: Annotated[str | None, Urgency]
    visit_id: UUID | None
    infusion_id: UUID | None
    patient: Annotated[BoardPatient | None, "Who sits there."]
    purpose: Annotated[Purpose | None, "What they are here for; null: a dose, or nobody."]
    rate_ml_h: str | None
    step: int | None
    steps: int | None
    ends_at: datetime | None
    symptoms_open: bool
    dues: list[DueItem]
    coming_at: Annotated[datetime | None, "When the chair's next patient is expected."]
    coming_purpose: Annotated[Purpose | None, "What they come for; null: a dose, or nobody."]


class BoardItem(TypedDict):
    """The room, in the order of its chairs."""

    as_of: datetime
    chairs: list[ChairState]
