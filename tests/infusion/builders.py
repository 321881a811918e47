"""Patients in chairs, put there row by row: what the scheduling room would have written."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinical.beyond_use import Kept, Place
from clinics.access import standing_of
from clinics.models import Chair, Clinic, Role, User
from core.actor import Actor
from infusion.bag import Bag, Vial
from infusion.chart import Charted
from infusion.iv_access import Access
from infusion.leaving import Leaving
from infusion.models import Infusion, InfusionEvent
from infusion.services.ending import complete_infusion, discharge
from infusion.services.premedication import give_premedication
from infusion.services.preparing import (
    answer_questions,
    chart_access,
    chart_bag,
    chart_baseline,
    check_bag,
)
from infusion.services.starting import start_infusion
from patients.models import Patient, TestResult
from scheduling.models import Booking, ClinicDay, Course, Visit
from tests.people import MONDAY_NINE, make_patient, make_user

TODAY = MONDAY_NINE.date()
NOTE = "The tubes are in the tray"  # of an errand
DONE_AT_THE_DOOR = Leaving(line_removed=True, advice_given=True)


def at(minutes: float, *, start: datetime = MONDAY_NINE) -> datetime:
    """An instant so many minutes after nine o'clock."""
    return start + timedelta(minutes=minutes)


def make_course(patient: Patient, **changes: Any) -> Course:
    """A course two doses old."""
    fields: dict[str, Any] = {
        "clinic": patient.clinic, "patient": patient, "protocol": "ocrelizumab",
        "edition": "default", "protocol_version": "2026.1", "indication": Course.Indication.RMS,
        "first_infusion_on": date(2025, 9, 1), "created_at": MONDAY_NINE,
        "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Course.objects.create(**(fields | changes))


def given(course: Course, number: int, dose_mg: int, on: date) -> Visit:
    """A dose that was given."""
    return Visit.objects.create(
        clinic_id=course.clinic_id, course=course, patient_id=course.patient_id,
        dose_number=number, dose_mg=dose_mg, due_on=on, earliest_on=on, latest_on=on,
        status=Visit.Status.COMPLETED, given_on=on, created_at=MONDAY_NINE,
        updated_at=MONDAY_NINE,
    )  # fmt: skip


def make_visit(course: Course, number: int = 3, dose_mg: int = 600, **changes: Any) -> Visit:
    """A dose due today; those before it have been given."""
    if number > 1:
        given(course, 1, 300, date(2025, 9, 1))
    if number > 2:
        given(course, 2, 300, date(2025, 9, 15))
    fields: dict[str, Any] = {
        "clinic_id": course.clinic_id, "course": course, "patient_id": course.patient_id,
        "dose_number": number, "dose_mg": dose_mg, "due_on": TODAY,
        "earliest_on": TODAY - timedelta(days=14), "latest_on": TODAY + timedelta(days=28),
        "status": Visit.Status.ARRIVED, "created_at": MONDAY_NINE, "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Visit.objects.create(**(fields | changes))


def make_booking(
    visit: Visit, chair: Chair, *, from_minute: float = 0, minutes: int = 345, **changes: Any
) -> Booking:
    """A booking in `chair` whose patient has arrived on time, unless `changes` say otherwise."""
    begins = at(from_minute)
    day, _ = ClinicDay.objects.get_or_create(
        clinic_id=visit.clinic_id, date=begins.date(), defaults={"updated_at": MONDAY_NINE}
    )
    fields: dict[str, Any] = {
        "clinic_id": visit.clinic_id, "visit": visit, "patient_id": visit.patient_id,
        "clinic_day": day, "chair": chair, "status": Booking.Status.ARRIVED,
        "period": DateTimeTZRange(begins, begins + timedelta(minutes=minutes)),
        "rate_option": "initial" if visit.dose_mg == 300 else "standard",
        "premedication_minutes": 60, "infusion_minutes": 210, "observation_minutes": 60,
        "turnaround_minutes": 15, "arrived_at": begins, "created_at": MONDAY_NINE,
        "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Booking.objects.create(**(fields | changes))


def seat(
    clinic: Clinic,
    *,
    mrn: str = "MRN-1",
    position: int = 1,
    number: int = 3,
    dose_mg: int = 600,
    patient: dict[str, Any] | None = None,
    **booking: Any,
) -> Visit:
    """Seat a patient in the chair at `position`, arrived at nine, with all tests on record."""
    person = make_patient(clinic, mrn, **(patient or {}))
    screen(person)
    visit = make_visit(make_course(person), number, dose_mg)
    make_booking(visit, clinic.chairs.get(position=position), **booking)
    return visit


def expect(clinic: Clinic, *, mrn: str = "MRN-2", position: int = 1, **booking: Any) -> Visit:
    """Book a patient into the chair at `position` who has not come yet."""
    person = make_patient(clinic, mrn, family_name="Patel", given_names="Raj")
    visit = make_visit(make_course(person), status=Visit.Status.BOOKED)
    fields = {"status": Booking.Status.CONFIRMED, "arrived_at": None, **booking}
    make_booking(visit, clinic.chairs.get(position=position), **fields)
    return visit


def errand(clinic: Clinic, *, position: int = 1, here: bool = True, **booking: Any) -> Booking:
    """Book half an hour for a blood test into the chair at `position`; the patient has come."""
    visit = Visit.objects.create(
        clinic=clinic, patient=make_patient(clinic, f"AH-{position}", family_name="Okafor"),
        purpose=Visit.Purpose.BLOOD_TEST, minutes=30, note=NOTE, due_on=at(0).date(),
        earliest_on=at(0).date(), latest_on=at(0).date(), created_at=at(0), updated_at=at(0),
        status=Visit.Status.ARRIVED if here else Visit.Status.BOOKED,
    )  # fmt: skip
    expected = {} if here else {"status": Booking.Status.CONFIRMED, "arrived_at": None}
    fields = {
        "rate_option": "", "premedication_minutes": 0, "infusion_minutes": 30,
        "observation_minutes": 0, "minutes": 45, **expected, **booking,
    }  # fmt: skip
    return make_booking(visit, clinic.chairs.get(position=position), **fields)


def screen(patient: Patient) -> None:
    """Put the baseline tests on record, all of them as they should be."""

    def result(loinc: str, label: str, **changes: Any) -> TestResult:
        return TestResult(
            patient=patient, source_id=str(uuid4()), loinc=loinc, label=label,
            collected_at=at(-30 * 24 * 60), **changes,
        )  # fmt: skip

    upper = {"value": Decimal(20), "unit": "U/L", "reference_high": Decimal(40)}
    TestResult.objects.bulk_create([
        result("5196-1", "HBsAg", finding="negative"),
        result("16933-4", "Anti-HBc, total", finding="negative"),
        result("2465-3", "IgG", value=Decimal(10), unit="g/L", reference_low=Decimal(7)),
        result("1742-6", "ALT", **upper),
        result("1920-8", "AST", **upper),
        result("6768-6", "Alkaline phosphatase", **upper),
        result("1975-2", "Bilirubin, total", **upper),
    ])  # fmt: skip


def colleague(clinic: Clinic) -> Actor:
    """The second nurse, who checks what the first one charted."""
    email = f"colleague@{clinic.slug}.example"
    found = User.objects.filter(email=email).first()
    user = found or make_user(clinic, Role.NURSE, email=email)
    return standing_of(user, clinic.slug).actor


# The answers of somebody who is well.
WELL = {
    "infection": "no", "pregnancy": "no", "contraception": "yes", "neurological": "no",
    "diarrhoea": "no", "vaccination": "no", "liver": "no",
}  # fmt: skip


def good_bag(visit: Visit, *, minute: float = 0, **changes: Any) -> Bag:
    """A bag for the visit, prepared a quarter of an hour before `minute`, out of the fridge."""
    prepared_at = at(minute - 15)
    fields: dict[str, Any] = {
        "drug": "ocrelizumab", "route": "IV", "labelled_mg": 300, "dose_mg": visit.dose_mg,
        "volume_ml": Fraction(500 if visit.dose_mg == 600 else 250),
        "vials": (Vial(lot="B7001", expires_on=date(2027, 6, 30)),) * (visit.milligrams // 300),
        "prepared_at": prepared_at, "storage": (Kept(place=Place.ROOM, since=prepared_at),),
        "filter_micron": "0.2", "dedicated_line": True,
    }  # fmt: skip
    return Bag(**(fields | changes))


def bag_at_chair(visit: Visit, nurse: Actor, *, minute: float = 0, **changes: Any) -> UUID:
    """Chart a bag; `changes` are of the bag. Return the id of its event."""
    bags = InfusionEvent.objects.filter(infusion__visit=visit, kind="bag")
    standing = bags.order_by("recorded_at").last()
    return chart_bag(
        visit_id=visit.pk, event_id=uuid4(), bag=good_bag(visit, minute=minute, **changes),
        replaces=standing.pk if standing else None, occurred_at=at(minute), actor=nurse,
        now=at(minute),
    ).event_id  # fmt: skip


def prepare(
    visit: Visit, nurse: Actor, *, minute: float = 0, without: Collection[str] = ()
) -> None:
    """Chart everything that comes before the start but the premedication, at `minute`.

    `without` leaves parts out: checklist, access, bag, bag_check, vitals.
    """
    when: dict[str, Any] = {"visit_id": visit.pk, "occurred_at": at(minute), "now": at(minute)}
    if "checklist" not in without:
        answer_questions(event_id=uuid4(), answers=WELL, notes={}, actor=nurse, **when)
    if "access" not in without:
        access = Access(device="cannula", site="left forearm", gauge="22 G", attempts=1)
        chart_access(event_id=uuid4(), access=access, actor=nurse, **when)
    if "bag" not in without:
        bag = bag_at_chair(visit, nurse, minute=minute)
        if "bag_check" not in without:
            check_bag(
                event_id=uuid4(), bag_id=bag, all_match=True, actor=colleague(visit.clinic), **when
            )
    if "vitals" not in without:
        vitals = {"systolic": Decimal(120), "diastolic": Decimal(80), "heart_rate": Decimal(70)}
        chart_baseline(event_id=uuid4(), vitals=vitals, actor=nurse, **when)


def premedicate(visit: Visit, nurse: Actor, *, minute: float = 0) -> None:
    """Give both mandatory medicines."""
    drugs = (("methylprednisolone", 100, "IV"), ("cetirizine", 10, "oral"))
    for drug, dose, route in drugs:
        give_premedication(
            visit_id=visit.pk, event_id=uuid4(), drug=drug, dose_mg=Decimal(dose), route=route,
            occurred_at=at(minute), actor=nurse, now=at(minute),
        )  # fmt: skip


def start(visit: Visit, nurse: Actor, *, minute: float = 30, **changes: Any) -> Infusion:
    """Start the infusion with everything in order; what is not prepared yet is prepared first."""
    if not InfusionEvent.objects.filter(infusion__visit=visit, kind="checklist").exists():
        prepare(visit, nurse)
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "two_identifiers_checked": True, "actor": nurse, "now": at(minute),
        "rate_option": "initial" if visit.dose_mg == 300 else "standard",
    }  # fmt: skip
    start_infusion(**(fields | changes))
    return Infusion.objects.get(visit=visit)


def running(visit: Visit, nurse: Actor) -> Infusion:
    """Prepare and premedicate at nine, start at half past."""
    premedicate(visit, nurse)
    return start(visit, nurse)


def complete(infusion: Infusion, nurse: Actor, *, minute: float, **changes: Any) -> None:
    """End the infusion with the bag empty."""
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "volume_ml": infusion.volume_ml, "actor": nurse, "now": at(minute),
    }  # fmt: skip
    complete_infusion(**(fields | changes))
    infusion.refresh_from_db()


def leave(infusion: Infusion, nurse: Actor, *, minute: float, **changes: Any) -> Charted:
    """Discharge with everything done at the door."""
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "leaving": DONE_AT_THE_DOOR, "actor": nurse, "now": at(minute),
    }  # fmt: skip
    return discharge(**(fields | changes))
