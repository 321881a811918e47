"""What the reports count, against numbers worked out by hand."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from clinics.models import Closure, User
from core.errors import Invalid
from core.models import AuditEntry
from core.web.charts import BarChart, Series
from patients.models import Patient
from scheduling.models import Booking, Course, Override, Visit
from scheduling.monthbook import read_month
from scheduling.reports.desk import attendance
from scheduling.reports.doses import Punctuality, doses_on_time, late_doses
from scheduling.reports.overrides import by_rule, overrides
from scheduling.reports.span import Span, span_of
from scheduling.services import bookings
from tests.people import make_clinic
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 1)
SPRING = Span(date(2026, 3, 1), date(2026, 5, 31))


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def dose(desk: Desk, mrn: str, due: date, given: date | None = None, **changes: Any) -> Visit:
    """One dose with a window of a week around its due date, given or not."""
    visit = desk.visit(mrn, due)
    Visit.objects.filter(course=visit.course).exclude(pk=visit.pk).update(status="cancelled")
    window = {"earliest_on": due - timedelta(days=7), "latest_on": due + timedelta(days=7)}
    status = "completed" if given else "planned"
    Visit.objects.filter(pk=visit.pk).update(
        **{"due_on": due, "given_on": given, "status": status, **window, **changes}
    )
    visit.refresh_from_db()
    return visit


def test_a_span_is_half_a_year_unless_asked_for(desk: Desk) -> None:
    assert span_of("", "", today=TODAY) == Span(date(2025, 12, 2), TODAY)
    assert span_of("2026-03-01", "2026-03-02", today=TODAY).days == [
        date(2026, 3, 1), date(2026, 3, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [("soon", "", "both days"), ("2026-03-02", "2026-03-01", "after the last"),
     ("2020-01-01", "2026-03-01", "two years"), ("2026-02-30", "", "both days")],
)  # fmt: skip
def test_a_span_that_makes_no_sense_is_refused(first: str, last: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        span_of(first, last, today=TODAY)


def test_doses_are_counted_by_their_window_and_their_delay(desk: Desk) -> None:
    dose(desk, "ON THE DAY", date(2026, 3, 10), date(2026, 3, 10))
    dose(desk, "WITHIN", date(2026, 3, 10), date(2026, 3, 17))
    dose(desk, "LATE", date(2026, 3, 10), date(2026, 3, 30))
    dose(desk, "EARLY", date(2026, 4, 20), date(2026, 4, 1))
    dose(desk, "BEFORE THE SPAN", date(2026, 2, 10), date(2026, 2, 20))
    dose(make_desk("south"), "ELSEWHERE", date(2026, 3, 10), date(2026, 3, 30))
    found = doses_on_time(desk.actor, SPRING, today=TODAY)
    march, april = found.months
    assert march == (date(2026, 3, 1), Punctuality(3, 2, 0, 1, 27, 20))
    assert april == (date(2026, 4, 1), Punctuality(1, 0, 1, 0, 0, 0))
    assert found.total == Punctuality(4, 2, 1, 1, 27, 20)
    assert found.total.share == 50
    assert found.total.mean_days == 6.75


def test_the_edges_of_a_window_and_of_a_span_are_inside(desk: Desk) -> None:
    dose(desk, "FIRST", date(2026, 3, 8), SPRING.first)
    dose(desk, "LAST", date(2026, 5, 24), SPRING.last)
    found = doses_on_time(desk.actor, SPRING, today=TODAY)
    assert (found.total.given, found.total.within) == (2, 2)


def test_nothing_given_is_no_figure_and_not_a_zero(desk: Desk) -> None:
    found = doses_on_time(desk.actor, SPRING, today=TODAY)
    assert (found.total.share, found.total.mean_days, found.mean_wait) == (None, None, None)
    assert found.total.longest == 0


def test_who_waits_past_the_latest_day_is_counted_and_listed_with_the_reason(desk: Desk) -> None:
    dose(desk, "STILL IN TIME", TODAY - timedelta(days=7))
    never = dose(desk, "NEVER", TODAY - timedelta(days=40))
    missed = dose(desk, "MISSED", TODAY - timedelta(days=20))
    booked = dose(desk, "BOOKED", TODAY - timedelta(days=30))
    called_off = dose(desk, "CALLED OFF", TODAY - timedelta(days=10))
    dose(desk, "STOPPED", TODAY - timedelta(days=90))
    Course.objects.filter(patient__mrn="STOPPED").update(status="stopped", ended_on=MONDAY)
    dose(desk, "DECEASED", TODAY - timedelta(days=90))
    Patient.objects.filter(mrn="DECEASED").update(deceased_on=MONDAY)
    booking = desk.book(missed)
    bookings.mark_no_show(booking_id=booking.pk, actor=desk.actor, now=at(MONDAY, "09:00"))
    desk.book(booked, MONDAY, chair=1)
    booking = desk.book(called_off, MONDAY, chair=2)
    bookings.cancel(booking_id=booking.pk, reason="a cold", actor=desk.actor, now=NOW)

    found = doses_on_time(desk.actor, SPRING, today=TODAY)
    assert (found.waiting, found.mean_wait) == (4, 25)
    rows = late_doses(desk.actor, today=TODAY, now=NOW)
    assert [row.visit_id for row in rows] == [never.pk, booked.pk, missed.pk, called_off.pk]
    assert [row.days_past_due(TODAY) for row in rows] == [40, 30, 20, 10]
    assert [row.never_booked for row in rows] == [True, False, False, False]
    assert rows[1].booked_for == MONDAY
    assert (rows[2].no_shows, rows[2].ended_as) == (1, "no_show")
    assert (rows[3].ended_as, rows[3].end_reason) == ("cancelled", "a cold")
    entry = AuditEntry.objects.latest("id")
    assert entry.details["page"] == "late doses"
    assert len(entry.details["patients"]) == 4


def test_a_dose_behind_one_that_waits_is_not_counted_twice(desk: Desk) -> None:
    course = desk.course()
    Visit.objects.filter(course=course).update(
        due_on=date(2026, 1, 1), earliest_on=date(2026, 1, 1), latest_on=date(2026, 1, 2)
    )
    assert doses_on_time(desk.actor, SPRING, today=TODAY).waiting == 1
    [row] = late_doses(desk.actor, today=TODAY, now=NOW)
    assert row.dose_number == 1


def test_bookings_are_counted_by_what_became_of_them(desk: Desk) -> None:
    kept, missed, gone, open_still = (
        desk.book(desk.visit(f"M{n}"), shown="08:00", chair=n % 3, day=day)
        for n, day in enumerate([MONDAY, MONDAY, MONDAY, MONDAY + timedelta(days=1)])
    )
    bookings.mark_arrived(booking_id=kept.pk, actor=desk.actor, now=at(MONDAY, "08:00"))
    bookings.mark_no_show(booking_id=missed.pk, actor=desk.actor, now=at(MONDAY, "09:00"))
    bookings.cancel(booking_id=gone.pk, reason="x", actor=desk.actor, now=NOW)
    for days, booking in ((3, kept), (8, missed), (500, gone), (91, open_still)):
        day = booking.clinic_day.date
        Booking.objects.filter(pk=booking.pk).update(
            created_at=at(day, "23:30") - timedelta(days=days)
        )
    found = attendance(desk.clinic, SPRING)
    assert (found.kept, found.missed, found.cancelled, found.open) == (1, 1, 1, 1)
    assert found.missed_share == 50
    assert found.ahead == (1, 1, 0, 1, 0)
    assert found.mean_ahead == 34
    nothing = attendance(desk.clinic, Span(date(2020, 1, 1), date(2020, 1, 2)))
    assert (nothing.missed_share, nothing.mean_ahead, sum(nothing.ahead)) == (None, None, 0)


@pytest.mark.parametrize(("days", "bucket"), [(7, 0), (8, 1), (30, 1), (31, 2), (180, 3), (181, 4)])
def test_a_lead_time_stands_in_one_step(desk: Desk, days: int, bucket: int) -> None:
    booking = desk.book(desk.visit())
    made = at(MONDAY, "12:00") - timedelta(days=days)
    Booking.objects.filter(pk=booking.pk).update(created_at=made)
    assert attendance(desk.clinic, SPRING).ahead.index(1) == bucket


def test_overrides_are_counted_by_rule_within_the_clinics_own_days(desk: Desk) -> None:
    someone = User.objects.all()[0]

    def override(rule: str, when: Any, mrn: str, clinic: Any = desk.clinic) -> None:
        patient = Patient.objects.filter(mrn=mrn, clinic=clinic).first()
        Override.objects.create(
            clinic=clinic, patient=patient or desk.patient(mrn), rule_id=rule, reason="said so",
            overridden_at=when, overridden_by=someone,
        )  # fmt: skip

    override("HBV-PENDING", at(date(2026, 3, 1), "00:00"), "A")
    override("HBV-PENDING", at(date(2026, 5, 31), "23:59"), "A")
    override("INTERVAL-MINIMUM", at(MONDAY), "B")
    override("INTERVAL-MINIMUM", at(date(2026, 6, 1), "00:00"), "C")
    first, second = by_rule(desk.clinic, SPRING)
    assert (first.rule_id, first.times, first.patients, first.people) == ("HBV-PENDING", 2, 1, 1)
    assert (second.rule_id, second.times) == ("INTERVAL-MINIMUM", 1)
    rows = overrides(desk.actor, desk.clinic, SPRING, now=NOW)
    assert [row.rule_id for row in rows] == ["HBV-PENDING", "INTERVAL-MINIMUM", "HBV-PENDING"]
    assert by_rule(make_clinic("south"), SPRING) == []
    assert AuditEntry.objects.latest("id").details["page"] == "overrides"


def test_a_month_is_whole_weeks_with_what_each_day_offers_and_holds(desk: Desk) -> None:
    desk.book(desk.visit("A"))
    bookings.hold_day(visit_id=desk.visit("B").pk, day=MONDAY, actor=desk.actor, now=NOW)
    missed = desk.book(desk.visit("C"), chair=1)
    bookings.mark_no_show(booking_id=missed.pk, actor=desk.actor, now=at(MONDAY, "08:30"))
    Closure.objects.create(clinic=desk.clinic, date=date(2026, 3, 11), reason="flood")
    month = read_month(desk.clinic, MONDAY, today=TODAY)
    assert [week[0].date for week in month.weeks] == [
        date(2026, 2, 23), *(date(2026, 3, day) for day in (2, 9, 16, 23, 30)),
    ]  # fmt: skip
    assert all(len(week) == 7 for week in month.weeks)
    assert not month.weeks[0][0].inside
    day = month.weeks[2][0]
    assert (day.date, day.inside, day.visits, day.held, day.missed) == (MONDAY, True, 2, 1, 1)
    assert day.unbooked == 1, "the one who did not come"
    assert day.chair_share == round(100 * 20 / 120)
    points = desk.clinic.points_per_nurse * 4 * 40
    assert day.nurse_share == round(100 * (12 * 2 + 4) / points)
    assert not day.is_full
    closed = month.weeks[2][2]
    assert (closed.nurse_share, closed.chair_share) == (None, None)
    assert closed.closed_for == "flood."
    assert month.weeks[2][5].closed_because
    assert month.weeks[2][5].closed_for == ""
    assert (month.before, month.after) == (date(2026, 2, 1), date(2026, 4, 1))
    assert month.overdue == Visit.objects.filter(status="planned", latest_on__lt=TODAY).count() > 0


def test_reports_and_months_cost_the_same_however_much_there_is(
    desk: Desk, django_assert_num_queries: Any
) -> None:
    for n in range(3):
        desk.book(desk.visit(f"M{n}"), chair=n)
        with django_assert_num_queries(2):
            doses_on_time(desk.actor, SPRING, today=TODAY)
        with django_assert_num_queries(1):
            late_doses(desk.actor, today=TODAY, now=NOW)
        with django_assert_num_queries(1):
            attendance(desk.clinic, SPRING)
        with django_assert_num_queries(2):
            by_rule(desk.clinic, SPRING)
            overrides(desk.actor, desk.clinic, SPRING, now=NOW)
        with django_assert_num_queries(6):
            read_month(desk.clinic, MONDAY, today=TODAY)


def chart(*values: float | None, **changes: Any) -> BarChart:
    cells = tuple(str(value) for value in values)
    labels = tuple(f"M{n}" for n in range(len(values)))
    return BarChart("Title", "Month", labels, (Series("Doses", values, cells),), **changes)


def test_a_chart_draws_its_values_to_scale_and_leaves_out_what_is_unknown() -> None:
    drawn = chart(50, 100, None, 0)
    assert drawn.top == 100
    half, whole = drawn.bars
    assert whole.height == drawn.height - 14 - 24
    assert half.height == whole.height / 2
    assert half.y + half.height == whole.y + whole.height
    assert [line.words for line in drawn.lines] == ["0", "25", "50", "75", "100"]
    assert drawn.rows[2] == ("M2", ("None",))
    assert chart(None, 0).is_empty


@pytest.mark.parametrize(
    ("value", "top"), [(0.3, 1), (3, 4), (9, 10), (13, 20), (100, 100), (101, 200)]
)
def test_the_top_of_a_chart_is_a_round_number(value: float, top: float) -> None:
    assert chart(value).top == top


def test_a_line_worth_comparing_with_is_always_in_the_picture() -> None:
    drawn = chart(3.0, reference=30)
    assert drawn.top >= 30
    assert drawn.reference_y is not None
    assert 0 < drawn.reference_y < drawn.bars[0].y
    assert chart(3.0).reference_y is None


def test_many_labels_are_thinned_out_and_bars_stay_apart() -> None:
    drawn = chart(*[1.0] * 40)
    assert len(drawn.words) <= 10
    assert len(drawn.bars) == 40
    edges = [(bar.x, bar.x + bar.width) for bar in drawn.bars]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(edges))
    assert edges[-1][1] <= drawn.width
