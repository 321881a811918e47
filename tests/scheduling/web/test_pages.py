"""The scheduler's pages: what they show, what they let people do, and what they refuse in words."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import Membership, Role
from core.models import AuditEntry
from scheduling.models import Booking, Course, Visit
from tests.people import make_clinic, make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at, staff
from tests.scheduling.web.desk import sign_in_again, signed_in, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_monday_before")]


def test_a_day_lists_who_comes_when_and_where(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    page = scheduler.get(url("day_on", desk, MONDAY)).content.decode()
    assert "DOE, Jane" in page
    assert "04-Mar-1988" in page
    assert "08:00" in page
    assert "Chair 1" in page
    assert url("booking_move", desk, booking.pk) in page


def test_an_empty_day_says_so(desk: Desk, scheduler: Client) -> None:
    assert "Nobody is booked" in scheduler.get(url("day_on", desk, MONDAY)).content.decode()


def test_the_day_costs_the_same_for_one_visit_and_for_many(
    desk: Desk, scheduler: Client, django_assert_num_queries: object
) -> None:
    scheduler.get(url("day_on", desk, MONDAY))
    for n in range(3):
        desk.book(desk.visit(mrn=f"M{n}"), chair=n)
        with django_assert_num_queries(5):  # type: ignore[operator]
            scheduler.get(url("day_on", desk, MONDAY))


def test_today_is_the_clinics_today_and_any_day_can_be_asked_for(
    desk: Desk, scheduler: Client
) -> None:
    answer = scheduler.get(url("day", desk))
    assert answer["Location"] == url("day_on", desk, NOW.date())
    answer = scheduler.get(url("day", desk), {"on": "2026-05-01"})
    assert answer["Location"] == url("day_on", desk, date(2026, 5, 1))
    assert scheduler.get(url("day", desk), {"on": "soon"}).status_code == 302


@pytest.mark.parametrize("day", ["2026-02-30", "0000-01-01", "2026-13-01"])
def test_a_day_that_does_not_exist_is_not_found(desk: Desk, scheduler: Client, day: str) -> None:
    assert scheduler.get(f"/c/{desk.clinic.slug}/day/{day}/").status_code == 404


def test_a_time_and_a_chair_are_booked_from_the_page(desk: Desk, scheduler: Client) -> None:
    visit = desk.visit()
    page = scheduler.get(url("visit_book", desk, visit.pk)).content.decode()
    start = at(MONDAY, "09:00").isoformat("T", "milliseconds")
    assert start in page
    answer = scheduler.post(
        url("visit_book", desk, visit.pk),
        {"day": MONDAY.isoformat(), "start": start, "chair": "", "status": "confirmed"},
    )
    assert answer.status_code == 302, answer.content.decode()
    booking = Booking.objects.get()
    assert booking.period.lower == at(MONDAY, "09:00")
    assert booking.status == Booking.Status.CONFIRMED


def test_a_chair_that_is_taken_is_refused_and_what_was_chosen_stays(
    desk: Desk, scheduler: Client
) -> None:
    desk.book(desk.visit(mrn="A"), chair=1)
    visit = desk.visit(mrn="B")
    start = at(MONDAY, "09:00").isoformat("T", "milliseconds")
    answer = scheduler.post(
        url("visit_book", desk, visit.pk),
        {
            "day": MONDAY.isoformat(), "start": start, "chair": str(desk.chairs[1]),
            "status": "confirmed",
        },
    )  # fmt: skip
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Not free then" in page
    assert f'value="{start}" checked' in page
    assert Booking.objects.count() == 1


def test_too_early_a_day_offers_no_time_and_names_the_earliest(
    desk: Desk, scheduler: Client
) -> None:
    course = desk.course()
    visits = list(Visit.objects.filter(course=course).order_by("dose_number"))
    Visit.objects.filter(pk__in=[visits[0].pk, visits[1].pk]).update(
        status="completed", given_on=MONDAY - timedelta(days=7)
    )
    Visit.objects.filter(pk=visits[1].pk).update(given_on=MONDAY - timedelta(days=1))
    staff(desk.clinic, date(2026, 6, 1))
    page = scheduler.get(url("visit_book", desk, visits[2].pk), {"day": "2026-06-01"})
    assert "No time is open" in page.content.decode()
    assert re.search(r"Earliest date is \d\d-[A-Z][a-z]{2}-2026\.", page.content.decode())


def test_a_day_can_be_held_and_planned_later(desk: Desk, scheduler: Client) -> None:
    visit = desk.visit()
    scheduler.post(
        url("visit_book", desk, visit.pk), {"day": MONDAY.isoformat(), "act": "hold_day"}
    )
    booking = Booking.objects.get()
    assert booking.status == Booking.Status.DAY_HELD
    assert "Plan the time" in scheduler.get(url("day_on", desk, MONDAY)).content.decode()
    start = at(MONDAY, "10:00").isoformat("T", "milliseconds")
    scheduler.post(
        url("booking_move", desk, booking.pk),
        {"day": MONDAY.isoformat(), "start": start, "version": booking.version},
    )
    booking.refresh_from_db()
    assert booking.status == Booking.Status.PROPOSED
    scheduler.post(url("booking_confirm", desk, booking.pk))
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED


def test_a_move_of_something_that_has_changed_is_told_not_done(
    desk: Desk, scheduler: Client
) -> None:
    booking = desk.book(desk.visit())
    Booking.objects.filter(pk=booking.pk).update(version=7)
    start = at(MONDAY, "11:00").isoformat("T", "milliseconds")
    answer = scheduler.post(
        url("booking_move", desk, booking.pk),
        {"day": MONDAY.isoformat(), "start": start, "version": booking.version},
    )
    assert answer.status_code == 422
    assert "Somebody changed this booking" in answer.content.decode()
    booking.refresh_from_db()
    assert booking.period.lower == at(MONDAY, "08:00")


def test_cancelling_needs_a_reason_and_frees_the_dose(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    assert (
        scheduler.post(url("booking_cancel", desk, booking.pk), {"reason": " "}).status_code == 422
    )
    answer = scheduler.post(url("booking_cancel", desk, booking.pk), {"reason": "A cold"})
    assert answer.status_code == 302
    booking.refresh_from_db()
    assert (booking.status, booking.end_reason) == ("cancelled", "A cold")
    assert "DOE, Jane" in scheduler.get(url("due", desk)).content.decode()


def test_arrival_and_its_undo_and_a_no_show(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    with time_machine.travel(at(MONDAY, "08:05"), tick=False):
        sign_in_again(scheduler)
        answer = scheduler.post(url("booking_arrived", desk, booking.pk), follow=True)
        assert "Arrived." in answer.content.decode()
        booking.refresh_from_db()
        assert booking.status == Booking.Status.ARRIVED
        scheduler.post(url("booking_not_arrived", desk, booking.pk))
        booking.refresh_from_db()
        assert booking.status == Booking.Status.CONFIRMED
    with time_machine.travel(at(MONDAY, "12:00"), tick=False):
        sign_in_again(scheduler)
        assert scheduler.get(url("booking_no_show", desk, booking.pk)).status_code == 200
        scheduler.post(url("booking_no_show", desk, booking.pk))
        booking.refresh_from_db()
        assert booking.status == Booking.Status.NO_SHOW
        assert "did not attend" in scheduler.get(url("due", desk)).content.decode()


def test_nobody_is_offered_to_have_missed_a_time_that_has_not_come(
    desk: Desk, scheduler: Client
) -> None:
    address = url("booking_no_show", desk, desk.book(desk.visit()).pk)
    assert address not in scheduler.get(url("day_on", desk, MONDAY)).content.decode()
    with time_machine.travel(at(MONDAY, "12:00"), tick=False):
        sign_in_again(scheduler)
        assert address in scheduler.get(url("day_on", desk, MONDAY)).content.decode()


def test_a_time_that_went_meanwhile_is_said_in_words(desk: Desk, scheduler: Client) -> None:
    answer = scheduler.post(
        url("visit_book", desk, desk.visit().pk),
        {
            "day": MONDAY.isoformat(),
            "start": "2026-03-09T03:00:00.000+00:00",
            "status": "confirmed",
        },
    )
    assert answer.status_code == 422
    assert "That time is not open any more. Choose another." in answer.content.decode()


def test_the_due_list_filters_and_exports(desk: Desk, scheduler: Client) -> None:
    desk.visit()
    assert "in 7 days" in scheduler.get(url("due", desk)).content.decode()
    assert "Nobody waits" in scheduler.get(url("due", desk), {"state": "overdue"}).content.decode()
    lines = scheduler.get(url("due_csv", desk)).content.decode().splitlines()
    assert lines[0].startswith("days_past_due,state")
    assert lines[1].startswith("-7,due_soon") or lines[1].startswith("'-7,due_soon")


def test_a_name_that_looks_like_a_formula_stays_text(desk: Desk, scheduler: Client) -> None:
    desk.book(Visit.objects.get(
        course=desk.course(desk.patient(family_name='=HYPERLINK("x")')), dose_number=1
    ))  # fmt: skip
    text = scheduler.get(url("day_csv", desk, MONDAY)).content.decode()
    assert "'=HYPERLINK" in text


def test_a_course_is_started_by_its_page(desk: Desk, scheduler: Client) -> None:
    patient = desk.patient()
    form = {"indication": "rms", "first_infusion_on": MONDAY.isoformat(), "edition": ""}
    assert "Start a course" in scheduler.get(url("patient", desk, patient.pk)).content.decode()
    assert scheduler.get(url("course_start", desk, patient.pk)).status_code == 200
    assert scheduler.post(url("course_start", desk, patient.pk), {}).status_code == 422
    assert scheduler.post(url("course_start", desk, patient.pk), form).status_code == 302
    page = scheduler.get(url("patient", desk, patient.pk)).content.decode()
    assert "09-Mar-2026" in page
    assert "23-Mar-2026" in page
    assert "09-Sep-2026" in page


def test_a_course_is_stopped_only_by_a_prescriber(desk: Desk, scheduler: Client) -> None:
    course = desk.course()
    assert scheduler.get(url("course_stop", desk, course.pk)).status_code == 403
    prescriber = signed_in(desk, Role.PRESCRIBER)
    answer = prescriber.post(
        url("course_stop", desk, course.pk), {"reason": "Reaction", "permanently": "on"}
    )
    assert answer.status_code == 302
    course.refresh_from_db()
    assert course.status == Course.Status.PERMANENTLY_DISCONTINUED
    page = prescriber.get(url("patient", desk, course.patient_id)).content.decode()
    assert "must not be started again" in page
    assert url("course_start", desk, course.patient_id) not in page


def test_a_dose_given_elsewhere_moves_what_follows(desk: Desk) -> None:
    visit = desk.visit()
    nurse = signed_in(desk, Role.NURSE)
    assert (
        nurse.post(url("visit_given", desk, visit.pk), {"given_on": "2027-01-01"}).status_code
        == 422
    )
    answer = nurse.post(url("visit_given", desk, visit.pk), {"given_on": "2026-03-02"})
    assert answer.status_code == 302
    third = Visit.objects.get(course=visit.course, dose_number=3)
    assert third.due_on == date(2026, 9, 2)


@pytest.mark.parametrize(
    ("birth", "deceased", "words"),
    [("2015-01-01", None, "Under 18"), ("1950-01-01", "2020-01-01", "has died")],
)
def test_who_must_not_be_treated_is_not_offered_a_course(
    desk: Desk, scheduler: Client, birth: str, deceased: str | None, words: str
) -> None:
    patient = desk.patient(birth_date=birth, deceased_on=deceased)
    page = scheduler.get(url("patient", desk, patient.pk)).content.decode()
    assert words in page
    assert url("course_start", desk, patient.pk) not in page


def test_reading_a_record_is_written_down(desk: Desk, scheduler: Client) -> None:
    patient = desk.patient()
    scheduler.get(url("patient", desk, patient.pk))
    entry = AuditEntry.objects.filter(action="record.read", patient_id=patient.pk).get()
    assert entry.details == {"page": "summary"}


def test_the_patient_page_costs_the_same_for_any_number_of_doses(
    desk: Desk, scheduler: Client, django_assert_max_num_queries: object
) -> None:
    course = desk.course()
    scheduler.get(url("patient", desk, course.patient_id))
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        scheduler.get(url("patient", desk, course.patient_id))


@pytest.mark.parametrize(
    "name",
    ["patient", "visit_book", "visit_given", "booking_move", "booking_cancel", "course_stop"],
)
def test_another_clinics_things_look_like_nothing(desk: Desk, name: str) -> None:
    booking = desk.book(desk.visit())
    ids = {
        "patient": booking.patient_id, "visit_book": booking.visit_id,
        "visit_given": booking.visit_id, "booking_move": booking.pk,
        "booking_cancel": booking.pk, "course_stop": booking.visit.course_id,
    }  # fmt: skip
    other = make_clinic("south")
    stranger = make_user(other, Role.SCHEDULER)
    for role in (Role.PRESCRIBER, Role.NURSE):
        Membership.objects.create(user=stranger, clinic=other, role=role)
    client = Client()
    client.force_login(stranger)
    theirs = client.get(reverse(name, args=["south", ids[name]]))
    nothing = client.get(reverse(name, args=["south", uuid4()]))
    assert theirs.status_code == nothing.status_code == 404
    token = re.compile(rb"\b([A-Za-z0-9]{64}|[0-9a-f]{32})\b")  # CSRF token, request id
    assert token.sub(b"", theirs.content) == token.sub(b"", nothing.content)
