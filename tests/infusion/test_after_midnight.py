"""Entries around midnight: the forms know which day a time belongs to."""

import pytest

from clinics.models import Clinic
from core.actor import Actor
from infusion.models import InfusionEvent
from scheduling.models import Visit
from tests.infusion.builders import at, premedicate, prepare, seat, start
from tests.infusion.pages import Tablet

MIDNIGHT = 14 * 60  # minutes after nine UTC: midnight in Berlin
LATER = "A time later than now is yesterday"


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic, from_minute=MIDNIGHT - 300)


@pytest.fixture
def tablet(clinic: Clinic, visit: Visit, nurse: Actor) -> Tablet:
    """An infusion that started at 20:00 and goes on past midnight."""
    prepare(visit, nurse, minute=MIDNIGHT - 280)
    premedicate(visit, nurse, minute=MIDNIGHT - 275)
    start(visit, nurse, minute=MIDNIGHT - 240)
    return Tablet.of(clinic, nurse)


def charted(visit: Visit) -> InfusionEvent:
    return InfusionEvent.objects.filter(infusion__visit=visit).latest("recorded_at")


@pytest.mark.parametrize(
    ("wall", "minute"), [("23:50", -10), ("00:00", 0), ("00:08", 8), ("", 10), ("21:30", -150)]
)
def test_just_after_midnight_a_time_before_it_is_yesterdays(
    tablet: Tablet, visit: Visit, wall: str, minute: int
) -> None:
    answer = tablet.act(MIDNIGHT + 10, visit.pk, "vitals", spo2="98", at=wall)
    assert answer.status_code == 302, answer.content.decode()
    assert charted(visit).occurred_at == at(MIDNIGHT + minute)


@pytest.mark.parametrize("wall", ["00:11", "12:00"])
def test_a_slip_of_the_finger_is_not_taken_for_a_day_ago(
    tablet: Tablet, visit: Visit, wall: str
) -> None:
    answer = tablet.act(MIDNIGHT + 10, visit.pk, "vitals", spo2="98", at=wall)
    assert answer.status_code == 422
    assert "This time has not come yet." in answer.content.decode()


def test_the_form_says_so_only_when_it_matters(tablet: Tablet, visit: Visit) -> None:
    before = tablet.get(MIDNIGHT - 5, "chair_act", visit.pk, "vitals").content.decode()
    after = tablet.get(MIDNIGHT + 5, "chair_act", visit.pk, "vitals").content.decode()
    assert "today." in before
    assert LATER not in before
    assert LATER in after


def test_the_evening_before_nothing_is_yesterdays(tablet: Tablet, visit: Visit) -> None:
    answer = tablet.act(MIDNIGHT - 60, visit.pk, "vitals", spo2="98", at="23:10")
    assert answer.status_code == 422


def test_an_outbox_that_sends_after_midnight_means_the_day_of_the_tap(
    tablet: Tablet, visit: Visit
) -> None:
    answer = tablet.act(
        MIDNIGHT + 30, visit.pk, "vitals", spo2="98", at="23:40",
        tapped_at=at(MIDNIGHT - 10).isoformat(),
    )  # fmt: skip
    assert answer.status_code == 302
    assert charted(visit).occurred_at == at(MIDNIGHT - 20)
