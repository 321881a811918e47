"""The page that books the series: a preview, changes row by row, all or nothing."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import Role
from core.models import AuditEntry
from scheduling.models import Booking, Course, Visit
from scheduling.services.waiting import Wished, record_wishes
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk, staff, weeks
from tests.scheduling.web.desk import signed_in, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_monday_before")]


@pytest.fixture
def desk() -> Desk:
    made = make_desk()
    staff(made.clinic, *weeks(MONDAY + timedelta(weeks=12), 110))
    return made


@pytest.fixture
def course(desk: Desk) -> Course:
    return desk.course()


def fields(page: str) -> dict[str, str]:
    """Return what the form would send as it stands."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ('type="checkbox"' in tag and "checked" not in tag):
            continue
        found[name[1]] = value[1] if value else ("on" if "checkbox" in tag else "")
    return {
        name: value for name, value in found.items() if name[:4] in {"use-", "day-", "time", "chai"}
    }


def dose(course: Course, number: int) -> Visit:
    return Visit.objects.get(course=course, dose_number=number)


def test_the_preview_saves_nothing_and_tells_times_only_for_what_is_near(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    page = scheduler.get(url("course_series", desk, course.pk)).content.decode()
    sent = fields(page)
    assert sent[f"day-{dose(course, 1).pk}"] == str(MONDAY)
    assert sent[f"time-{dose(course, 1).pk}"] == "08:00"
    assert sent[f"time-{dose(course, 3).pk}"] == ""
    assert "On the due date." in page
    assert not Booking.objects.exists()
    assert AuditEntry.objects.filter(action="record.read", details__page="series").count() == 1


def test_all_is_accepted_at_once(desk: Desk, scheduler: Client, course: Course) -> None:
    address = url("course_series", desk, course.pk)
    sent = fields(scheduler.get(address).content.decode())
    answer = scheduler.post(address, sent | {"act": "book"})
    assert answer["Location"] == url("patient", desk, course.patient_id), answer.content.decode()
    statuses = list(Booking.objects.order_by("visit__dose_number").values_list("status", flat=True))
    assert statuses[0] == "confirmed"
    assert set(statuses[1:]) == {"day_held"}
    assert len(statuses) == Visit.objects.filter(course=course).count()
    page = scheduler.get(address).content.decode()
    assert fields(page) == {}


def test_a_row_is_left_out_and_another_is_edited(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    address = url("course_series", desk, course.pk)
    sent = fields(scheduler.get(address).content.decode())
    first, second = dose(course, 1), dose(course, 2)
    kept = {name: value for name, value in sent.items() if not name.startswith("use-")}
    kept |= {f"use-{first.pk}": "on", f"time-{first.pk}": "10:15"}
    assert scheduler.post(address, kept | {"act": "book"}).status_code == 302
    booking = Booking.objects.get()
    assert f"{booking.period.lower:%H:%M}" == "09:15"
    assert Visit.objects.get(pk=second.pk).status == "planned"


def test_a_changed_day_is_kept_and_the_rest_is_proposed_again(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    address = url("course_series", desk, course.pk)
    sent = fields(scheduler.get(address).content.decode())
    third, fourth = dose(course, 3), dose(course, 4)
    chosen = {f"day-{third.pk}": "2026-09-23", "act": "check"}
    answer = scheduler.post(address, sent | chosen)
    assert answer.status_code == 200
    again = fields(answer.content.decode())
    assert again[f"day-{third.pk}"] == "2026-09-23"
    assert date.fromisoformat(again[f"day-{fourth.pk}"]) >= date(2027, 3, 20)
    assert not Booking.objects.exists()


def test_one_refused_row_says_its_dose_and_keeps_what_was_typed(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    address = url("course_series", desk, course.pk)
    sent = fields(scheduler.get(address).content.decode())
    third = dose(course, 3)
    sent |= {f"day-{third.pk}": "2026-07-06", f"time-{third.pk}": "09:00", "act": "book"}
    answer = scheduler.post(address, sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Dose 3 on 06-Jul-2026" in page
    assert "Earliest date is 09-Aug-2026" in page
    assert fields(page)[f"day-{third.pk}"] == "2026-07-06"
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"day": ""}, "Choose a day."), ({"day": "soon"}, "Enter a valid date."),
     ({"use": ""}, "Choose at least one dose.")],
)  # fmt: skip
def test_a_form_that_makes_no_sense_says_so(
    desk: Desk, scheduler: Client, course: Course, changes: dict[str, str], words: str
) -> None:
    first = dose(course, 1)
    sent = {f"use-{first.pk}": "on", f"day-{first.pk}": str(MONDAY), "act": "book"}
    sent |= {f"{name}-{first.pk}": value for name, value in changes.items()}
    answer = scheduler.post(url("course_series", desk, course.pk), sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_the_wished_weekday_holds_for_every_row(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    third = dose(course, 3)
    page = scheduler.get(url("course_series", desk, course.pk) + "?weekdays=3&half=morning")
    assert date.fromisoformat(fields(page.content.decode())[f"day-{third.pk}"]).weekday() == 3


def test_the_series_begins_from_what_the_patient_wishes(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    third, address = dose(course, 3), url("course_series", desk, course.pk)
    record_wishes(
        patient_id=course.patient_id, wished=Wished(weekdays=frozenset({3}), half="morning"),
        actor=desk.actor, now=NOW,
    )  # fmt: skip
    page = scheduler.get(address).content.decode()
    assert "Searched by what suits the patient." in page
    assert date.fromisoformat(fields(page)[f"day-{third.pk}"]).weekday() == 3
    past = scheduler.get(f"{address}?half=").content.decode()
    assert "Searched by what suits the patient." not in past
    assert date.fromisoformat(fields(past)[f"day-{third.pk}"]).weekday() != 3


def test_the_patients_page_leads_here_and_says_when_the_series_has_moved(
    desk: Desk, scheduler: Client, course: Course
) -> None:
    address = url("course_series", desk, course.pk)
    page = scheduler.get(url("patient", desk, course.patient_id)).content.decode()
    assert address in page
    assert "The series has moved" not in page
    sent = fields(scheduler.get(address).content.decode())
    scheduler.post(address, sent | {"act": "book"})
    Visit.objects.filter(course=course, dose_number=1).update(
        status="completed", given_on=MONDAY + timedelta(days=40)
    )
    Booking.objects.filter(visit__dose_number=1).update(status="completed", ended_at=NOW)
    page = scheduler.get(url("patient", desk, course.patient_id)).content.decode()
    assert "The series has moved" in page


def test_who_may_not_book_may_not_open_it(desk: Desk, course: Course) -> None:
    assert signed_in(desk, Role.NURSE).get(url("course_series", desk, course.pk)).status_code == 403
    stranger = signed_in(make_desk("south"), Role.SCHEDULER)
    assert stranger.get(reverse("course_series", args=["south", course.pk])).status_code == 404
