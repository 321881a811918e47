"""One long answer of the core: many questions put to one protocol, written down as text."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product

from clinical import beyond_use, eligibility, preparation, reactions, titration, vaccination
from clinical.calendar import GivenDose, check_date, gap_findings, payer_findings, project
from clinical.facts import (
    Facts,
    HepatitisB,
    Immunoglobulins,
    Liver,
    RenalImpairment,
    Vaccine,
)
from clinical.model import IntervalMode, Protocol, RateOption, ReactionSeverity
from clinical.observation import check_discharge, delayed_reaction_findings
from clinical.premedication import (
    PremedicationGiven,
    PremedicationKind,
    antihypertensive_findings,
    check_premedication,
    premedication_due,
)
from clinical.run import replay as replay_at
from clinical.vitals import VitalsSchedule, Watched, vitals_due, with_schedule
from tests.clinical.charts import at, event, to_plan
from tests.clinical.patients import well

DAY = date(2026, 1, 5)


def _calendar(protocol: Protocol) -> Iterator[object]:
    for mode in (None, *IntervalMode):
        yield project(protocol, first_infusion=DAY, until=date(2028, 1, 1), interval_mode=mode)
    given = [GivenDose(number=3, given_on=DAY, dose_mg=600)]
    for days in range(120, 420):
        on = DAY + timedelta(days=days)
        yield check_date(protocol, dose_number=4, on=on, given=given, due=date(2026, 7, 5))
        yield gap_findings(protocol, last_given=DAY, today=on)
        yield payer_findings(protocol, on=on, last_given=DAY)


def _titration(protocol: Protocol) -> Iterator[object]:
    for dose, option in ((150, "initial"), (300, "initial"), (600, "standard"), (600, "short")):
        try:
            plan = titration.plan(protocol, dose_mg=dose, option=RateOption(option))
        except ValueError as refusal:
            yield str(refusal)
            continue
        yield plan.steps
        for onset, severity in product((20, 45, 75, 110), ReactionSeverity):
            yield reactions.what_if(
                protocol,
                plan,
                onset=timedelta(minutes=onset),
                severity=severity,
                symptom_free_after=timedelta(minutes=10),
            )
        half = [event("reaction", 40, severity=ReactionSeverity.MILD_MODERATE)]
        chart = [*to_plan(plan, 40), *half, event("rate_changed", 40, rate=10, name="half")]
        for minute in (41, 60, 100, 200, 400):
            yield replay_at(protocol, plan, chart, at(minute), must_finish_by=at(300))
        for rate in (181, 201, 301):
            fast = [event("start", 0), event("rate_changed", 30, rate=rate)]
            yield replay_at(protocol, plan, fast, at(31)).warnings
        whole = to_plan(plan)
        for seconds in range(0, 240, 10):
            moment = at(0) + plan.total_duration + timedelta(seconds=seconds)
            yield replay_at(protocol, plan, whole, moment).warnings
    for age in range(10, 25):
        yield titration.offered_options(
            protocol, dose_number=3, prior_severe=False, prior_serious=False, age_years=age
        )
    yield titration.visit_phases(protocol, dose_number=3, option=RateOption.STANDARD)


def _bag(protocol: Protocol) -> Iterator[object]:
    for dose, bag, removed in product((150, 300, 600), (None, *range(230, 290)), (True, False)):
        yield preparation.prepare(
            protocol,
            dose_mg=dose,
            bag_ml=bag and bag * (2 if dose > 300 else 1),
            saline_removed=removed,
        )
    for route, labelled in product(("IV", "SC"), (None, 300, 920)):
        yield preparation.product_findings(protocol, route=route, labelled_mg=labelled)
    morning = datetime(2026, 7, 6, 8, tzinfo=UTC)
    plan = titration.plan(protocol, dose_mg=600, option=RateOption.STANDARD)
    for strict, place in product((None, True), beyond_use.Place):
        storage = [beyond_use.Kept(place=place, since=morning)]
        said = beyond_use.beyond_use(protocol, prepared_at=morning, storage=storage, strict=strict)
        yield said
        yield beyond_use.latest_start(
            protocol, plan, must_finish_by=said.must_finish_by + timedelta(hours=9), zone=UTC
        )


def _premedication(protocol: Protocol) -> Iterator[object]:
    yield premedication_due(protocol, infusion_start=at(0), age_years=12, weight_kg=Fraction(39))
    yield premedication_due(protocol, infusion_start=at(0), age_years=12, weight_kg=Fraction(40))
    yield premedication_due(protocol, infusion_start=at(0))
    names = [row.drug for row in protocol.premedication.steroid_equivalents]
    for kind, drug, dose in product(PremedicationKind, [*names, "other"], (18, 100, 125, 500)):
        for before in range(15, 70, 5):
            item = PremedicationGiven(
                kind=kind, drug=drug, given_at=at(-before), dose_mg=Fraction(dose)
            )
            yield check_premedication(protocol, infusion_start=at(0), given=[item])
    for hour in range(8, 16):
        yield antihypertensive_findings(protocol, last_taken=at(-60 * hour), infusion_start=at(0))


def _signs(protocol: Protocol) -> Iterator[object]:
    signs = (
        "dyspnoea",
        "flushing",
        "fever",
        "throat_pain",
        "anaphylaxis",
        "bronchospasm",
        "pruritus",
    )
    known = ("acute_respiratory_distress", "asthma_exacerbation", "hypersensitivity")
    groups = [(sign,) for sign in (*signs, *known)] + [signs[1:4], signs[1:3]]
    for group, grade in product(groups, (None, 1, 2, 3, 4)):
        try:
            yield reactions.suggest(protocol, signs=group, grade=grade)
        except ValueError as refusal:
            yield str(refusal)


def _observation(protocol: Protocol) -> Iterator[object]:
    for minute in range(0, 100, 5):
        yield check_discharge(protocol, actual_end=at(0), at=at(minute), vitals=[at(minute)])
    for gap in range(20):
        own = with_schedule(protocol, VitalsSchedule(gap_in_reaction=timedelta(minutes=gap)))
        yield vitals_due(own, Watched(started_at=at(0), vitals=[at(0)], rises_at=at(10 + gap)))
        yield own.observation.vitals_gap_in_reaction
    yield vitals_due(protocol, Watched(started_at=at(0), vitals=[at(20)]))
    for hour in range(20, 30):
        yield delayed_reaction_findings(protocol, actual_end=at(0), onset=at(60 * hour))


def _patients() -> Iterator[Facts]:
    yield from (well(age_years=age) for age in range(60, 70))
    for age, weight in product((9, 10, 12, 17, 18), (24, 25, 34, 35, 36)):
        for indication in ("RRMS", "PPMS"):
            yield well(age_years=age, weight_kg=weight, indication=indication)
    yield from (well(indication=name) for name in ("RMS", "RRMS", "PPMS", "CIS"))
    yield from (well(renal=state) for state in RenalImpairment)
    yield well(hepatitis_b=HepatitisB())
    low = Immunoglobulins(low=True)
    yield well(immunoglobulins=low)
    yield well(immunoglobulins=replace(low, risk_assessment=True))
    yield well(immunoglobulins=replace(low, immunology_consultation=True))
    yield well(liver=Liver())
    cell_values = [Fraction(half, 2) for half in (2, 3, 6, 7, 10)]
    for cells, bilirubin in product(cell_values, (1, 2, 3)):
        yield well(liver=Liver(alt_x_uln=cells, bilirubin_x_uln=bilirubin, tests_recorded=True))
    yield well(can_become_pregnant=True)


def _eligibility(protocol: Protocol) -> Iterator[object]:
    for facts in _patients():
        yield eligibility.for_visit(protocol, facts, dose_number=1, on=DAY)
        yield eligibility.regimen_for(protocol, facts)
    for live, days in product((True, False), range(10, 50)):
        vaccine = Vaccine(name="a", live=live, on=DAY - timedelta(days=days))
        yield vaccination.for_vaccination(protocol, vaccine, first_infusion=DAY)
    yield eligibility.contraception_until(protocol, DAY)


QUESTIONS: dict[str, Callable[[Protocol], Iterator[object]]] = {
    "calendar": _calendar,
    "titration": _titration,
    "preparation": _bag,
    "premedication": _premedication,
    "reaction": _signs,
    "observation": _observation,
    "eligibility": _eligibility,
}


def answers(protocol: Protocol, subject: str) -> str:
    """Return every answer about one subject as text; a refusal is an answer too."""
    try:
        return "\n".join(repr(answer) for answer in QUESTIONS[subject](protocol))
    except (ValueError, ZeroDivisionError) as refusal:
        return f"refused: {refusal}"
