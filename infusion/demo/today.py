"""Today in the chairs: one patient in every state the board can show, charted by the services."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from clinical.calendar import add_months
from clinics.models import Chair, Role
from core.errors import Refusal
from core.zones import local_date
from infusion.before_start import Part
from infusion.demo.preparing import Preparing, baseline_tests, is_well
from infusion.demo.setting import Setting
from infusion.leaving import Leaving
from infusion.models import Infusion
from infusion.services.ending import complete_infusion, discharge
from infusion.services.premedication import give_premedication
from infusion.services.running import change_rate, chart_vitals, pause
from infusion.services.starting import start_infusion
from patients.models import Patient
from scheduling.models import Booking, Course, Visit
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.bookings import book, cancel, hold_day, mark_arrived, mark_no_show
from scheduling.services.courses import start_course
from scheduling.services.dosing import record_given

LEAD = 60  # minutes from arrival to the start
LATEST = 180  # minutes a visit of this afternoon may be put off
MEDICINES = (("methylprednisolone", 100, "IV", 30), ("diphenhydramine", 50, "PO", 45))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What to stage in one chair. Minutes count back from now; `started` None means not yet."""

    chair: int
    dose: int
    option: str
    arrives: int
    arrived: bool = True
    medicines: int = 2
    started: int | None = None
    rates: Sequence[tuple[int, int]] = ()  # minutes after the start, mL/h
    ended: int | None = None
    left: int | None = None
    paused: int | None = None
    parts: frozenset[Part] = frozenset(Part)  # charted before the start
    screened: bool = True


STANDARD = ((30, 80), (60, 120), (90, 160), (120, 200))
SHORT = ((15, 200), (30, 250), (60, 300))
SEATS = (
    Seat(chair=0, dose=5, option="standard", arrives=146, started=86, rates=STANDARD[:2]),
    Seat(chair=1, dose=4, option="standard", arrives=123, started=63, rates=STANDARD[:1]),
    Seat(chair=2, dose=1, option="initial", arrives=80, started=20),
    Seat(chair=3, dose=6, option="short", arrives=135, started=75, rates=SHORT, paused=4),
    Seat(chair=4, dose=4, option="short", arrives=216, started=156, rates=SHORT, ended=36),
    Seat(chair=5, dose=5, option="short", arrives=245, started=185, rates=SHORT, ended=65),
    Seat(chair=6, dose=3, option="standard", arrives=52, parts=frozenset(Part) - {Part.BAG_CHECK}),
    Seat(
        chair=7,
        dose=2,
        option="initial",
        arrives=12,
        medicines=0,
        parts=frozenset({Part.CHECKLIST}),
        screened=False,
    ),
    Seat(chair=8, dose=4, option="standard", arrives=25, arrived=False, medicines=0),
    Seat(chair=9, dose=4, option="short", arrives=275, started=213, rates=SHORT, ended=93, left=30),
)


def quarter(moment: datetime) -> datetime:
    """Return the quarter-hour `moment` lies in."""
    return moment - timedelta(
        minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond
    )


