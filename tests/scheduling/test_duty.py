"""Open or shut, and how many nurses: closures, public holidays, shifts, standing head-counts."""

from collections.abc import Callable, Collection
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, Closure, HeadCount, HolidayOpening, OpeningHours, Role, Shift
from core.errors import RuleBroken
from patients.models import Patient
from scheduling import history
from scheduling.days import openings
from scheduling.models import Booking, ClinicDay
from tests.people import make_clinic, make_user
from tests.scheduling.builders import MONDAY, make_desk, staff, weeks

pytestmark = pytest.mark.django_db

EASTER_MONDAY = date(2026, 4, 6)


def nurses_at(clinic: Clinic, day: date, shown: str) -> int:
    hour, minute = map(int, shown.split(":"))
    return openings(clinic, [day])[day].nurses[hour * 4 + minute // 15]


def test_a_public_holiday_of_the_clinics_country_is_closed() -> None:
    clinic = make_clinic()
    found = openings(clinic, [EASTER_MONDAY])[EASTER_MONDAY]
    assert not found.slots
    assert found.closed_because == "The clinic is closed on 06-Apr-2026: Easter Monday."


@pytest.mark.parametrize("how", ["always", "that day", "another country"])
def test_a_clinic_may_open_on_a_holiday(how: str) -> None:
    clinic = make_clinic(
        opens_on_holidays=how == "always", country="US" if how == "another country" else "DE"
    )
    if how == "that day":
        HolidayOpening.objects.create(clinic=clinic, date=EASTER_MONDAY)
    assert openings(clinic, [EASTER_MONDAY])[EASTER_MONDAY].slots == range(32, 72)


def test_a_closure_counts_on_a_holiday_that_would_be_open() -> None:
    clinic = make_clinic(opens_on_holidays=True)
    Closure.objects.create(clinic=clinic, date=EASTER_MONDAY, reason="Floods")
    assert "Floods" in openings(clinic, [EASTER_MONDAY])[EASTER_MONDAY].closed_because


def test_a_holiday_is_refused_by_name_when_somebody_books_it() -> None:
    desk = make_desk()
    visit = desk.visit(first=EASTER_MONDAY)
    with pytest.raises(RuleBroken, match="Easter Monday"):
        desk.book(visit, EASTER_MONDAY)


@pytest.fixture
def counted() -> Clinic:
    """A clinic that counts heads: three in the morning, one after noon, Mondays only."""
    clinic = make_clinic(nurse_rule=Clinic.NurseRule.HEAD_COUNT)
    for half, nurses in (("morning", 3), ("afternoon", 1)):
        HeadCount.objects.create(clinic=clinic, weekday=0, half=half, nurses=nurses)
    return clinic


def test_a_head_count_stands_for_every_such_half_day(counted: Clinic) -> None:
    for day in (MONDAY, MONDAY + timedelta(weeks=30)):
        assert [nurses_at(counted, day, shown) for shown in ("07:45", "08:00", "11:45")] == [
            0,
            3,
            3,
        ]
        assert [nurses_at(counted, day, shown) for shown in ("12:00", "17:45", "18:00")] == [
            1,
            1,
            0,
        ]
    assert nurses_at(counted, MONDAY + timedelta(days=1), "09:00") == 0


def test_the_halves_meet_where_the_clinic_says(counted: Clinic) -> None:
    counted.midday = time(13, 30)
    assert [nurses_at(counted, MONDAY, shown) for shown in ("13:15", "13:30")] == [3, 1]
    counted.midday = time(7)
    assert nurses_at(counted, MONDAY, "08:00") == 1


def test_a_day_with_shifts_of_its_own_goes_by_those(counted: Clinic) -> None:
    staff(counted, MONDAY, nurses=2)
    assert {nurses_at(counted, MONDAY, shown) for shown in ("08:00", "17:45")} == {2}


def test_a_clinic_with_named_shifts_has_no_standing_count(counted: Clinic) -> None:
    counted.nurse_rule = Clinic.NurseRule.SHIFTS
    assert nurses_at(counted, MONDAY, "09:00") == 0


def test_a_head_count_is_kept_by_booking(counted: Clinic) -> None:
    """Three nurses start three infusions at nine; at noon one nurse starts one."""
    desk = make_desk("south", chairs=6, nurse_rule=Clinic.NurseRule.HEAD_COUNT, points_per_nurse=9)
    Shift.objects.all().delete()
    for half, nurses in (("morning", 3), ("afternoon", 2)):
        HeadCount.objects.create(clinic=desk.clinic, weekday=0, half=half, nurses=nurses)
    for n in range(3):
        desk.book(desk.visit(mrn=f"M{n}"), chair=n)
    with pytest.raises(RuleBroken, match="starting as many"):
        desk.book(desk.visit(mrn="M3"), chair=3)
    assert ClinicDay.objects.get().nurses[32:72] == [3] * 16 + [2] * 24


def test_any_number_of_days_costs_the_same() -> None:
    clinic = make_clinic(nurse_rule=Clinic.NurseRule.HEAD_COUNT)
    nurse = make_user(clinic, Role.NURSE)
    for day in weeks(MONDAY, 26):
        Shift.objects.create(clinic=clinic, date=day, nurse=nurse, starts=time(8), ends=time(16))
    costs = []
    for days in ([EASTER_MONDAY], weeks(MONDAY, 26)):
        with CaptureQueriesContext(connection) as seen:
            openings(clinic, days)
        costs.append(len(seen))
    assert costs == [1, 1]


def test_a_clock_change_day_and_a_usual_one_count_the_same_wall_hours() -> None:
    clinic = make_clinic()
    OpeningHours.objects.create(clinic=clinic, weekday=6, opens=time(8), closes=time(18))
    change = date(2026, 10, 25)
    staff(clinic, change, change - timedelta(weeks=1))
    for day in (change, change - timedelta(weeks=1)):
        found = openings(clinic, [day])[day]
        on = [n for n, count in enumerate(found.nurses) if count]
        assert [found.grid.label(n) for n in (on[0], on[-1])] == ["08:00", "17:45"]
        assert range(on[0], on[-1] + 1) == found.slots


def _known(**what: bool) -> Any:
    def provider(
        patients: Collection[UUID],
    ) -> Callable[[], dict[UUID, history.ReactionHistory]]:
        return lambda: dict.fromkeys(patients, history.ReactionHistory(**what))

    return provider


def test_a_severe_reaction_before_costs_a_nurse_more(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk(points_after_reaction=4, points_first_dose=2)
    plain = desk.book(desk.visit(mrn="A"))
    monkeypatch.setattr(history, "_provider", _known(prior_severe=True))
    watched = desk.book(desk.visit(mrn="B"), chair=1)
    assert (plain.watched_closely, watched.watched_closely) == (False, True)
    infusing = 32 + 4  # an hour of premedication after eight
    assert ClinicDay.objects.get().points[infusing] == 2 + 4


def test_a_visit_that_needs_isolation_is_refused_any_other_chair() -> None:
    desk = make_desk()
    visit = desk.visit()
    visit.needs_isolation = True
    visit.save()
    with pytest.raises(RuleBroken, match="isolation room"):
        desk.book(visit)
    desk.clinic.chairs.filter(pk=desk.chairs[1]).update(kind="isolation")
    assert desk.book(visit, chair=1).isolation


def test_the_pharmacy_makes_so_many_bags_a_quarter_hour() -> None:
    desk = make_desk(pharmacy_limit=1)
    desk.book(desk.visit(mrn="A"))
    with pytest.raises(RuleBroken, match="bags to make ready"):
        desk.book(desk.visit(mrn="B"), chair=1)
    desk.book(desk.visit(mrn="C"), chair=1, shown="08:15")
    assert Booking.objects.count() == 2
    assert Patient.objects.count() == 3
