from datetime import datetime
from fractions import Fraction
from typing import Annotated, TypedDict
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinical.climb import Segment
from clinical.protocol import ClimbPolicy, ReactionSeverity, load
from clinical.reactions import Suggestion
from clinical.titration import seconds
from core.api.openapi import answers
from reference.amounts import text, text_or_none
from reference.api.reading import ZONE, a_choice, a_whole, an_amount, read_json, some_of
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
from reference.bounds import MOST_MINUTES
from reference.questions import reaction
from reference.questions.reaction import PolicyEnd, ReactionAnswer, ReactionQuestion

RULES = load().reaction
FIELDS = (
    *BAG,
    START,
    an_amount(
        "onset_minute",
        "Minutes from the start to the reaction.",
        minimum=Fraction(0),
        maximum=MOST_MINUTES,
        required=True,
    ),
    a_choice("severity", "The label's band.", ReactionSeverity, required=True),
    an_amount(
        "symptom_free_after",
        "Minutes from the onset until every symptom is gone. Not given: within the hold for a "
        "mild to moderate reaction, not yet for a severe one.",
        minimum=Fraction(0),
        maximum=MOST_MINUTES,
    ),
    some_of("signs", "What is seen; signs and grade suggest a severity.", RULES.signs),
    a_whole(
        "grade",
        "CTCAE, infusion related reaction.",
        minimum=min(row.grade for row in RULES.grades),
        maximum=max(row.grade for row in RULES.grades),
    ),
    a_choice("policy", "How the rate rises again. The rate table's own.", ClimbPolicy),
    ZONE,
)
EXAMPLE = {
    "dose_mg": 600,
    "option": "standard",
    "onset_minute": 75,
    "severity": "mild_moderate",
    "signs": ["flushing", "rash"],
    "symptom_free_after": 20,
    "start": "2026-07-06T09:00:00+02:00",
}


class SegmentItem(TypedDict):
    """One stretch at one rate, from onset on; seconds from the start of the infusion."""

    rate_ml_h: Annotated[str, "0 while it is stopped."]
    starts_s: str
    ends_s: str
    cumulative_ml: str


class PolicyEndItem(TypedDict):
    """When the bag would be empty under one policy."""

    policy: Annotated[str, ClimbPolicy]
    chosen: bool
    worst: Annotated[bool, "The rate is held where the reaction put it."]
    ends_s: str
    delay_s: str
    ends_at: datetime | None
    observe_until: datetime | None
    path: list[SegmentItem]


class SuggestionItem(TypedDict):
    """What signs and grade suggest. A clinician decides."""

    severity: Annotated[str, ReactionSeverity]
    stop_for_good: Annotated[bool, "The leaflet says: permanently."]
    because: Annotated[list[str], "The signs that trigger it."]
    suggests_more: Annotated[bool, "It asks for more than the severity that was sent."]
    findings: list[FindingItem]


class ReactionItem(Answered):
    """What the reaction leads to. Quantities and seconds are decimal strings.

    Without a restart (life-threatening, or severe with symptoms still open) `restart_s` and what
    follows from it are null and `ends` is empty.
    """

    severity: Annotated[str, ReactionSeverity]
    policy: Annotated[str, ClimbPolicy]
    rate_at_onset_ml_h: str
    volume_at_onset_ml: str
    remaining_ml: str
    total_ml: Annotated[str, "The dose does not change."]
    planned_end_s: str
    new_rate_ml_h: str | None
    restart_s: str | None
    earliest_increase_s: str | None
    volume_at_earliest_increase_ml: str | None
    ends: list[PolicyEndItem]
    suggestion: Annotated[SuggestionItem | None, "Needs `signs` or `grade`."]


class ReactionView(CalculatorView):
    """A reaction at one minute: the new rate, the earliest increase, and every projected end."""

    @extend_schema(
        operation_id="calculate_reaction",
        summary="Reaction at a minute, what-if",
        tags=["calculator"],
        request=described(FIELDS, EXAMPLE),
        responses=answers(ReactionItem, "What it leads to."),
    )
    def post(self, request: Request) -> Response:
        asked = read_json(FIELDS, request.data)
        found = reaction.answer(
            ReactionQuestion(
                bag=bag_of(asked),
                onset_minute=asked["onset_minute"],
                severity=asked["severity"],
                symptom_free_after=asked["symptom_free_after"],
                policy=asked["policy"],
                start=asked["start"],
                signs=asked["signs"],
                grade=asked["grade"],
            )
        )
        return Response(_item(found, asked["time_zone"] or self.zone))


def _item(found: ReactionAnswer, zone: ZoneInfo) -> ReactionItem:
    outcome = found.outcome
    return {
        **answered(found.protocol),
        "severity": str(outcome.severity),
        "policy": str(found.policy),
        "rate_at_onset_ml_h": text(outcome.rate_at_onset_ml_h),
        "volume_at_onset_ml": text(outcome.volume_at_onset_ml),
        "remaining_ml": text(outcome.remaining_ml),
        "total_ml": text(found.plan.volume_ml),
        "planned_end_s": text(outcome.original_end_s),
        "new_rate_ml_h": text_or_none(outcome.new_rate_ml_h),
        "restart_s": text_or_none(outcome.restart_s),
        "earliest_increase_s": text_or_none(outcome.earliest_increase_s),
        "volume_at_earliest_increase_ml": text_or_none(outcome.volume_at_earliest_increase_ml),
        "ends": [_end(each, zone) for each in found.ends],
        "suggestion": _suggestion(found.suggestion, more=found.suggests_more),
    }


def _suggestion(found: Suggestion | None, *, more: bool) -> SuggestionItem | None:
    if found is None:
        return None
    return {
        "severity": str(found.severity),
        "stop_for_good": found.stop_for_good,
        "because": list(found.because),
        "suggests_more": more,
        "findings": finding_items(found.findings),
    }


def _end(end: PolicyEnd, zone: ZoneInfo) -> PolicyEndItem:
    return {
        "policy": str(end.policy),
        "chosen": end.chosen,
        "worst": end.worst,
        "ends_s": text(end.path[-1].ends_s),
        "delay_s": text(seconds(end.delay)),
        "ends_at": local(end.ends_at, zone),
        "observe_until": local(end.observe_until, zone),
        "path": [_segment(each) for each in end.path],
    }


def _segment(part: Segment) -> SegmentItem:
    return {
        "rate_ml_h": text(part.rate_ml_h),
        "starts_s": text(part.starts_s),
        "ends_s": text(part.ends_s),
        "cumulative_ml": text(part.cumulative_ml),
    }
