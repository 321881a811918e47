"""Everybody else: courses at every stage, a year and a half behind and a year ahead."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from clinical.calendar import add_months
from clinics.models import Chair, Role
from core.errors import Invalid, Refusal
from core.zones import local_date, local_instant
from infusion.demo.setting import Setting
from patients.models import Patient
from scheduling.models import Course, Visit
from scheduling.services.bookings import book, hold_day
from scheduling.services.courses import start_course, stop_course
from scheduling.services.dosing import record_given

SEED = 20251027
STARTS = [time(hour, minute) for hour in (7, 8, 9, 10, 11, 12, 13) for minute in (0, 30)]
TIMED_WITHIN, BOOKED_WITHIN = 60, 365  # days ahead
TRIES = 14
SHORT_MONTHS = timedelta(days=3)  # what half a year may lose: from 31 August to 28 February
FORTNIGHT = 14  # days


class Everyday:
    """Gives patients their past and their future in one clinic."""

    def __init__(self, setting: Setting, now: datetime) -> None:
        self.setting = setting
        self.now = now
        self.today = local_date(now, setting.clinic.time_zone)
        self.random = Random(f"{SEED} {setting.clinic.slug}")  # noqa: S311 - a fixed seed is the point
        self.nurse = setting.actor(Role.NURSE)
        self.scheduler = setting.actor(Role.SCHEDULER)
        self.prescriber = setting.actor(Role.PRESCRIBER)

    def course(self, patient: Patient, first: date, indication: str) -> Course:
        """Start a course as its prescriber did, three weeks before the first infusion."""
        begun = self.now - timedelta(days=max(0, (self.today - first).days) + 21)
        return start_course(
            patient_id=patient.pk, indication=indication, first_infusion_on=first,
            prescriber_id=self.prescriber.user_id, actor=self.prescriber, now=begun,
        )  # fmt: skip

    def past(self, course: Course, until: date, *, late: int = 0) -> None:
        """Record every dose due before `until`, a few days late as in life; the last `late`."""
        for number in range(1, 60):
            visit = Visit.objects.filter(course=course, dose_number=number).first()
            if visit is None or visit.due_on >= until:
                return
            slip = self.random.choice((0, 0, 1, 2, 3, 5)) if number > 1 else 0
            if late and visit.due_on > until - timedelta(days=190):
                slip = late
            given = min(visit.due_on + timedelta(days=slip), self.today - timedelta(days=1))
            record_given(visit_id=visit.pk, given_on=given, actor=self.nurse, now=self.now)

    def ahead(self, course: Course, *, leave: int = 0) -> None:
        """Book what comes within a year: times for the next weeks, days after; `leave` unbooked."""
        due = Visit.objects.filter(
            course=course, status=Visit.Status.PLANNED,
            due_on__gt=self.today, due_on__lte=self.today + timedelta(days=BOOKED_WITHIN),
        ).order_by("dose_number")  # fmt: skip
        for visit in list(due)[leave:]:
            if (visit.due_on - self.today).days <= TIMED_WITHIN:
                self._with_a_time(visit)
            else:
                self._with_a_day(visit)

    def _with_a_time(self, visit: Visit) -> None:
        for day, start, chair in self._openings(visit):
            try:
                at = local_instant(day, start, self.setting.clinic.time_zone)
                book(
                    visit_id=visit.pk,
                    chair_id=chair.pk,
                    start=at,
                    actor=self.scheduler,
                    now=self.now,
                )
            except (Invalid, Refusal):
                continue
            return

    def _with_a_day(self, visit: Visit) -> None:
        for slip in range(4):
            try:
                day = visit.due_on + timedelta(days=slip)
                hold_day(visit_id=visit.pk, day=day, actor=self.scheduler, now=self.now)
            except Refusal:
                continue
            return

    def _openings(self, visit: Visit) -> Iterator[tuple[date, time, Chair]]:
        for n in range(TRIES):
            day = visit.due_on + timedelta(days=n // 4)
            yield day, self.random.choice(STARTS), self.random.choice(self.setting.chairs)


def fill_everyday(setting: Setting, patients: list[Patient], now: datetime) -> None:
    """Give each of `patients` a course, but the last three, who wait for one to be started."""
    everyday = Everyday(setting, now)
    for n, patient in enumerate(patients[:-3]):
        _stage(everyday, patient, n)


def _stage(everyday: Everyday, patient: Patient, n: int) -> None:
    """Put the patient at the stage their number stands for, on whatever day of the year it is."""
    today, random = everyday.today, everyday.random
    indication = Course.Indication.PPMS if n % 6 == 5 else Course.Indication.RMS
    back = random.randrange(20, 540)
    if n == 0:  # a prolonged gap: only a prescriber may say how it goes on
        course = everyday.course(patient, add_months(today, -20), indication)
        everyday.past(course, add_months(today, -13))
    elif n in {1, 2, 3}:  # overdue by days and by weeks
        due = today - timedelta(days=18 * n)
        course = everyday.course(patient, add_months(due, -6), indication)
        everyday.past(course, due - SHORT_MONTHS)
    elif n == 4:
        course = everyday.course(patient, today - timedelta(days=back), indication)
        everyday.past(course, today)
        stop_course(
            course_id=course.pk, reason="Moved to another city", permanently=False,
            actor=everyday.prescriber, now=everyday.now,
        )  # fmt: skip
    elif n == 5:
        course = everyday.course(patient, today - timedelta(days=200), indication)
        everyday.past(course, today)
        stop_course(
            course_id=course.pk, reason="Life-threatening reaction", permanently=True,
            actor=everyday.prescriber, now=everyday.now,
        )  # fmt: skip
    elif n in {6, 7}:  # about to begin
        course = everyday.course(patient, today + timedelta(days=4 * n), indication)
        everyday.ahead(course)
    elif n % 4 == 1:  # comes in the next three weeks
        due = today + timedelta(days=n % FORTNIGHT + SHORT_MONTHS.days)
        course = everyday.course(patient, add_months(due, -6 * (n % 3 + 1)), indication)
        everyday.past(course, today)
        everyday.ahead(course)
    elif n in {8, 12, 16}:  # had the last dose two months ago, and nobody has booked the next
        everyday.past(everyday.course(patient, add_months(today, -14), indication), today)
    else:
        course = everyday.course(patient, today - timedelta(days=back), indication)
        everyday.past(course, today, late=34 if n % 9 == 0 else 0)
        everyday.ahead(course, leave=1 if n % 4 == 0 else 0)
