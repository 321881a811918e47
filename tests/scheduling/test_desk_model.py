"""The desk against a simple model of it: any sequence of acts is allowed or refused alike.

The model keeps bookings in a dictionary and asks every minute of the day by itself. It shares no
code with the program: not its slots, its masks, its phases or its queries.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from scheduling.days import recompute_summaries
from scheduling.models import Booking, Course, Visit
from scheduling.services import bookings
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db

OPENS, CLOSES = 8 * 60, 18 * 60
PREMEDICATION, INFUSION, OBSERVATION, TURNAROUND = 60, 159, 60, 15  # a first dose
NURSES, POINTS_PER_NURSE, CHAIRS = 2, 4, 3
PATIENTS, DAYS = 5, 2


@dataclass
class Model:
    """Who sits where: patient -> (day, chair, minute of arrival)."""

    seats: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def allows(self, patient: int, day: int, chair: int, start: int) -> bool:
        others = [seat for who, seat in self.seats.items() if who != patient and seat[0] == day]
        leaves = start + PREMEDICATION + INFUSION + OBSERVATION
        quarter_after = -(-leaves // 15) * 15
        if start < OPENS or quarter_after > CLOSES:
            return False
        length = leaves + TURNAROUND - start
        if any(seat == chair and abs(begins - start) < length for _, seat, begins in others):
            return False
        return all(
            self.starting([*others, (day, chair, start)], minute) <= NURSES
            and self.watched([*others, (day, chair, start)], minute) <= NURSES * POINTS_PER_NURSE
            for minute in range(start, leaves)
        )

    @staticmethod
    def starting(seats: list[tuple[int, int, int]], minute: int) -> int:
        return sum(0 <= minute - begins - PREMEDICATION < 15 for _, _, begins in seats)

    @staticmethod
    def watched(seats: list[tuple[int, int, int]], minute: int) -> int:
        """Points in the quarter-hour around `minute`, each visit at its dearest."""
        quarter = range(minute - minute % 15, minute - minute % 15 + 15)
        return sum(max(cost(each - begins) for each in quarter) for _, _, begins in seats)


def cost(after: int) -> int:
    """Return the points a visit costs `after` minutes from arrival."""
    if PREMEDICATION <= after < PREMEDICATION + INFUSION:
        return 2
    return int(PREMEDICATION + INFUSION <= after < PREMEDICATION + INFUSION + OBSERVATION)


acts = st.tuples(
    st.sampled_from(["book", "move", "move", "cancel", "no_show"]),
    st.integers(0, PATIENTS - 1),
    st.integers(0, DAYS - 1),
    st.integers(0, CHAIRS - 1),
    st.integers(30, 56),  # quarter-hours from midnight: 07:30 to 14:00
)


@dataclass
class Room:
    """The program side: the same acts through the services."""

    desk: Desk
    visits: list[Visit]

    def current(self, patient: int) -> Booking | None:
        active = Booking.objects.filter(visit=self.visits[patient], status__in=Booking.ACTIVE)
        return active.select_related("clinic_day").first()

    def act(self, what: str, patient: int, place: dict[str, Any]) -> bool:
        """Do it; return whether it was allowed."""
        common: dict[str, Any] = {"actor": self.desk.actor, "now": NOW}
        held = self.current(patient)
        job: Callable[[], object]
        if what == "book":
            job = partial(bookings.book, visit_id=self.visits[patient].pk, **place, **common)
        elif held is None:
            return False
        elif what == "move":
            move = partial(bookings.move, booking_id=held.pk, version=held.version)
            job = partial(move, **place, **common)
        elif what == "cancel":
            job = partial(bookings.cancel, booking_id=held.pk, reason="Ill", **common)
        else:
            common["now"] = at(MONDAY + timedelta(days=DAYS), "20:00")
            job = partial(bookings.mark_no_show, booking_id=held.pk, **common)
        try:
            job()
        except Refusal:
            return False
        return True


def expected(model: Model, what: str, patient: int, seat: tuple[int, int, int]) -> bool:
    """Tell whether the model allows the act, and let it happen there."""
    here = patient in model.seats
    if what in {"cancel", "no_show"}:
        model.seats.pop(patient, None)
        return here
    if (what == "book") == here or not model.allows(patient, *seat):
        return False
    model.seats[patient] = seat
    return True


@given(script=st.lists(acts, min_size=1, max_size=14))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_desk_allows_what_the_model_allows(script: list[Any], room: Room) -> None:
    Booking.objects.all().delete()
    Visit.objects.update(status=Visit.Status.PLANNED)
    model = Model()
    for what, patient, day, chair, quarter in script:
        place = {
            "chair_id": room.desk.chairs[chair],
            "start": at(MONDAY + timedelta(days=day), f"{quarter // 4:02}:{quarter % 4 * 15:02}"),
        }
        allowed = expected(model, what, patient, (day, chair, quarter * 15))
        assert room.act(what, patient, place) == allowed, (what, patient, day, chair, quarter)
    seats = {}
    for patient in range(PATIENTS):
        if booking := room.current(patient):
            number = (booking.clinic_day.date - MONDAY).days
            minute = (booking.period.lower - at(booking.clinic_day.date, "00:00")).seconds // 60
            assert booking.chair_id is not None
            seats[patient] = number, room.desk.chairs.index(booking.chair_id), minute
    assert seats == model.seats
    # Days that were emptied by hand between two scripts are rewritten by the first act on them.
    touched = {seat[0] for seat in model.seats.values()}
    for number in touched:
        day = MONDAY + timedelta(days=number)
        assert recompute_summaries(room.desk.clinic, day, day) == []


@pytest.fixture
def room() -> Room:
    desk = make_desk(chairs=CHAIRS, nurses=NURSES, points_per_nurse=POINTS_PER_NURSE)
    visits = [desk.visit(f"P{n}") for n in range(PATIENTS)]
    assert Course.objects.count() == PATIENTS
    return Room(desk, visits)
