"""The day's picture: what it draws, what it says is wrong, and when it counts as changed."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Chair, ChairOutage, Closure, Shift
from scheduling import actuals
from scheduling.actuals import Actual
from scheduling.daybook import strip
from scheduling.daybook.conflicts import Conflict, conflicts
from scheduling.daybook.feed import feed
from scheduling.daybook.frame import Frame, read_frame
from scheduling.models import Booking, Visit
from scheduling.selectors import day_bookings
from scheduling.services import bookings
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def frame_of(desk: Desk, day: date = MONDAY, now: datetime = NOW) -> Frame:
    return read_frame(desk.clinic, day, now=now)


def said(desk: Desk, now: datetime = NOW) -> list[Conflict]:
    rows = day_bookings(desk.actor, MONDAY, now=now)
    return conflicts(frame_of(desk, now=now), rows)


def drawn(desk: Desk, now: datetime = NOW, *, may_change: bool = True) -> dict[str, Any]:
    rows = day_bookings(desk.actor, MONDAY, now=now)
    return feed(frame_of(desk, now=now), rows, may_change=may_change)


def out_of_service(desk: Desk, chair: int, first: str, last: str) -> None:
    period = DateTimeTZRange(at(MONDAY, first), at(MONDAY, last))
    ChairOutage.objects.create(chair_id=desk.chairs[chair], reason="pump", period=period)


def test_a_booking_is_drawn_in_its_phases_on_the_clinics_wall(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="09:00", chair=1)
    [drawn_one] = drawn(desk)["bookings"]
    assert drawn_one["starts"] == "2026-03-09T09:00:00"
    assert drawn_one["chair"] == str(desk.chairs[1])
    assert drawn_one["phases"] == [
        booking.premedication_minutes, booking.infusion_minutes, booking.observation_minutes,
        booking.turnaround_minutes,
    ]  # fmt: skip
    assert drawn_one["name"] == "DOE, Jane"
    assert drawn_one["facts"] == "09:00 · 300\N{NO-BREAK SPACE}mg · 04-Mar-1988"
    assert drawn_one["version"] == booking.version
    assert drawn_one["happened"] == []


def test_a_booking_ends_with_the_quarter_hour_it_uses_in_part(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="09:00")
    assert drawn(desk)["bookings"][0]["ends"] == "2026-03-09T14:00:00"
    less = booking.period.upper - timedelta(minutes=7)
    rows = Booking.objects.filter(pk=booking.pk)
    rows.update(period=DateTimeTZRange(booking.period.lower, less))
    assert drawn(desk)["bookings"][0]["ends"] == "2026-03-09T14:00:00"
    rows.update(period=DateTimeTZRange(booking.period.lower, less - timedelta(minutes=8)))
    assert drawn(desk)["bookings"][0]["ends"] == "2026-03-09T13:45:00"


def test_what_really_happened_is_drawn_as_far_as_it_is_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = desk.book(desk.visit(), shown="09:00")
    bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "09:05"))
    [one] = drawn(desk, at(MONDAY, "09:35"))["bookings"]
    assert one["happened"] == [[5, 35]]
    known = {booking.visit_id: Actual(started_at=at(MONDAY, "10:10"))}
    monkeypatch.setattr(actuals, "_provider", lambda visits: known if visits else {})
    [one] = drawn(desk, at(MONDAY, "11:00"))["bookings"]
    assert one["happened"] == [[5, 70], [70, 120]]
    known[booking.visit_id] = Actual(
        started_at=at(MONDAY, "10:10"), ended_at=at(MONDAY, "12:40"),
        discharged_at=at(MONDAY, "13:45"),
    )  # fmt: skip
    [one] = drawn(desk, at(MONDAY, "15:00"))["bookings"]
    assert one["happened"] == [[5, 70], [70, 220], [220, 285]]


def test_who_may_not_change_anything_can_drag_nothing(desk: Desk) -> None:
    desk.book(desk.visit())
    assert drawn(desk)["bookings"][0]["moves"]
    one = drawn(desk, may_change=False)
    assert not one["may_change"]
    assert not one["bookings"][0]["moves"]
    assert not one["bookings"][0]["resizes"]


def test_an_arrived_patient_can_change_chairs_and_no_length(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "08:00"))
    [one] = drawn(desk, at(MONDAY, "08:10"))["bookings"]
    assert (one["moves"], one["resizes"]) == (True, False)


def test_the_grid_shows_the_opening_hours_and_whatever_lies_outside(desk: Desk) -> None:
    assert (drawn(desk)["from"], drawn(desk)["slots"]) == ("08:00", 40)
    booking = desk.book(desk.visit())
    early = DateTimeTZRange(at(MONDAY, "06:30"), at(MONDAY, "11:00"))
    Booking.objects.filter(pk=booking.pk).update(period=early)
    assert (drawn(desk)["from"], drawn(desk)["slots"]) == ("06:00", 48)


def test_hours_over_chairs_out_and_closures_lie_behind_the_visits(desk: Desk) -> None:
    out_of_service(desk, 2, "10:00", "12:00")
    blocks = drawn(desk, at(MONDAY, "09:40"))["blocks"]
    past, out = blocks
    assert (past["kind"], past["starts"][11:16], past["ends"][11:16]) == ("past", "08:00", "09:30")
    assert (out["kind"], out["chairs"], out["words"]) == ("out", [str(desk.chairs[2])], "pump")
    assert (out["starts"][11:16], out["ends"][11:16]) == ("10:00", "12:00")
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="flood")
    closed = next(block for block in drawn(desk)["blocks"] if block["kind"] == "closed")
    assert len(closed["chairs"]) == 3
    assert "flood" in closed["words"]


def test_a_chair_out_of_use_stays_while_somebody_is_booked_in_it(desk: Desk) -> None:
    desk.book(desk.visit(), chair=2)
    Chair.objects.filter(pk=desk.chairs[2]).update(is_active=False)
    Chair.objects.filter(pk=desk.chairs[1]).update(is_active=False)
    assert [chair.label for chair in frame_of(desk).chairs] == ["Chair 1", "Chair 3"]
    [conflict] = said(desk)
    assert conflict.words == "DOE, Jane is booked in Chair 3, which is not in use any more."


def test_the_stamp_changes_with_whatever_the_page_shows_and_with_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = desk.visit()
    stamps = [frame_of(desk).stamp()]

    def changed() -> bool:
        stamps.append(frame_of(desk).stamp())
        return stamps[-1] not in stamps[:-1]

    assert frame_of(desk).stamp() == stamps[0]
    booking = desk.book(visit)
    assert changed()
    Booking.objects.filter(pk=booking.pk).update(version=9)
    assert changed(), "a booking"
    Visit.objects.filter(pk=visit.pk).update(version=9)
    assert changed(), "a visit"
    booking.patient.updated_at = NOW + timedelta(hours=1)
    booking.patient.save()
    assert changed(), "a name"
    out_of_service(desk, 1, "10:00", "11:00")
    assert changed(), "an outage"
    Shift.objects.filter(date=MONDAY).update(nurses=2)
    assert changed(), "nurses"
    monkeypatch.setattr(
        actuals, "_provider", lambda visits: {v: Actual(started_at=NOW) for v in visits}
    )
    assert changed(), "what happened"
    desk.book(desk.visit("OTHER"), date(2026, 3, 10))
    assert not changed(), "another day"


def test_the_past_grows_by_quarter_hours(desk: Desk) -> None:
    first, same, later = (
        frame_of(desk, now=at(MONDAY, shown)).stamp() for shown in ("10:01", "10:14", "10:15")
    )
    assert first == same != later


def test_reading_a_day_costs_the_same_for_one_visit_and_for_many(
    desk: Desk, django_assert_max_num_queries: Any
) -> None:
    out_of_service(desk, 0, "16:00", "17:00")
    for n in range(3):
        desk.book(desk.visit(f"M{n}"), chair=n)
        with django_assert_max_num_queries(12):
            drawn(desk)


@pytest.mark.parametrize(("nurses", "words"), [(4, []), (1, ["watch", "watch", "start at"])])
def test_too_much_for_the_nurses_is_said_with_its_hours(
    desk: Desk, nurses: int, words: list[str]
) -> None:
    for n in range(3):
        desk.book(desk.visit(f"M{n}"), chair=n)
    Shift.objects.filter(date=MONDAY).update(nurses=nurses)
    found = [conflict.words for conflict in said(desk)]
    for word in words:
        assert any(word in sentence for sentence in found), found
    assert bool(found) is bool(words)


def test_nobody_on_duty_is_said_once_for_the_whole_stretch(desk: Desk) -> None:
    desk.book(desk.visit())
    Shift.objects.filter(date=MONDAY).delete()
    [conflict] = said(desk)
    assert conflict.words.startswith("No nurse is on duty from 09:")
    assert conflict.tone == "danger"


def test_a_closed_day_says_how_many_are_booked(desk: Desk) -> None:
    desk.book(desk.visit("A"), chair=0)
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="flood")
    assert said(desk)[0].words == (
        "The clinic is closed on 09-Mar-2026: flood. One visit is booked."
    )


def test_a_chair_out_of_service_under_a_visit_names_both(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="09:00", chair=1)
    out_of_service(desk, 1, "10:00", "11:00")
    out_of_service(desk, 0, "10:00", "11:00")
    [conflict] = said(desk)
    assert conflict.words == (
        "Chair 2 is out of service 10:00 to 11:00 (pump), and DOE, Jane is booked in it."
    )
    assert conflict.booking_id == booking.pk


def test_who_is_late_is_said_after_a_quarter_of_an_hour(desk: Desk) -> None:
    desk.book(desk.visit(), shown="09:00")
    assert said(desk, at(MONDAY, "09:15")) == []
    [conflict] = said(desk, at(MONDAY, "09:16"))
    assert conflict.words == "DOE, Jane was expected at 09:00 and is not here."
    assert conflict.tone == "warning"


def test_a_visit_that_fell_outside_its_window_is_said_and_graver_things_come_first(
    desk: Desk,
) -> None:
    booking = desk.book(desk.visit(), chair=1)
    visits = Visit.objects.filter(pk=booking.visit_id)
    visits.update(earliest_on=date(2026, 4, 1), due_on=date(2026, 4, 2), latest_on=date(2026, 4, 9))
    out_of_service(desk, 1, "10:00", "11:00")
    graver, lesser = said(desk)
    assert graver.tone == "danger"
    assert lesser.words == ("DOE, Jane is booked outside its window, 01-Apr-2026 to 09-Apr-2026.")


def test_the_strip_has_a_bar_and_a_line_for_every_quarter_hour(desk: Desk) -> None:
    for n in range(2):
        desk.book(desk.visit(f"M{n}"), chair=n)
    day = frame_of(desk).capacity
    slots = range(32, 72)
    load = strip.nurse_load(day, slots)
    assert load.width == len(load.lines) == 40
    assert [line.asked for line in load.lines] == [day.points[n] for n in slots]
    assert load.lines[0].at == "08:00"
    assert load.limit_path == "M0 " + "V".join(f"0H{n}" for n in range(1, 41))
    assert load.busiest is not None
    assert load.busiest.asked == max(day.points)
    assert load.over == 0
    # 16 points are possible: three pixels each. Two first doses cost 4, observed they cost 2.
    assert {bar.height for bar in load.bars} == {12, 6}
    starts = strip.starts(day, slots)
    assert [line.asked for line in starts.lines].count(2) == 1
    assert starts.lines[0].limit == 4


def test_what_is_over_stands_on_top_of_what_is_possible(desk: Desk) -> None:
    for n in range(3):
        desk.book(desk.visit(f"M{n}"), chair=n)
    Shift.objects.filter(date=MONDAY).update(nurses=1)
    load = strip.nurse_load(frame_of(desk).capacity, range(32, 72))
    tallest = max(load.bars, key=lambda bar: bar.over_height)
    assert (tallest.height, tallest.over_height) == (32, 16)
    assert (tallest.y, tallest.over_y) == (16, 0)
    assert load.over > 0


def test_an_empty_day_has_a_strip_without_bars(desk: Desk) -> None:
    load = strip.nurse_load(frame_of(desk).capacity, range(32, 72))
    assert load.bars == ()
    assert load.busiest is None
