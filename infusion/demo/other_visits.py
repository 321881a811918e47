"""People also come for something that is no dose: some to be booked, one late, two with a time."""

from datetime import datetime, timedelta

from clinics.models import Role
from core.zones import local_date
from infusion.demo.setting import Setting
from patients.models import Patient
from scheduling.models import Course, Visit
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.bookings import book
from scheduling.slots import Asked, find_slots

A_WEEK = timedelta(days=6)
# What for, minutes, wanted so many days from now, a note, whether it has a time.
WANTED = (
    (Visit.Purpose.BLOOD_TEST, 15, 2, "", True),
    (Visit.Purpose.OBSERVATION, 60, 5, "Felt faint after the last visit", True),
    (Visit.Purpose.BLOOD_TEST, 15, 3, "Before the next dose", False),
    (Visit.Purpose.EXAMINATION, 30, -9, "", False),
)


def ask_for_others(setting: Setting, now: datetime) -> None:
    """Ask some of the clinic's patients to come for something else, and book a few of them."""
    actor = setting.actor(Role.SCHEDULER)
    today = local_date(now, setting.clinic.time_zone)
    treated = Patient.objects.filter(clinic=setting.clinic, courses__status=Course.Status.ACTIVE)
    patients = treated.filter(visits__status=Visit.Status.PLANNED).distinct().order_by("-mrn")
    for patient, (purpose, minutes, ahead, note, booked) in zip(patients, WANTED, strict=False):
        first = today + timedelta(days=ahead)
        visit = ask_for_visit(
            patient_id=patient.pk, actor=actor, now=min(now, now + timedelta(days=ahead)),
            asked=AskedFor(
                purpose=purpose, minutes=minutes, first=first, last=first + A_WEEK, note=note
            ),
        )  # fmt: skip
        best = find_slots(actor, visit.pk, Asked(), now=now).slots if booked else ()
        if best:
            book(
                visit_id=visit.pk, chair_id=best[0].chair.pk, start=best[0].start, actor=actor,
                now=now,
            )  # fmt: skip
