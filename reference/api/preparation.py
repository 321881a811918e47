from datetime import datetime
from typing import Annotated, TypedDict
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinical.beyond_use import Kept, Limit, Place
from clinical.protocol import RateOption
from clinical.titration import seconds
from core.api.openapi import answers
from reference.amounts import text
from reference.api.reading import ZONE, a_choice, a_flag, a_moment, an_amount, many, read_json
from reference.api.shared import (
    DOSE,
    EDITION,
    START,
    Answered,
    CalculatorView,
    FindingItem,
    answered,
    described,
    finding_items,
    local,
)
from reference.bounds import LEAST_VOLUME_ML, MOST_MOVES, MOST_VOLUME_ML
from reference.questions import preparation
from reference.questions.preparation import PreparationAnswer, PreparationQuestion, Start

KEPT = (
    a_choice("place", "Where it was put.", Place, required=True),
    a_moment("since", "From when on.", required=True),
)
FIELDS = (
    EDITION,
    DOSE,
    a_moment("prepared_at", "When the drug was put into the bag.", required=True),
    many(
        "storage",
        "Where the bag has been, in order; the first entry begins at `prepared_at`.",
        KEPT,
        least=1,
        most=MOST_MOVES,
    ),
    a_flag("strict", "One life for a bag that was ever refrigerated. The edition's own."),
    an_amount(
        "bag_ml",
        "Millilitres of saline before the drug. The label's own when not given.",
        minimum=LEAST_VOLUME_ML,
        maximum=MOST_VOLUME_ML,
    ),
    a_flag("saline_removed", "As much saline as drug is taken out of the bag.", default=True),
    START,
    ZONE,
)
EXAMPLE = {
    "dose_mg": 600,
    "prepared_at": "2026-07-06T08:00:00+02:00",
    "storage": [
        {"place": "fridge", "since": "2026-07-06T08:00:00+02:00"},
        {"place": "room", "since": "2026-07-06T13:00:00+02:00"},
    ],
    "start": "2026-07-06T13:30:00+02:00",
}


class StartItem(TypedDict):
    """One rate table on this bag."""

    option: Annotated[str, RateOption]
    infusion_s: str
    latest_start: datetime
    finish_by: Annotated[datetime, "For an infusion begun at the latest start."]
    too_late: Annotated[bool, "The latest start lies before the bag was made."]
    findings: Annotated[list[FindingItem], "About `start`; empty without one."]


class PreparationItem(Answered):
    """How the bag is made and until when it may be used. Quantities are decimal strings."""

    vials: int
    drug_ml: str
    bag_ml: str
    total_ml: str
    mg_per_ml: Annotated[str, "Decimal string, rounded to six places when endless."]
    diluent: str
    findings: list[FindingItem]
    strict: bool
    must_finish_by: Annotated[datetime, "The infusion may run until then, not after."]
    limited_by: Annotated[str, Limit]
    take_out_by: Annotated[datetime | None, "For a bag that is still in the fridge."]
    fridge_used_s: Annotated[str, "Up to the last change of place."]
    room_used_s: Annotated[str, "Up to the last change of place."]
    starts: list[StartItem]


class PreparationView(CalculatorView):
    """A bag: vials, concentration, use-by time, and the latest start of each rate table."""

    @extend_schema(
        operation_id="calculate_preparation",
        summary="Bag and its use-by time, what-if",
        tags=["calculator"],
        request=described(FIELDS, EXAMPLE),
        responses=answers(PreparationItem, "The bag."),
    )
    def post(self, request: Request) -> Response:
        asked = read_json(FIELDS, request.data)
        zone = asked.pop("time_zone") or self.zone
        storage = tuple(Kept(**each) for each in asked.pop("storage"))
        found = preparation.answer(PreparationQuestion(storage=storage, zone=zone, **asked))
        return Response(_item(found, zone))


def _item(found: PreparationAnswer, zone: ZoneInfo) -> PreparationItem:
    made, use_by = found.made, found.beyond_use
    return {
        **answered(found.protocol),
        "vials": made.vials,
        "drug_ml": text(made.drug_ml),
        "bag_ml": text(made.bag_ml),
        "total_ml": text(made.total_ml),
        "mg_per_ml": text(made.mg_per_ml),
        "diluent": made.diluent,
        "findings": finding_items(made.findings),
        "strict": found.strict,
        "must_finish_by": use_by.must_finish_by.astimezone(zone),
        "limited_by": str(use_by.limited_by),
        "take_out_by": local(use_by.take_out_by, zone),
        "fridge_used_s": text(seconds(use_by.fridge_used)),
        "room_used_s": text(seconds(use_by.room_used)),
        "starts": [_start(each, zone) for each in found.starts],
    }


def _start(start: Start, zone: ZoneInfo) -> StartItem:
    return {
        "option": str(start.option),
        "infusion_s": text(start.plan.total_seconds),
        "latest_start": start.latest.astimezone(zone),
        "finish_by": start.finish_by.astimezone(zone),
        "too_late": start.too_late,
        "findings": finding_items(start.findings or ()),
    }
