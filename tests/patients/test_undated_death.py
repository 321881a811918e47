"""Known to have died, on a day nobody told us: as dead everywhere as with a day."""

import pytest

from core.errors import RuleBroken
from patients.models import Patient
from reminders.delivery import why_not
from scheduling.models import Course
from scheduling.rolling import courses_of_the_dead, courses_to_roll
from scheduling.selectors import unbooked_due
from scheduling.services.rolling import close_after_death
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk


@pytest.fixture
def desk(db: None) -> Desk:
    return make_desk()


@pytest.fixture
def course(desk: Desk) -> Course:
    return desk.course()


def die_undated() -> Patient:
    Patient.objects.update(deceased_undated=True)
    return Patient.objects.get()


def test_nobody_writes_to_them(desk: Desk) -> None:
    desk.patient(channel="email", email="jane@example.org", consented_at=NOW)
    assert why_not(Patient.objects.get()) == ""

    assert why_not(die_undated()) == "the patient has died"


def test_no_course_is_started_for_them(desk: Desk) -> None:
    desk.patient()

    with pytest.raises(RuleBroken, match="died"):
        desk.course(die_undated())


def test_their_course_ends_and_is_never_prolonged(desk: Desk, course: Course) -> None:
    far = MONDAY.replace(year=MONDAY.year + 2)
    assert courses_to_roll(desk.clinic.pk, far) == [course.pk]

    die_undated()

    assert courses_to_roll(desk.clinic.pk, far) == []
    assert courses_of_the_dead(desk.clinic.pk) == [course.pk]
    close_after_death(course_id=course.pk, clinic_id=desk.clinic.pk, now=NOW)
    course.refresh_from_db()
    assert course.status != Course.Status.ACTIVE


@pytest.mark.usefixtures("course")
def test_they_are_not_on_the_due_list(desk: Desk) -> None:
    def listed() -> int:
        return len(unbooked_due(desk.actor, today=MONDAY, now=NOW))

    assert listed() == 1
    die_undated()
    assert listed() == 0
