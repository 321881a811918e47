"""The calculator's answers, ready to be drawn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext

from clinical.calendar import PlannedDose
from clinical.titration import duration_of, seconds
from core import clock
from core.templatetags.clinical import clinical_date
from core.web import timeline
from reference import picture, rows
from reference.amounts import rounded
from reference.questions.calendar import CalendarAnswer
from reference.questions.eligibility import EligibilityAnswer
from reference.questions.preparation import PreparationAnswer, Start
from reference.questions.reaction import PolicyEnd, ReactionAnswer
from reference.questions.titration import TitrationAnswer
from reference.web.choices import LIMITS, MODES, OPTIONS, POLICIES, PURPOSES

POLICY_LABELS = dict(POLICIES[1:])
OPTION_LABELS = dict(OPTIONS)
MODE_LABELS = dict(MODES[1:])
FAR = timedelta(days=400)
"""Today is drawn on a timeline only when it lies this near to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """One dose of a calendar, given or planned."""

    number: int
    dose_mg: int
    state: str
    due_on: date
    earliest_on: date | None = None
    latest_on: date | None = None
    given_on: date | None = None
    note: str = ""


def _doses(found: CalendarAnswer) -> Iterable[Dose]:
    for done in found.given:
        yield Dose(
            number=done.number, dose_mg=done.dose_mg, state="given", due_on=done.given_on,
            given_on=done.given_on,
        )  # fmt: skip
    for dose in found.planned:
        yield Dose(
            number=dose.number, dose_mg=dose.dose_mg, state="planned", due_on=dose.due,
            earliest_on=dose.earliest, latest_on=dose.latest,
            note=_clinic_day(dose, found.clinic_days.get(dose.number)),
        )  # fmt: skip


def _clinic_day(dose: PlannedDose, on: date | None) -> str:
    if on is None:
        return ""
    if on == dose.due:
        return gettext("the clinic is open that day")
    return gettext("on a clinic day: %(day)s") % {"day": f"{on:%a} {clinical_date(on)}"}


def calendar(found: CalendarAnswer) -> Mapping[str, Any]:
    """Return the context of a calendar's answer."""
    doses = list(_doses(found))
    today, first, last = clock.now().date(), doses[0].due_on, doses[-1].due_on
    near = first - FAR <= today <= last + FAR
    drawn = timeline.draw(doses, today if near else first)
    return {
        "answer": found,
        "doses": doses,
        "picture": drawn if near else replace(drawn, today_x=None),
        "next_dose": found.next_dose,
        "mode_label": MODE_LABELS[found.interval_mode],
    }


def titration(found: TitrationAnswer) -> Mapping[str, Any]:
    """Return the context of a rate table."""
    at = found.at
    return {
        "answer": found,
        "rows": rows.of_plan(found.plan, found.start),
        "volume_ml": rounded(found.plan.volume_ml),
        "chart": picture.draw([("plan", picture.of_plan(found.plan))]),
        "premedication": [(PURPOSES[due.kind], due) for due in found.premedication],
        "minute": None if at is None else rounded(at.minute, 3),
        "minute_rate": None if at is None else rounded(at.rate_ml_h),
        "minute_in_ml": None if at is None else rounded(at.volume_in_ml),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRow:
    """One policy's end, and what it is called."""

    label: Any
    end: PolicyEnd


def reaction(found: ReactionAnswer) -> Mapping[str, Any]:
    """Return the context of a reaction's answer."""
    outcome, chosen, worst = found.outcome, found.chosen, found.worst
    given = rounded(outcome.volume_at_onset_ml)
    curves = [("behind", picture.of_plan(found.plan))]
    if worst and chosen and worst is not chosen:
        curves.append(("worst", picture.of_path(worst.path)))
    if chosen:
        curves.append(("chosen", picture.of_path(chosen.path)))
    increase_s = outcome.earliest_increase_s
    increase_after = None if increase_s is None else duration_of(increase_s)
    return {
        "answer": found,
        "policy_label": POLICY_LABELS[found.policy],
        "ends": [EndRow(label=POLICY_LABELS[end.policy], end=end) for end in found.ends],
        "rows": rows.of_path(chosen.path, given, found.start) if chosen else (),
        "onset_rate": rounded(outcome.rate_at_onset_ml_h),
        "new_rate": None if outcome.new_rate_ml_h is None else rounded(outcome.new_rate_ml_h),
        "given_ml": given,
        "remaining_ml": rounded(outcome.remaining_ml),
        "suggestion": found.suggestion,
        "increase_after": increase_after,
        "increase_at": found.start + increase_after if found.start and increase_after else None,
        "chart": picture.draw(curves, seconds(found.onset)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRow:
    """One rate table on a bag, and what it is called."""

    label: Any
    start: Start


def preparation(found: PreparationAnswer) -> Mapping[str, Any]:
    """Return the context of a bag's answer."""
    made = found.made
    return {
        "answer": found,
        "limit_label": LIMITS[found.beyond_use.limited_by],
        "drug_ml": rounded(made.drug_ml),
        "bag_ml": rounded(made.bag_ml),
        "total_ml": rounded(made.total_ml),
        "concentration": rounded(made.mg_per_ml, 3),
        "starts": [StartRow(label=OPTION_LABELS[each.option], start=each) for each in found.starts],
    }


def eligibility(found: EligibilityAnswer) -> Mapping[str, Any]:
    """Return the context of the rules' answer."""
    offer = found.offer
    return {
        "answer": found,
        "findings": found.eligibility.findings,
        "decision": str(found.eligibility.decision),
        "options": [] if offer is None else [OPTION_LABELS[option] for option in offer.options],
        "steroid_mg": None if found.steroid_mg is None else rounded(found.steroid_mg),
        "offer_findings": () if offer is None else offer.findings,
    }
