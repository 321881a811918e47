from datetime import date
from typing import Annotated, TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinical.calendar import PlannedDose, Roll
from clinical.protocol import IntervalMode
from core.api.openapi import answers
from reference.api.reading import a_calendar_day, a_choice, a_whole, many, read_json, some_of
from reference.api.shared import (
    EDITION,
    Answered,
    CalculatorView,
    FindingItem,
    answered,
    described,
    finding_items,
)
from reference.bounds import MOST_GIVEN, MOST_PAYER_DAYS, MOST_YEARS
from reference.questions import calendar
from reference.questions.calendar import CalendarAnswer, CalendarQuestion, RegimenFor, Weekday

GIVEN = (
    a_whole("number", "Dose number, from 1.", minimum=1, maximum=MOST_GIVEN, required=True),
    a_calendar_day("given_on", "The day it was given.", required=True),
)
FIELDS = (
    EDITION,
    a_calendar_day(
        "first_infusion", "Day of infusion 1, superseded by `given` number 1.", required=True
    ),
    a_choice("interval_mode", "How six months are counted. The edition's own.", IntervalMode),
    many("given", "Doses already given, in any order.", GIVEN, most=MOST_GIVEN),
    a_whole(
        "years",
        "How far ahead, from the last dose given or the first infusion.",
        minimum=1,
        maximum=MOST_YEARS,
        default=2,
    ),
    a_calendar_day("propose", "A day for the next dose, to be checked."),
    a_choice(
        "regimen",
        "Whose milligrams; a child's only where the edition has a regimen for children.",
        RegimenFor,
        default=RegimenFor.ADULT,
    ),
    some_of("open_on", "Days the clinic is open: each due date rolls to one.", Weekday),
    a_choice(
        "roll",
        "Which way it rolls; backward never past the earliest day.",
        Roll,
        default=Roll.FORWARD,
    ),
    a_whole(
        "payer_minimum_days",
        "A payer's own interval, held against the proposed day. No payer is asked without it.",
        minimum=1,
        maximum=MOST_PAYER_DAYS,
    ),
)
EXAMPLE = {
    "edition": "default",
    "first_infusion": "2026-01-06",
    "given": [
        {"number": 1, "given_on": "2026-01-06"},
        {"number": 2, "given_on": "2026-01-20"},
    ],
    "propose": "2026-06-05",
}


class PlannedDoseItem(TypedDict):
    """A dose not yet given."""

    number: int
    dose_mg: int
    due: date
    earliest: date
    latest: date
    projected: Annotated[bool, "It rests on doses that are not given yet."]
    clinic_day: Annotated[date | None, "The due date rolled to an open day; needs `open_on`."]


class CalendarItem(Answered):
    """The doses ahead, and what the rules say about one day for the next of them."""

    interval_mode: Annotated[str, IntervalMode]
    planned: list[PlannedDoseItem]
    earliest_allowed: Annotated[date | None, "By the minimum interval; null where it is not asked."]
    prolonged_gap_from: Annotated[date | None, "From this day a prescriber decides how to go on."]
    proposed: date | None
    findings: Annotated[list[FindingItem], "About the proposed day; empty without one."]


class CalendarView(CalculatorView):
    """The dose calendar of a course from its first infusion and the doses given."""

    @extend_schema(
        operation_id="calculate_calendar",
        summary="Dose calendar, what-if",
        tags=["calculator"],
        request=described(FIELDS, EXAMPLE),
        responses=answers(CalendarItem, "The calendar."),
    )
    def post(self, request: Request) -> Response:
        asked = read_json(FIELDS, request.data)
        given = tuple((dose["number"], dose["given_on"]) for dose in asked.pop("given"))
        return Response(_item(calendar.answer(CalendarQuestion(given=given, **asked))))


def _item(found: CalendarAnswer) -> CalendarItem:
    return {
        **answered(found.protocol),
        "interval_mode": str(found.interval_mode),
        "planned": [_dose(dose, found.clinic_days.get(dose.number)) for dose in found.planned],
        "earliest_allowed": found.earliest_allowed,
        "prolonged_gap_from": found.prolonged_gap_from,
        "proposed": found.proposed,
        "findings": finding_items(found.findings or ()),
    }


def _dose(dose: PlannedDose, clinic_day: date | None) -> PlannedDoseItem:
    return {
        "number": dose.number,
        "dose_mg": dose.dose_mg,
        "due": dose.due,
        "earliest": dose.earliest,
        "latest": dose.latest,
        "projected": dose.projected,
        "clinic_day": clinic_day,
    }
