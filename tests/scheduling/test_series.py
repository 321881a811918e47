"""Booking the series: proposed by the protocol, saved whole or not at all, proposed again."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Role, Shift
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from core.models import AuditEntry
from patients.models import Patient
from scheduling import placement
from scheduling.days import recompute_summaries
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.series import Series, propose_series
from scheduling.services import days
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.bookings import book
from scheduling.services.dosing import record_given
from scheduling.services.series import SeriesRow, book_series
from scheduling.slot_search import Wishes
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, staff, weeks
from tests.scheduling.racing import lift_locks, meeting, overlaps, race


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def a_desk() -> Desk:
    """A clinic whose roster is written for more than two years."""
    made = make_desk()
    staff(made.clinic, *weeks(MONDAY + timedelta(weeks=12), 110))
    return made


def propose(desk: Desk, course: Course, **more: object) -> Series:
    return propose_series(desk.actor, course.pk, now=NOW, **more)  # type: ignore[arg-type]


def rows_of(series: Series) -> list[SeriesRow]:
    return [
        SeriesRow(
            visit_id=line.visit.pk, day=line.day, start=line.start,
            chair_id=line.chair.pk if line.chair else None,
        )
        for line in series.lines
        if line.day is not None and not line.stands
    ]  # fmt: skip


def save(desk: Desk, course: Course, rows: list[SeriesRow]) -> list[Booking]:
    return book_series(course_id=course.pk, rows=rows, actor=desk.actor, now=NOW)


@pytest.mark.django_db
def test_two_years_are_proposed_each_dose_counted_from_the_date_before(desk: Desk) -> None:
    series = propose(desk, desk.course())
    first, second, third, *later = series.lines
    assert (first.day, second.day) == (MONDAY, MONDAY + timedelta(days=14))
    assert third.window.due == date(2026, 9, 9)
    assert len(later) >= 2
    for before, line in zip(series.lines[2:], series.lines[3:], strict=False):
        assert before.day is not None
        assert line.day is not None
        months = (line.window.due.year - before.day.year) * 12 + line.window.due.month
        assert months - before.day.month == 6
        assert line.window.earliest <= line.day <= line.window.latest
    assert all(line.start is not None and line.chair is not None for line in series.lines)
    assert [line.time_now for line in series.lines[:3]] == [True, False, False]


@pytest.mark.django_db
def test_what_is_proposed_is_booked_whole(desk: Desk) -> None:
    course = desk.course()
    series = propose(desk, course)
    made = save(desk, course, rows_of(series))
    assert [booking.period.lower for booking in made] == [line.start for line in series.lines]
    assert {visit.status for visit in Visit.objects.filter(course=course)} == {"booked"}
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY + timedelta(days=800)) == []
    assert AuditEntry.objects.filter(action="series.booked").count() == 1
    again = propose(desk, course)
    assert all(line.stands for line in again.lines)
    assert not again.moved


@pytest.mark.django_db(transaction=True)
def test_one_row_that_cannot_be_booked_saves_nothing_and_says_which() -> None:
    desk = a_desk()
    course = desk.course()
    rows = rows_of(propose(desk, course))
    third = Visit.objects.get(course=course, dose_number=3)
    rival = desk.visit(mrn="RIVAL", first=rows[2].day)
    assert rows[2].start is not None
    desk.book(rival, rows[2].day, "08:00", desk.chairs.index(rows[2].chair_id))  # type: ignore[arg-type]
    with pytest.raises(Conflict) as refused:
        save(desk, course, rows)
    assert refused.value.message.startswith(f"Dose 3 on {rows[2].day:%d-%b-%Y} (window ")
    assert "taken" in refused.value.message
    assert not Booking.objects.filter(visit__course=course).exists()
    assert {visit.status for visit in Visit.objects.filter(course=course)} == {"planned"}
    assert third.status == "planned"
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY + timedelta(days=800)) == []


@pytest.mark.django_db
def test_too_early_a_row_is_refused_by_the_protocol(desk: Desk) -> None:
    course = desk.course()
    rows = rows_of(propose(desk, course))
    early = SeriesRow(visit_id=rows[2].visit_id, day=date(2026, 7, 6), start=at(date(2026, 7, 6)))
    with pytest.raises(RuleBroken, match=r"Dose 3 .*Earliest date is 2026-08-09") as refused:
        save(desk, course, [*rows[:2], early])
    assert [finding.id for finding in refused.value.findings] == ["INTERVAL-MINIMUM"]


@pytest.mark.django_db
def test_a_row_without_a_time_promises_its_day_and_without_a_chair_takes_any(desk: Desk) -> None:
    course = desk.course()
    first, second, *_ = rows_of(propose(desk, course))
    desk.book(desk.visit(mrn="OTHER"), chair=0)
    made = save(
        desk, course,
        [SeriesRow(visit_id=first.visit_id, day=MONDAY, start=at(MONDAY)),
         SeriesRow(visit_id=second.visit_id, day=second.day)],
    )  # fmt: skip
    assert [booking.status for booking in made] == ["confirmed", "day_held"]
    assert made[0].chair_id == desk.chairs[1]


@pytest.mark.django_db
def test_a_dose_given_late_moves_the_series_and_it_is_proposed_again(desk: Desk) -> None:
    course = desk.course()
    save(desk, course, rows_of(propose(desk, course)))
    prescriber = make_actor(desk.clinic, Role.PRESCRIBER)
    first, second, third, fourth, *_ = Visit.objects.filter(course=course).order_by("dose_number")
    late = third.due_on + timedelta(days=60)
    now = at(late, "18:00")
    for visit, day in ((first, MONDAY), (second, MONDAY + timedelta(days=14)), (third, late)):
        record_given(visit_id=visit.pk, given_on=day, actor=prescriber, now=now)
    again = propose_series(desk.actor, course.pk, now=now)
    assert again.moved
    moved = [line for line in again.lines if not line.stands]
    assert moved[0].visit.pk == fourth.pk
    assert moved[0].day is not None
    assert moved[0].day >= date(late.year + 1, late.month - 7, late.day)
    before = Booking.objects.get(visit=fourth, status="confirmed").period
    rows = [
        SeriesRow(visit_id=line.visit.pk, day=line.day, start=line.start)
        for line in moved if line.day is not None
    ]  # fmt: skip
    book_series(course_id=course.pk, rows=rows, actor=desk.actor, now=now)
    assert Booking.objects.get(visit=fourth, status="confirmed").period.lower > before.lower
    assert not propose_series(desk.actor, course.pk, now=now).moved


@pytest.mark.django_db
def test_a_pinned_day_is_kept_and_the_rest_follows(desk: Desk) -> None:
    course = desk.course()
    third = Visit.objects.get(course=course, dose_number=3)
    chosen = date(2026, 9, 16)
    series = propose(desk, course, pinned={third.pk: chosen})
    assert series.lines[2].day == chosen
    assert series.lines[3].window.due == date(2027, 3, 16)


@pytest.mark.django_db
def test_wishes_hold_for_every_dose(desk: Desk) -> None:
    wishes = Wishes(weekdays=frozenset([1]), half="morning")
    series = propose(desk, desk.course(first=MONDAY + timedelta(days=1)), wishes=wishes)
    assert {line.day.weekday() for line in series.lines if line.day} == {1}


@pytest.mark.django_db
def test_a_dose_nobody_is_rostered_for_stays_open_with_the_reason() -> None:
    desk = make_desk()  # nurses for twelve weeks only
    series = propose(desk, desk.course())
    first, second, third, *_ = series.lines
    assert first.day
    assert second.day
    assert third.day is None
    assert "No nurses are on duty that day." in third.words
    assert "A nurse on duty" in third.words
    made = save(desk, series.course, rows_of(series))
    assert len(made) == 2


@pytest.mark.django_db
def test_a_course_that_ended_or_waits_for_a_prescriber_proposes_nothing(desk: Desk) -> None:
    course = desk.course()
    Course.objects.filter(pk=course.pk).update(status="stopped", ended_on=MONDAY)
    assert propose(desk, course).why == "This course has ended."
    gone = desk.course(desk.patient("GAP"), first=MONDAY - timedelta(days=700))
    Visit.objects.filter(course=gone, dose_number=1).update(
        status="completed", given_on=MONDAY - timedelta(days=700)
    )
    assert "the prescriber chooses" in propose(desk, gone).why


@pytest.mark.django_db
def test_no_time_of_a_series_is_one_at_which_the_patient_sits_elsewhere(desk: Desk) -> None:
    course = desk.course()
    bare = propose(desk, course).lines[0]
    assert bare.start is not None
    asked = AskedFor(purpose=Visit.Purpose.BLOOD_TEST, minutes=30, first=MONDAY, last=MONDAY)
    blood = ask_for_visit(patient_id=course.patient_id, asked=asked, actor=desk.actor, now=NOW)
    book(visit_id=blood.pk, chair_id=desk.chairs[2], start=bare.start, actor=desk.actor, now=NOW)
    series = propose(desk, course)
    assert (series.lines[0].day, bare.day) == (MONDAY, MONDAY)
    assert series.lines[0].start not in {bare.start, None}
    assert len(save(desk, course, rows_of(series))) == len(series.lines)


@pytest.mark.django_db
def test_a_series_costs_the_same_queries_whatever_is_booked(desk: Desk) -> None:
    course = desk.course()
    costs = []
    for n in range(2):
        with CaptureQueriesContext(connection) as seen:
            propose(desk, course)
        costs.append(len(seen))
        desk.book(desk.visit(mrn=f"M{n}"), MONDAY, chair=n)
    assert costs[0] == costs[1] <= 14


@pytest.mark.django_db
def test_rows_that_make_no_sense_are_refused(desk: Desk) -> None:
    course = desk.course()
    rows = rows_of(propose(desk, course))
    with pytest.raises(Invalid):
        save(desk, course, [])
    with pytest.raises(Invalid):
        save(desk, course, [rows[0], rows[0]])
    with pytest.raises(Invalid, match="on its day"):
        save(desk, course, [SeriesRow(visit_id=rows[0].visit_id, day=MONDAY, start=at(NOW.date()))])
    other = desk.visit(mrn="OTHER")
    with pytest.raises(Conflict, match="given or cancelled"):
        save(desk, course, [SeriesRow(visit_id=other.pk, day=MONDAY)])
    stranger = make_desk("south")
    with pytest.raises(NotFound):
        propose_series(stranger.actor, course.pk, now=NOW)
    with pytest.raises(NotFound):
        book_series(course_id=course.pk, rows=rows, actor=stranger.actor, now=NOW)
    with pytest.raises(Forbidden):
        book_series(
            course_id=course.pk, rows=rows, actor=make_actor(desk.clinic, Role.NURSE), now=NOW
        )


# Two schedulers, the same times


def two_series(desk: Desk, doses: int = 3) -> list[Callable[[], object]]:
    """Two patients proposed the very same days, with one nurse to start them."""
    Shift.objects.update(nurses=1)
    jobs: list[Callable[[], object]] = []
    for mrn in ("A", "B"):
        course = desk.course(desk.patient(mrn))
        rows = rows_of(propose(desk, course))[:doses]
        ClinicDay.objects.bulk_create(
            [ClinicDay(clinic=desk.clinic, date=row.day, updated_at=NOW) for row in rows],
            ignore_conflicts=True,
        )
        chair = desk.chairs["AB".index(mrn)]
        rows = [
            SeriesRow(visit_id=row.visit_id, day=row.day, start=row.start, chair_id=chair)
            for row in rows
        ]
        jobs.append(partial(save, desk, course, rows))
    return jobs


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(placement, "day_as_locked", meeting(placement.day_as_locked))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_series_for_one_nurse_one_is_saved_whole_the_other_not_at_all(
    meet: Callable[[], None],
) -> None:
    desk = a_desk()
    jobs = two_series(desk)
    meet()
    results = race(*jobs)
    refused = [each for each in results if isinstance(each, Refusal)]
    assert len(refused) == 1
    assert "Dose 1" in refused[0].message
    booked = [Booking.objects.filter(patient=each).count() for each in Patient.objects.all()]
    assert sorted(booked) == [0, 3]
    assert overlaps() == 0


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_without_the_day_lock_both_are_saved_and_one_nurse_starts_two(
    meet: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the lock of the days is what keeps the nurse to one start."""
    desk = a_desk()
    jobs = two_series(desk, doses=1)
    lift_locks(monkeypatch, days)
    meet()
    assert not [each for each in race(*jobs) if isinstance(each, Refusal)]
    assert Booking.objects.count() == 2