class Stage:
    """Puts patients into one clinic's chairs as at `now`, everybody's hands being the services'."""

    def __init__(self, setting: Setting, now: datetime) -> None:
        self.setting = setting
        self.now = now
        self.today = local_date(now, setting.clinic.time_zone)
        self.nurse = setting.actor(Role.NURSE)
        self.scheduler = setting.actor(Role.SCHEDULER)
        self.prescriber = setting.actor(Role.PRESCRIBER)
        self.preparing = Preparing(setting)

    def before(self, minutes: int) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def due_today(self, patient: Patient, dose: int) -> Visit:
        """Give `patient` a course whose dose number `dose` falls due today."""
        months_back = 6 * (dose - 2) if dose > 2 else 0
        first = add_months(self.today, -months_back) - timedelta(days=14 if dose == 2 else 0)
        course = start_course(
            patient_id=patient.pk, indication=Course.Indication.RMS, first_infusion_on=first,
            prescriber_id=self.prescriber.user_id, actor=self.prescriber,
            now=self.now - timedelta(days=30 * months_back + 45),
        )  # fmt: skip
        for visit in Visit.objects.filter(course=course, dose_number__lt=dose).order_by(
            "dose_number"
        ):
            visit.refresh_from_db()
            record_given(visit_id=visit.pk, given_on=visit.due_on, actor=self.nurse, now=self.now)
        return Visit.objects.get(course=course, dose_number=dose)

    def book_at(self, visit: Visit, chair: Chair, start: datetime, option: str) -> Booking:
        """Book as the scheduler did a week ago."""
        return book(
            visit_id=visit.pk, chair_id=chair.pk, start=quarter(start), rate_option=option,
            actor=self.scheduler, now=self.now - timedelta(days=7),
        )  # fmt: skip

    def seat(self, patient: Patient, seat: Seat) -> None:
        """Book, and chart as far as the seat has come."""
        chair = self.setting.chairs[seat.chair]
        visit = self.due_today(patient, seat.dose)
        baseline_tests(
            patient, by=self.prescriber, at=self.now - timedelta(days=20), screened=seat.screened
        )
        booking = self.book_at(visit, chair, self.before(seat.arrives), seat.option)
        if not seat.arrived:
            return
        at = max(self.before(seat.arrives), booking.period.lower)
        mark_arrived(booking_id=booking.pk, actor=self.nurse, now=at)
        start = self.before(seat.started if seat.started is not None else seat.arrives - LEAD)
        self.preparing.prepare(visit, arrived=at, start=start, parts=seat.parts)
        for drug, dose_mg, route, ahead in MEDICINES[: seat.medicines]:
            given = min(start - timedelta(minutes=ahead), self.now)
            give_premedication(
                visit_id=visit.pk, event_id=uuid.uuid4(), drug=drug, dose_mg=Decimal(dose_mg),
                route=route, occurred_at=given, actor=self.nurse, now=given,
            )  # fmt: skip
        if seat.started is not None:
            self._run(visit, seat, start)

    def _run(self, visit: Visit, seat: Seat, start: datetime) -> None:
        start_infusion(
            visit_id=visit.pk, event_id=uuid.uuid4(), occurred_at=start,
            two_identifiers_checked=True, rate_option=seat.option, actor=self.nurse, now=start,
        )  # fmt: skip
        infusion = Infusion.objects.get(visit=visit)
        self._chart(infusion, seat, start)
        if seat.paused is not None:
            at = self.before(seat.paused)
            pause(
                infusion_id=infusion.pk, event_id=uuid.uuid4(), occurred_at=at,
                reason="Patient asked for a break", actor=self.nurse, now=at,
            )  # fmt: skip
        if seat.ended is not None:
            at = self.before(seat.ended)
            complete_infusion(
                infusion_id=infusion.pk, event_id=uuid.uuid4(), occurred_at=at,
                volume_ml=infusion.volume_ml, actor=self.nurse, now=at,
            )  # fmt: skip
        if seat.left is not None:
            at = self.before(seat.left)
            discharge(
                infusion_id=infusion.pk, event_id=uuid.uuid4(), occurred_at=at,
                leaving=Leaving(line_removed=True, advice_given=True), actor=self.nurse, now=at,
            )  # fmt: skip

    def _chart(self, infusion: Infusion, seat: Seat, start: datetime) -> None:
        """Chart the rate steps and the vital signs in the order in which they happened."""
        ends = seat.ended if seat.ended is not None else seat.paused or 0
        last = int((self.before(ends) - start).total_seconds() // 60)
        rates = dict(seat.rates)
        for minute in sorted({*rates, *range(0, last + 1, 30)}):
            at = start + timedelta(minutes=minute)
            chart_vitals(
                infusion_id=infusion.pk, event_id=uuid.uuid4(), occurred_at=at,
                vitals={
                    "systolic": 118 + minute % 13, "diastolic": 72 + minute % 7,
                    "heart_rate": 68 + minute % 11, "spo2": 98, "temperature_c": Decimal("36.7"),
                },
                actor=self.nurse, now=at,
            )  # fmt: skip
            if minute in rates:
                change_rate(
                    infusion_id=infusion.pk, event_id=uuid.uuid4(), occurred_at=at,
                    rate_ml_h=Decimal(rates[minute]), actor=self.nurse, now=at,
                )  # fmt: skip

    def no_show(self, patient: Patient, chair: Chair) -> None:
        """Somebody was booked this morning and did not come."""
        visit = self.due_today(patient, 3)
        booking = self.book_at(visit, chair, self.before(300), "short")
        mark_no_show(booking_id=booking.pk, actor=self.scheduler, now=self.before(200))

    def later(self, patient: Patient, chair: Chair, minutes: int, *, proposed: bool) -> None:
        """Somebody comes this afternoon, at the first quarter-hour the nurses can take."""
        visit = self.due_today(patient, 4)
        first = quarter(self.now + timedelta(minutes=minutes))
        for wait in range(0, LATEST, 15):
            try:
                book(
                    visit_id=visit.pk, chair_id=chair.pk, rate_option="short",
                    start=first + timedelta(minutes=wait),
                    status=Booking.Status.PROPOSED if proposed else Booking.Status.CONFIRMED,
                    actor=self.scheduler, now=self.now - timedelta(days=3),
                )  # fmt: skip
            except Refusal:
                continue
            return

    def errand(
        self, patient: Patient, chair: Chair, starts: Sequence[int], asked: AskedFor
    ) -> None:
        """Somebody comes for no dose, at the first quarter-hour the nurses can take of `starts`
        (minutes from now); before now they came on time."""
        visit = ask_for_visit(
            patient_id=patient.pk, asked=asked, actor=self.scheduler,
            now=self.now - timedelta(days=7),
        )  # fmt: skip
        for minutes in starts:
            try:
                booking = self.book_at(visit, chair, self.before(-minutes), "")
            except Refusal:
                continue
            if booking.period.lower <= self.now:
                at = booking.period.lower
                mark_arrived(booking_id=booking.pk, actor=self.nurse, now=at)
            return

    def held(self, patient: Patient) -> None:
        """Somebody was promised today; the time is still to be found."""
        visit = self.due_today(patient, 4)
        hold_day(
            visit_id=visit.pk, day=self.today, actor=self.scheduler,
            now=self.now - timedelta(days=2),
        )  # fmt: skip

    def cancelled(self, patient: Patient, chair: Chair) -> None:
        """Somebody telephoned this morning: a cold."""
        visit = self.due_today(patient, 3)
        booking = self.book_at(visit, chair, self.now + timedelta(minutes=90), "short")
        cancel(
            booking_id=booking.pk, reason="Telephoned: a cold", actor=self.scheduler,
            now=self.before(120),
        )  # fmt: skip


def _errands(stage: Stage, patients: Sequence[Patient], chair: Chair) -> None:
    """Seat one of two who have no course yet for a blood test, and expect the other after it."""
    asked = AskedFor(
        purpose=Visit.Purpose.BLOOD_TEST, minutes=15, first=stage.today, last=stage.today,
        note="Before the first infusion. The tubes are in the tray.",
    )  # fmt: skip
    stage.errand(patients[0], chair, (-15, 0), replace(asked, minutes=30))
    stage.errand(
        patients[1], chair, (30, 15, 45),
        replace(asked, purpose=Visit.Purpose.TEACHING, note="What happens on the day"),
    )  # fmt: skip


def fill_today(setting: Setting, patients: list[Patient], now: datetime) -> list[Patient]:
    """Stage today with the first of `patients`; return those still without a course."""
    stage, waiting = Stage(setting, now), list(patients)
    chairs = setting.chairs
    if len(chairs) > len(SEATS):
        for seat in SEATS:
            well = next(each for each in waiting if is_well(each, stage.today))
            waiting.remove(well)
            stage.seat(well, seat)
        stage.no_show(waiting.pop(0), chairs[11])
        stage.held(waiting.pop(0))
        stage.cancelled(waiting.pop(0), chairs[11])
        stage.later(waiting.pop(0), chairs[11], 45, proposed=False)
        stage.later(waiting.pop(0), chairs[9], 60, proposed=True)
        _errands(stage, waiting[-2:], chairs[9])
        return waiting
    for n, chair in enumerate(chairs[:3]):
        stage.later(waiting.pop(0), chair, 30 + 60 * n, proposed=False)
    return waiting
