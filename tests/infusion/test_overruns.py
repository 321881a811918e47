"""A running infusion that will not be over in time, on the scheduler's day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import given
from hypothesis import strategies as st

from clinics.models import Clinic, Role
from core.actor import Actor
from infusion.happened import leaving_times
from infusion.models import Infusion
from infusion.services.running import pause
from infusion.services.stopping import stop_infusion
from scheduling.daybook.conflicts import conflicts
from scheduling.daybook.feed import feed
from scheduling.daybook.frame import read_frame
from scheduling.models import Visit
from scheduling.overruns import SLACK, overruns
from scheduling.selectors import DayRow, day_bookings
from tests.infusion.builders import (
    TODAY,
    at,
    complete,
    expect,
    leave,
    premedicate,
    running,
    seat,
    start,
)
from tests.infusion.pages import Tablet
from tests.people import make_actor, make_user


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


def leaves(visit: Visit, minute: float) -> datetime | None:
    return leaving_times([visit.pk], at(minute)).get(visit.pk)


def test_to_plan_the_patient_leaves_as_booked(visit: Visit, nurse: Actor) -> None:
    """Started at half past nine: three and a half hours, and the hour of observation."""
    running(visit, nurse)
    assert leaves(visit, 31) == at(30 + 210 + 60)


def test_a_late_start_is_late_at_the_end(visit: Visit, nurse: Actor) -> None:
    premedicate(visit, nurse, minute=60)
    start(visit, nurse, minute=100)
    assert leaves(visit, 101) == at(100 + 270)


def test_while_it_stands_still_the_end_moves_with_the_clock(visit: Visit, nurse: Actor) -> None:
    infusion = running(visit, nurse)
    pause(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(50), reason="Kinked",
        actor=nurse, now=at(50),
    )  # fmt: skip
    assert leaves(visit, 65) == at(300 + 15)
    assert leaves(visit, 80.2) == at(300 + 31), "to the minute, rounded up"


def test_in_observation_it_is_the_real_end_that_counts(visit: Visit, nurse: Actor) -> None:
    infusion = running(visit, nurse)
    complete(infusion, nurse, minute=250)
    assert leaves(visit, 255) == at(310)
    assert leaves(visit, 325) == at(325), "the hour is over and the chair is not free"
    leave(infusion, nurse, minute=330)
    assert leaves(visit, 331) is None


def test_an_infusion_that_was_stopped_frees_the_chair_earlier(visit: Visit, nurse: Actor) -> None:
    infusion = running(visit, nurse)
    stop_infusion(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(90), volume_ml=Decimal(40),
        reason="The patient's wish", actor=nurse, now=at(90),
    )  # fmt: skip
    assert leaves(visit, 91) == at(150)


def test_nothing_is_expected_of_what_has_not_begun(visit: Visit, nurse: Actor) -> None:
    premedicate(visit, nurse)
    assert leaves(visit, 20) is None


def test_any_number_of_chairs_costs_two_queries(
    clinic: Clinic, nurse: Actor, django_assert_num_queries: Callable[[int], Any]
) -> None:
    visits = [seat(clinic, mrn=f"MRN-{n}", position=n) for n in (1, 2, 3)]
    for visit in visits[:1]:
        running(visit, nurse)
    with django_assert_num_queries(2):
        assert len(leaving_times([visit.pk for visit in visits], at(60))) == 1
    for visit in visits[1:]:
        running(visit, nurse)
    with django_assert_num_queries(2):
        assert len(leaving_times([visit.pk for visit in visits], at(60))) == 3


@pytest.fixture
def late(clinic: Clinic, nurse: Actor) -> Infusion:
    """Booked for 345 minutes, and 40 minutes late from the start."""
    visit = seat(clinic)
    premedicate(visit, nurse, minute=60)
    return start(visit, nurse, minute=100)


def words(clinic: Clinic, actor: Actor, minute: float) -> list[tuple[str, str]]:
    frame = read_frame(clinic, TODAY, now=at(minute))
    rows = day_bookings(actor, TODAY, now=at(minute))
    return [(each.tone, each.words) for each in conflicts(frame, rows) if "leave" in each.words]


def test_the_day_says_who_waits_for_the_chair(clinic: Clinic, late: Infusion) -> None:
    """Nine o'clock is ten in the clinic: free at 16:25, and Patel is booked at 15:45."""
    scheduler = make_actor(clinic, Role.SCHEDULER)
    assert words(clinic, scheduler, 110) == [
        ("warning", "DOE, Jane in Chair 1 is expected to leave at 16:10, 40min late."),
    ]
    expect(clinic, from_minute=345)
    [(tone, said)] = words(clinic, scheduler, 110)
    assert tone == "danger"
    assert said.endswith("PATEL, Raj is booked there at 15:45; it is free at 16:25.")


