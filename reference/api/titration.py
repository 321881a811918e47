from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any, TypedDict
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinical.premedication import PremedicationDue, PremedicationGiven, PremedicationKind
from clinical.titration import RatePlan, Step, duration_of, seconds
from core.api.openapi import answers
from reference.amounts import text, text_or_none
from reference.api.reading import (
    ZONE,
    a_choice,
    a_moment,
    a_whole,
    an_amount,
    many,
    read_json,
    some_words,
)
from reference.api.shared import (
    BAG,
    START,
    Answered,
    CalculatorView,
    FindingItem,
    answered,
    bag_of,
    described,
    finding_items,
    local,
)
from reference.bounds import (
    MOST_AGE_YEARS,
    MOST_DOSE_MG,
    MOST_MEDICINES,
    MOST_MINUTES,
    MOST_WEIGHT_KG,
)
from reference.questions import titration
from reference.questions.titration import TitrationAnswer, TitrationQuestion

MEDICINE = (
    a_choice("kind", "What it was given for.", PremedicationKind, required=True),
    some_words("drug", "Which medicine.", longest=80, required=True),
    a_moment("given_at", "When.", required=True),
    an_amount("dose_mg", "Milligrams.", minimum=Fraction(0), maximum=Fraction(MOST_DOSE_MG)),
)
FIELDS = (
    *BAG,
    START,
    an_amount(
        "minute",
        "A minute of the infusion: what runs then, and how much is in.",
        minimum=Fraction(0),
        maximum=MOST_MINUTES,
    ),
    a_whole("age_years", "For a child's glucocorticoid.", minimum=0, maximum=MOST_AGE_YEARS),
    an_amount(
        "weight_kg",
        "For a child's glucocorticoid.",
        minimum=Fraction(0),
        maximum=MOST_WEIGHT_KG,
    ),
    many(
        "premedication_given",
        "What was given before the start, to be judged; an empty list says nothing was.",
        MEDICINE,
        most=MOST_MEDICINES,
        default=None,
    ),
    a_moment("antihypertensive_taken_at", "When one was last taken."),
    ZONE,
)
EXAMPLE = {
    "dose_mg": 300,
    "option": "initial",
    "start": "2026-07-06T09:00:00+02:00",
    "minute": 45,
    "premedication_given": [
        {
            "kind": "steroid",
            "drug": "methylprednisolone",
            "given_at": "2026-07-06T08:30:00+02:00",
            "dose_mg": 100,
        }
    ],
}


class StepItem(TypedDict):
    """One step. Quantities are decimal strings; seconds count from the start of the infusion."""

    number: int
    rate_ml_h: str
    starts_s: str
    ends_s: str
    step_ml: str
    cumulative_ml: str
    starts_at: datetime | None
    ends_at: datetime | None


class PremedicationItem(TypedDict):
    """One medicine before the infusion, and its window."""

    kind: str
    drugs: Annotated[list[str], "Any one of these."]
    dose_mg: Annotated[
        str | None, "By age and weight when given; null where the sources name none."
    ]
    required: bool
    opens_at: datetime
    closes_at: datetime
    about: Annotated[datetime | None, "The moment the label names."]


class MinuteItem(TypedDict):
    """One minute of the infusion."""

    minute: str
    rate_ml_h: Annotated[str, "0 once the bag is empty."]
    volume_in_ml: str


class TitrationItem(Answered):
    """The rate table of one bag. Durations are seconds; quantities and seconds decimal strings."""

    volume_ml: str
    steps: list[StepItem]
    total_s: str
    premedication_s: str
    observation_s: str
    chair_time_s: Annotated[str, "From premedication to the end of observation."]
    ends_at: datetime | None
    observe_until: datetime | None
    premedication: Annotated[list[PremedicationItem], "Needs `start`."]
    premedication_findings: Annotated[
        list[FindingItem] | None, "About what was given; null when that was not asked."
    ]
    at: MinuteItem | None


class TitrationView(CalculatorView):
    """The rate table of a dose, option and volume, with its exact end."""

    @extend_schema(
        operation_id="calculate_titration",
        summary="Rate table, what-if",
        tags=["calculator"],
        request=described(FIELDS, EXAMPLE),
        responses=answers(TitrationItem, "The rate table."),
    )
    def post(self, request: Request) -> Response:
        asked = read_json(FIELDS, request.data)
        found = titration.answer(_question(asked))
        return Response(_item(found, asked["time_zone"] or self.zone))


def _question(asked: dict[str, Any]) -> TitrationQuestion:
    given = asked["premedication_given"]
    return TitrationQuestion(
        bag=bag_of(asked),
        start=asked["start"],
        minute=asked["minute"],
        age_years=asked["age_years"],
        weight_kg=asked["weight_kg"],
        given=None if given is None else tuple(PremedicationGiven(**each) for each in given),
        antihypertensive_at=asked["antihypertensive_taken_at"],
    )


def _item(found: TitrationAnswer, zone: ZoneInfo) -> TitrationItem:
    phases, at = found.phases, found.at
    return {
        **answered(found.protocol),
        "volume_ml": text(found.plan.volume_ml),
        "steps": step_items(found.plan, found.start, zone),
        "total_s": text(found.plan.total_seconds),
        "premedication_s": text(seconds(phases.premedication)),
        "observation_s": text(seconds(phases.observation)),
        "chair_time_s": text(seconds(phases.total)),
        "ends_at": local(found.ends_at, zone),
        "observe_until": local(found.observe_until, zone),
        "premedication": [_premedication(each, zone) for each in found.premedication],
        "premedication_findings": None
        if found.premedication_findings is None
        else finding_items(found.premedication_findings),
        "at": None
        if at is None
        else {
            "minute": text(at.minute),
            "rate_ml_h": text(at.rate_ml_h),
            "volume_in_ml": text(at.volume_in_ml),
        },
    }


def step_items(plan: RatePlan, start: datetime | None, zone: ZoneInfo) -> list[StepItem]:
    """Build the items of a plan's steps, with instants when `start` is known."""
    return [_step(step, start, zone) for step in plan.steps]


def _step(step: Step, start: datetime | None, zone: ZoneInfo) -> StepItem:
    return {
        "number": step.number,
        "rate_ml_h": text(step.rate_ml_h),
        "starts_s": text(step.starts_s),
        "ends_s": text(step.ends_s),
        "step_ml": text(step.volume_ml),
        "cumulative_ml": text(step.cumulative_ml),
        "starts_at": None if start is None else local(start + duration_of(step.starts_s), zone),
        "ends_at": None if start is None else local(start + duration_of(step.ends_s), zone),
    }


def _premedication(due: PremedicationDue, zone: ZoneInfo) -> PremedicationItem:
    return {
        "kind": str(due.kind),
        "drugs": list(due.drugs),
        "dose_mg": text_or_none(due.dose_mg),
        "required": due.required,
        "opens_at": due.opens_at.astimezone(zone),
        "closes_at": due.closes_at.astimezone(zone),
        "about": local(due.about, zone),
    }
