"""What the page before the start reads: windows of the medicines, who may check, and its cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, Role
from core.actor import Actor
from infusion.readying import before_start
from patients.models import Vaccination
from scheduling.models import Booking, Visit
from tests.infusion.builders import (
    TODAY,
    at,
    bag_at_chair,
    colleague,
    expect,
    premedicate,
    prepare,
    running,
    screen,
    seat,
)
from tests.infusion.pages import Tablet
from tests.infusion.test_preparing_forms import words_of
from tests.people import make_actor


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


def windows(visit: Visit, nurse: Actor, minute: float) -> list[tuple[str, object, object]]:
    due = before_start(visit.pk, nurse, at(minute)).to_give
    return [(each.kind.value, each.opens_at, each.closes_at) for each in due]


def test_each_medicine_has_its_window_before_the_booked_start(visit: Visit, nurse: Actor) -> None:
    """Booked at nine with an hour for premedication: the line is to start at ten."""
    assert windows(visit, nurse, 5) == [
        ("antihistamine", at(0), at(30)), ("steroid", at(0), at(40)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("minute", "left"),
    [(30, ["antihistamine", "steroid"]), (31, ["steroid"]), (40, ["steroid"]), (41, [])],
)
def test_a_window_that_is_over_is_not_offered(
    visit: Visit, nurse: Actor, minute: float, left: list[str]
) -> None:
    assert [kind for kind, _opens, _closes in windows(visit, nurse, minute)] == left


def test_what_was_given_is_not_asked_for_again(visit: Visit, nurse: Actor) -> None:
    premedicate(visit, nurse, minute=2)
    assert windows(visit, nurse, 5) == []


def test_a_day_without_a_time_has_no_window(clinic: Clinic, nurse: Actor) -> None:
    visit = expect(clinic)
    Booking.objects.filter(visit=visit).update(
        status=Booking.Status.DAY_HELD, period=None, chair=None
    )
    assert windows(visit, nurse, 5) == []


def test_the_page_names_the_windows(clinic: Clinic, visit: Visit, nurse: Actor) -> None:
    page = words_of(Tablet.of(clinic, nurse).get(5, "before_start", visit.pk))
    assert 'give it between <b class="num">10:00</b> and <b class="num">10:30</b>' in page


def test_only_somebody_else_is_offered_the_check(
    clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    seen = before_start(visit.pk, nurse, at(1))
    assert not seen.may_check(colleague(clinic)), "there is no bag yet"
    bag_at_chair(visit, nurse, minute=2)
    seen = before_start(visit.pk, nurse, at(3))
    assert (seen.may_check(nurse), seen.may_check(colleague(clinic))) == (False, True)
    own = words_of(Tablet.of(clinic, nurse).get(3, "before_start", visit.pk))
    assert 'id="act-bag_check"' not in own
    assert "After the bag is charted, by somebody else." in own
    theirs = words_of(Tablet.of(clinic, colleague(clinic)).get(3, "before_start", visit.pk))
    assert 'id="act-bag_check"' in theirs


def cost(visit: Visit, nurse: Actor) -> int:
    with CaptureQueriesContext(connection) as captured:
        before_start(visit.pk, nurse, at(40))
    return len(captured)


def test_the_page_costs_the_same_whatever_is_on_record(visit: Visit, nurse: Actor) -> None:
    prepare(visit, nurse, without={"checklist", "bag", "vitals"})
    few = cost(visit, nurse)
    for n in range(12):
        screen(visit.patient)
        Vaccination.objects.create(
            patient=visit.patient, source_id=f"v{n}", name="Influenza", is_live=False,
            status=Vaccination.Status.GIVEN, occurred_on=TODAY,
        )  # fmt: skip
    prepare(visit, nurse)
    premedicate(visit, nurse)
    assert cost(visit, nurse) == few


def test_a_reader_sees_the_same_as_a_nurse(clinic: Clinic, visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    pharmacist = make_actor(clinic, Role.PHARMACIST)
    seen = before_start(visit.pk, pharmacist, at(45))
    assert (seen.open, seen.parts_done, seen.parts) == (False, 6, 6)