def test_another_chair_and_a_later_hour_do_not_wait(clinic: Clinic, late: Infusion) -> None:
    expect(clinic, mrn="MRN-2", position=2, from_minute=345)
    expect(clinic, mrn="MRN-3", position=1, from_minute=400, minutes=60)
    [(tone, _)] = words(clinic, make_actor(clinic, Role.SCHEDULER), 110)
    assert tone == "warning"


def test_the_grid_draws_it_behind_the_visits(clinic: Clinic, late: Infusion) -> None:
    scheduler = make_actor(clinic, Role.SCHEDULER)
    frame = read_frame(clinic, TODAY, now=at(110))
    drawn = feed(frame, day_bookings(scheduler, TODAY, now=at(110)), may_change=True)
    [block] = [each for each in drawn["blocks"] if each["kind"] == "overrun"]
    chair = str(clinic.chairs.get(position=1).pk)
    assert (block["chairs"], block["starts"][11:16], block["ends"][11:16]) == (
        [chair], "15:45", "16:30",
    )  # fmt: skip


def test_the_picture_is_another_when_the_end_has_moved(
    clinic: Clinic, late: Infusion, nurse: Actor
) -> None:
    before = read_frame(clinic, TODAY, now=at(110)).stamp()
    assert read_frame(clinic, TODAY, now=at(110.5)).stamp() == before
    pause(
        infusion_id=late.pk, event_id=uuid4(), occurred_at=at(111), reason="Kinked",
        actor=nurse, now=at(111),
    )  # fmt: skip
    # Within the same quarter-hour: only the expected end is another.
    assert read_frame(clinic, TODAY, now=at(113)).stamp() != before


def test_the_list_says_it_too(clinic: Clinic, late: Infusion) -> None:
    expect(clinic, from_minute=345)
    desk = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    page = desk.get(110, "day_on", TODAY, view="list").content.decode()
    assert "is expected to leave at 16:10" in page


def row(begins: int, minutes: int, *, chair: int, status: str) -> DayRow:
    """A booking of the day as the pages read it."""
    blank: dict[str, Any] = dict.fromkeys(DayRow._fields)
    period = DateTimeTZRange(at(begins), at(begins + minutes))
    return DayRow(**blank | {
        "booking_id": uuid4(), "visit_id": uuid4(), "status": status, "chair_id": UUID(int=chair),
        "period": period, "turnaround_minutes": 15,
    })  # fmt: skip


STATUSES = ("day_held", "proposed", "confirmed", "arrived", "completed", "no_show")
ROWS = st.lists(
    st.builds(
        row, st.integers(0, 500), st.integers(60, 400), chair=st.integers(1, 3),
        status=st.sampled_from(STATUSES),
    ),
    max_size=8,
)  # fmt: skip


@given(ROWS, st.integers(-60, 200))
def test_whoever_is_named_really_waits(rows: list[DayRow], late: int) -> None:
    leaving = {each.visit_id: each.period.upper + timedelta(minutes=late - 15) for each in rows}
    found = overruns(rows, leaving)
    here = [each for each in rows if each.status == "arrived"]
    assert [each.row for each in found] == (here if timedelta(minutes=late) > SLACK else [])
    for overrun in found:
        waiting = [
            each
            for each in rows
            if each.status in {"proposed", "confirmed"}
            and each.chair_id == overrun.row.chair_id
            and overrun.row.period.lower < each.period.lower < overrun.chair_free_at
        ]
        assert (overrun.next is None) == (not waiting)
        if overrun.next is not None:
            assert overrun.next.period.lower == min(each.period.lower for each in waiting)
