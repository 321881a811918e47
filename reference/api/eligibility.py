from datetime import date
from fractions import Fraction
from typing import Annotated, Any, TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinical.calendar import Regimen
from clinical.facts import Pml, RenalImpairment, TestResult, Vaccine
from clinical.findings import Severity
from clinical.protocol import load
from core.api.openapi import answers
from core.api.query import Parameter
from reference.amounts import text_or_none
from reference.api.reading import (
    a_calendar_day,
    a_choice,
    a_flag,
    a_whole,
    an_amount,
    many,
    read_json,
    some_words,
)
from reference.api.shared import (
    EDITION,
    Answered,
    CalculatorView,
    FindingItem,
    answered,
    described,
    finding_items,
)
from reference.bounds import (
    MOST_AGE_YEARS,
    MOST_G_PER_L,
    MOST_GIVEN,
    MOST_TIMES_ULN,
    MOST_VACCINES,
    MOST_WEIGHT_KG,
)
from reference.facts import QUANTITIES, YES_OR_NO, facts_of
from reference.questions import eligibility
from reference.questions.eligibility import EligibilityAnswer, EligibilityQuestion, Occasion

WHICH = (
    some_words("name", "Which vaccine.", longest=80, required=True),
    a_flag("live", "Live or attenuated; null counts as not live.", default=False),
)
VACCINE = (*WHICH, a_calendar_day("on", "The day it was given.", required=True))
PLANNED = (*WHICH, a_calendar_day("on", "The day it is planned for.", required=True))
MOST = {"kg": MOST_WEIGHT_KG, "x_uln": MOST_TIMES_ULN, "g_l": MOST_G_PER_L}


def _quantity(name: str, words: str, unit: str) -> Parameter:
    return an_amount(name, words, minimum=Fraction(0), maximum=MOST[unit])


FIELDS = (
    EDITION,
    a_choice("for", "Start a course, or have one visit.", Occasion, required=True),
    a_calendar_day("on", "The day of the infusion.", required=True),
    a_whole(
        "dose_number", "Of the visit; a course starts with 1.", minimum=1, maximum=MOST_GIVEN,
        default=1,
    ),
    a_whole("age_years", "Completed years.", minimum=0, maximum=MOST_AGE_YEARS),
    a_choice("indication", "Form of the disease.", load().dosing.indications),
    a_choice("hbsag", "Hepatitis B surface antigen.", TestResult),
    a_choice("anti_hbc", "Hepatitis B core antibody.", TestResult),
    a_choice("renal", "Kidney impairment.", RenalImpairment),
    a_choice("pml", "As far as it has been looked into.", Pml, default=Pml.NONE),
    *(_quantity(*each) for each in QUANTITIES),
    *(a_flag(name, words, default=default) for name, words, default in YES_OR_NO),
    many("vaccines", "Vaccinations given.", VACCINE, most=MOST_VACCINES),
    many("planned_vaccines", "Vaccinations to come, to be judged.", PLANNED, most=MOST_VACCINES),
    a_calendar_day(
        "first_infusion", "Day of infusion 1, for a planned vaccination after dose 1."
    ),
    a_flag("b_cells_recovered", "B cells have recovered after the last dose.", default=False),
    a_calendar_day("last_dose_on", "The last dose of an earlier or this course."),
)  # fmt: skip
EXAMPLE = {
    "for": "course",
    "on": "2026-07-06",
    "age_years": 35,
    "indication": "RMS",
    "hbsag": "negative",
    "anti_hbc": "positive",
    "igg_low": False,
    "liver_tests_recorded": True,
    "pregnant": False,
}


class RegimenItem(TypedDict):
    """Milligrams per infusion."""

    initial_mg: int
    maintenance_mg: int


class VaccinationItem(TypedDict):
    """One planned vaccination, and what stands in its way."""

    name: str
    live: bool
    on: date
    findings: list[FindingItem]


class EligibilityItem(Answered):
    """What the rules say, most severe first. A fact that was not given counts as not known."""

    decision: Annotated[str, "The most severe finding: clear, caution, hold or block."]
    findings: list[FindingItem]
    regimen: Annotated[RegimenItem | None, "Null when the edition has none for such a patient."]
    rate_options: Annotated[list[str], "Rate tables the dose may run."]
    rate_findings: Annotated[list[FindingItem], "Why the short table is not among them."]
    steroid_mg: Annotated[str | None, "Methylprednisolone before each infusion; null likewise."]
    contraception_until: Annotated[date, "If the dose on that day is the last one."]
    vaccinations: Annotated[list[VaccinationItem], "One for each of `planned_vaccines`."]


class EligibilityView(CalculatorView):
    """Facts in, findings out; the facts belong to nobody and are not kept."""

    @extend_schema(
        operation_id="calculate_eligibility",
        summary="Eligibility, what-if",
        tags=["calculator"],
        request=described(FIELDS, EXAMPLE),
        responses=answers(EligibilityItem, "What the rules say."),
    )
    def post(self, request: Request) -> Response:
        asked = read_json(FIELDS, request.data)
        return Response(_item(eligibility.answer(_question(asked))))


def _question(asked: dict[str, Any]) -> EligibilityQuestion:
    return EligibilityQuestion(
        edition=asked["edition"],
        occasion=asked["for"],
        on=asked["on"],
        dose_number=asked["dose_number"],
        facts=facts_of(asked),
        planned=tuple(Vaccine(**each) for each in asked["planned_vaccines"]),
        first_infusion=asked["first_infusion"],
        b_cells_recovered=asked["b_cells_recovered"],
    )


def _item(found: EligibilityAnswer) -> EligibilityItem:
    said, offer = found.eligibility, found.offer
    decision: Severity = said.decision
    return {
        **answered(found.protocol),
        "decision": str(decision),
        "findings": finding_items(said.findings),
        "regimen": _regimen(found.regimen),
        "rate_options": [] if offer is None else [str(option) for option in offer.options],
        "rate_findings": [] if offer is None else finding_items(offer.findings),
        "steroid_mg": text_or_none(found.steroid_mg),
        "contraception_until": found.contraception_until,
        "vaccinations": [
            {
                "name": each.vaccine.name,
                "live": each.vaccine.live,
                "on": each.vaccine.on,
                "findings": finding_items(each.findings),
            }
            for each in found.vaccinations
        ],
    }


def _regimen(regimen: Regimen | None) -> RegimenItem | None:
    if regimen is None:
        return None
    return {"initial_mg": regimen.initial_mg, "maintenance_mg": regimen.maintenance_mg}
