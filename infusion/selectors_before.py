"""What is on record about a patient that decides whether today's infusion may start."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from clinical.eligibility import for_visit
from clinical.findings import Finding, Severity
from clinical.model import Protocol, ReactionSeverity
from clinical.premedication import check_premedication
from clinical.titration import RatePlan
from core.zones import day_span, local_date
from infusion import record
from infusion.before_start import (
    Judged,
    Prepared,
    bag_start_findings,
    closed,
    judge,
    missing_findings,
    vaccination_findings,
)
from infusion.facts import Known, facts_of
from infusion.models import InfusionEvent
from patients.models import Patient, SignOff
from scheduling import history
from scheduling.course_in_hand import CourseInHand
from scheduling.models import Visit
from scheduling.treatment import age_on


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRecord:
    """What the rules know of a patient, and what a prescriber has decided."""

    known: Known
    sign_offs: Sequence[SignOff]


def on_record(held: CourseInHand, now: datetime) -> OnRecord:
    """Return the record of the patient of a course in hand: seven queries."""
    patient = held.patient
    given = [dose.given_on for dose in held.given]
    known = Known(
        patient=patient,
        indication=held.course.indication,
        results=list(
            patient.test_results.filter(collected_at__lte=now).order_by("-collected_at", "pk")
        ),
        vaccinations=list(patient.vaccinations.all()),
        conditions=list(patient.conditions.all()),
        allergies=list(patient.allergies.all()),
        history=history.of(patient.pk),
        life_threatening_before=_life_threatening_before(patient),
        last_dose_on=max(given, default=None),
    )
    sign_offs = patient.sign_offs.select_related("signed_by").order_by("signed_at")
    return OnRecord(known=known, sign_offs=list(sign_offs))


def _life_threatening_before(patient: Patient) -> bool:
    reactions = InfusionEvent.objects.filter(
        infusion__patient=patient, kind=InfusionEvent.Kind.REACTION
    )
    return any(
        event.values.get("severity") == ReactionSeverity.LIFE_THREATENING
        for event in record.standing(reactions)
    )


def patient_findings(
    protocol: Protocol,
    held: CourseInHand,
    visit: Visit,
    found: OnRecord,
    done: Prepared,
    *,
    at: datetime,
) -> list[Judged]:
    """Return what the rules say about infusing this patient at `at`, with what clears it.

    What the calendar says (too early, out of order, a prolonged gap) no sign-off clears here.
    """
    on = local_date(at, held.clinic.time_zone)
    facts = facts_of(protocol, found.known, done.answers, on=on)
    findings = list(for_visit(protocol, facts, dose_number=visit.nth_dose, on=on).findings)
    findings += vaccination_findings(
        protocol, done.answers, found.known.vaccinations,
        last_dose_on=found.known.last_dose_on, on=on,
    )  # fmt: skip
    calendar = [
        closed(item)
        for item in held.findings(visit, on)
        if item.severity.rank >= Severity.HOLD.rank
    ]
    return judge(_each_once([*calendar, *findings]), found.sign_offs, on=on)


def preparation_findings(
    protocol: Protocol, done: Prepared, plan: RatePlan, *, at: datetime, zone: str
) -> list[Finding]:
    """Return what is missing at the chair, and what is wrong with starting on this bag at `at`."""
    return [
        *missing_findings(done),
        *bag_start_findings(protocol, done.the_bag, plan, start=at, zone=ZoneInfo(zone)),
    ]


def premedication_findings(
    held: CourseInHand, events: Iterable[InfusionEvent], *, at: datetime
) -> list[Finding]:
    """Return what is wrong with the premedication of this attendance for a start at `at`."""
    zone = held.clinic.time_zone
    day, weight = local_date(at, zone), held.patient.weight_kg
    return check_premedication(
        held.protocol,
        infusion_start=at,
        given=record.premedication(events, since=day_span(day, zone)[0]),
        age_years=age_on(held.patient.birth_date, day),
        weight_kg=None if weight is None else Fraction(weight),
    )


def _each_once(findings: Iterable[Finding]) -> list[Finding]:
    """Drop what one rule says twice; two vaccines are two findings."""
    seen: dict[tuple[str, str], Finding] = {}
    for item in findings:
        seen.setdefault((item.id, item.words), item)
    return list(seen.values())
