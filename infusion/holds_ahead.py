"""What on record will hold up the infusions of the next days, before anybody sits in a chair."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects

from clinical.eligibility import for_visit
from infusion.before_start import judge
from infusion.checklist import Answer, Answers, Question
from infusion.facts import Known, facts_of
from patients.models import SignOff, TestResult
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.history import ReactionHistory
from scheduling.models import Course, Visit

# What is asked on the day may still turn out well; here only what is on record counts.
ALL_WELL = Answers(
    answers={
        question: Answer.YES if question is Question.CONTRACEPTION else Answer.NO
        for question in Question
    },
    notes={},
)  # fmt: skip


def holds_ahead(visits: Sequence[UUID], now: datetime) -> Mapping[UUID, int]:
    """Return how many findings hold up each of `visits` on the day it is booked for, however well
    the questions of that day are answered; visits without one are left out.

    Earlier reactions are not asked about: a life-threatening one has ended the course, and the
    others change the rate. A constant number of queries.
    """
    if not visits:
        return {}
    courses = list(
        Course.objects.filter(visits__in=visits).select_related("clinic", "patient").distinct()
    )
    prefetch_related_objects(
        [course.patient for course in courses],
        Prefetch("test_results", TestResult.objects.order_by("-collected_at", "pk")),
        Prefetch("sign_offs", SignOff.objects.order_by("signed_at")),
        "vaccinations", "conditions", "allergies",
    )  # fmt: skip
    wanted, found = set(visits), {}
    for held in read_courses(courses, now=now):
        for visit in held.visits:
            booking = held.bookings.get(visit.pk)
            if visit.pk in wanted and booking is not None:
                found[visit.pk] = _holds(held, visit, booking.clinic_day.date)
    return {visit: count for visit, count in found.items() if count}


def _holds(held: CourseInHand, visit: Visit, on: date) -> int:
    patient = held.patient
    known = Known(
        patient=patient, indication=held.course.indication,
        results=list(patient.test_results.all()), vaccinations=list(patient.vaccinations.all()),
        conditions=list(patient.conditions.all()), allergies=list(patient.allergies.all()),
        history=ReactionHistory(), life_threatening_before=False,
        last_dose_on=max((dose.given_on for dose in held.given), default=None),
    )  # fmt: skip
    facts = facts_of(held.protocol, known, ALL_WELL, on=on)
    findings = for_visit(held.protocol, facts, dose_number=visit.nth_dose, on=on).findings
    judged = judge(findings, list(patient.sign_offs.all()), on=on)
    return sum(each.blocks for each in judged)
