"""The desk against a simple model of it: whatever is done in whatever order, both allow the same.

Hypothesis acts at random on a long day and a short one: book, hold, confirm, move, cancel, arrive,
give, no-show, some for a dose and some for none; the clinic closes and opens again,
chairs break and are mended, time goes by. After every act each booking stands where the model says,
and in the end every day adds up.

A few runs go with the other tests; BATTERY=full (`make battery`) is 500 runs of 50 acts.
"""

import os
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clinics.models import ChairOutage, Closure
from core.actor import Actor
from core.db import command
from core.errors import Refusal
from scheduling.days import recompute_summaries
from scheduling.disruption.what import Closing
from scheduling.models import Booking, Visit
from scheduling.services import bookings, dosing
from scheduling.services.ad_hoc import AskedFor, ask_for_visit, drop_visit, end_visit
from scheduling.services.attendance import complete_visit
from scheduling.services.desk import take_dose
from scheduling.services.disruptions import record_disruption, reopen_day
from tests.scheduling.builders import MONDAY, Desk, at, make_desk, system
from tests.scheduling.desk_oracle import (
    AD_HOC,
    ARRIVED,
    CHAIRS,
    CONFIRMED,
    NURSES,
    POINTS_PER_NURSE,
    PROPOSED,
    Oracle,
)

pytestmark = pytest.mark.django_db

FULL = os.environ.get("BATTERY") == "full"
RUNS, STEPS = (500, 50) if FULL else (6, 25)
PATIENTS, AD_HOC_PATIENTS, DAYS = 8, 2, 2

patients = st.integers(0, PATIENTS - 1)
days = st.integers(0, DAYS - 1)
chairs = st.integers(0, CHAIRS - 1)
# Too early, at opening, a little later, just before and just after a chair is free again, too late.
starts = st.sampled_from([480] * 5 + [450, 495, 540, 555, 570, 765, 780, 795, 810])


mostly = st.sampled_from([True, True, True, False])


@command
def give_at_the_chair(*, visit_id: Any, actor: Actor, now: datetime) -> None:
    """What the infusion room does to a visit between the arrival and the end, in one step."""
    held, visit = take_dose(visit_id, actor=actor, now=now)
    dosing.mark_given(held, visit, given_on=held.today, actor=actor, now=now)
    complete_visit(held, visit, actor=actor, now=now)


def ask(desk: Desk, mrn: str, day: date) -> Visit:
    """Ask for a visit that is no dose, as long as the model's."""
    asked = AskedFor(purpose="examination", minutes=AD_HOC.care, first=day, last=day)
    now = at(day, "07:00")
    patient_id = desk.patient(mrn).pk
    return ask_for_visit(patient_id=patient_id, asked=asked, actor=system(desk.clinic), now=now)


class DeskMachine(RuleBasedStateMachine):
    """The program and the model side by side."""

    desk: Desk
    enrolled: list[Visit]

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = transaction.savepoint()
        self.model = Oracle()
        self.visits = list(self.enrolled)
        self.model.ad_hoc = {n for n, visit in enumerate(self.visits) if visit.is_ad_hoc}
        self.count = PATIENTS

    def teardown(self) -> None:
        first, last = MONDAY, MONDAY + timedelta(days=DAYS - 1)
        try:
            assert recompute_summaries(self.desk.clinic, first, last) == []
        finally:
            transaction.savepoint_rollback(self.sandbox)

    @initialize(
        day=days, wishes=st.lists(st.tuples(mostly, chairs, starts), min_size=2, max_size=7)
    )  # fmt: skip
    def a_day_already_filled(self, day: int, wishes: list[tuple[bool, int, int]]) -> None:
        for patient, (timed, chair, start) in enumerate(wishes):
            if timed:
                self.book(patient=patient, day=day, chair=chair, start=start, status=PROPOSED)
            else:
                self.hold_day(patient=patient, day=day)

    # The acts. The model says first whether it allows one, and lets it happen; then the desk does.

    @rule(
        patient=patients, day=days, chair=chairs, start=starts,
        status=st.sampled_from([PROPOSED, CONFIRMED]),
    )  # fmt: skip
    def book(self, patient: int, day: int, chair: int, start: int, status: str) -> None:
        allowed = self.model.book(patient, day, (chair, start), status)
        place, visit = self._place(day, chair, start), self.visits[patient].pk
        assert self._does(bookings.book, visit_id=visit, status=status, **place) == allowed

    @precondition(lambda self: self.timed and len(self.model.seats) < PATIENTS)
    @rule(data=st.data(), count=st.integers(1, 3))
    def crowd(self, data: st.DataObject, count: int) -> None:
        """Book others beside somebody, at about the same time: that is where room runs out."""
        for _ in range(count):
            free = sorted(set(range(PATIENTS)) - set(self.model.seats))
            if not free or not self.timed:
                return
            day, start = data.draw(st.sampled_from(self.timed))
            later = data.draw(st.sampled_from([0, 0, -15, 15, 60]))
            self.book(
                patient=data.draw(st.sampled_from(free)), day=day, chair=data.draw(chairs),
                start=start + later, status=PROPOSED,
            )  # fmt: skip

    @rule(patient=patients, day=days)
    def hold_day(self, patient: int, day: int) -> None:
        allowed = self.model.hold(patient, day)
        visit = self.visits[patient].pk
        assert self._does(bookings.hold_day, visit_id=visit, day=_date(day)) == allowed

    @rule(patient=patients, day=days, chair=chairs, start=starts)
    def move(self, patient: int, day: int, chair: int, start: int) -> None:
        allowed = self.model.move(patient, day, (chair, start))
        version = getattr(self._booking(patient), "version", None)
        place = self._place(day, chair, start)
        assert self._changes(patient, bookings.move, version=version, **place) == allowed

    @property
    def timed(self) -> list[tuple[int, int]]:
        """The days and times at which somebody is booked."""
        return sorted((seat.day, seat.at[1]) for seat in self.model.seats.values() if seat.at)

    @precondition(lambda self: self.timed)
    @rule(data=st.data(), chair=chairs)
    def change_chairs(self, data: st.DataObject, chair: int) -> None:
        timed = {who: seat for who, seat in self.model.seats.items() if seat.at}
        patient = data.draw(st.sampled_from(sorted(timed)))
        _, start = timed[patient].at or (0, 0)
        self.move(patient=patient, day=timed[patient].day, chair=chair, start=start)

    @rule(patient=patients)
    def confirm(self, patient: int) -> None:
        allowed = self.model.confirm(patient)
        assert self._changes(patient, bookings.confirm) == allowed

    @rule(patient=patients)
    def cancel(self, patient: int) -> None:
        allowed = self.model.cancel(patient)
        assert self._changes(patient, bookings.cancel, reason="Ill") == allowed

    @rule(patient=patients)
    def arrive(self, patient: int) -> None:
        allowed = self.model.arrive(patient)
        assert self._changes(patient, bookings.mark_arrived) == allowed

    @rule(patient=patients)
    def take_back_arrival(self, patient: int) -> None:
        allowed = self.model.unarrive(patient)
        assert self._changes(patient, bookings.undo_arrived) == allowed

    @rule(patient=patients)
    def no_show(self, patient: int) -> None:
        allowed = self.model.no_show(patient)
        assert self._changes(patient, bookings.mark_no_show) == allowed

    @precondition(lambda self: len(self.model.seats) > PATIENTS // 2)
    @rule(patient=patients)
    def give(self, patient: int) -> None:
        """At the chair to who has arrived, elsewhere to anybody else; then somebody new comes."""
        if patient in self.model.ad_hoc:
            return
        seat, visit = self.model.seats.pop(patient, None), self.visits[patient].pk
        if seat is not None and seat.status == ARRIVED:
            assert self._does(give_at_the_chair, visit_id=visit)
        else:
            today = _date(self.model.today)
            assert self._does(dosing.record_given, visit_id=visit, given_on=today)
        self.count += 1
        self.visits[patient] = self.desk.visit(f"P{self.count}")

    @rule(data=st.data())
    def end_or_drop(self, data: st.DataObject) -> None:
        """Who came for no dose leaves, who has not come need not; then somebody new is asked."""
        patient = data.draw(st.sampled_from(sorted(self.model.ad_hoc)))
        seat, visit = self.model.seats.pop(patient, None), self.visits[patient].pk
        if seat is not None and seat.status == ARRIVED:
            booking = Booking.objects.get(visit=visit, status__in=Booking.ACTIVE)
            assert self._does(end_visit, booking_id=booking.pk)
        else:
            assert self._does(drop_visit, visit_id=visit, reason="Not needed")
        self.count += 1
        self.visits[patient] = ask(self.desk, f"P{self.count}", _date(self.model.today))

    # What happens to the clinic

    @rule(day=days)
    def close_or_reopen(self, day: int) -> None:
        closures = Closure.objects.filter(clinic=self.desk.clinic, date=_date(day))
        person = self.desk.actor
        if day in self.model.closed:
            assert self._does(reopen_day, closure_id=closures.get().pk, actor=person)
            self.model.closed -= {day}
            return
        flood = Closing(day=_date(day), reason="Flood")
        allowed = self._does(record_disruption, what=flood, actor=person)
        assert allowed == (day >= self.model.today)
        if day >= self.model.today:
            self.model.closed |= {day}

    @rule(day=days, chair=chairs, first=st.integers(28, 68), length=st.integers(1, 20))
    def break_or_mend_a_chair(self, day: int, chair: int, first: int, length: int) -> None:
        if self.model.out.pop((day, chair), None) is not None:
            noon = _instant(day, 0)
            ChairOutage.objects.filter(
                chair=self.desk.chairs[chair],
                period__overlap=DateTimeTZRange(noon, noon + timedelta(days=1)),
            ).delete()
            return
        span = first * 15, (first + length) * 15
        self.model.out[day, chair] = span
        ChairOutage.objects.create(
            chair_id=self.desk.chairs[chair], reason="Broken",
            period=DateTimeTZRange(_instant(day, span[0]), _instant(day, span[1])),
        )  # fmt: skip

    @precondition(lambda self: self.model.today < DAYS - 1 or self.model.minute < 20 * 60)
    @rule(minutes=st.sampled_from([10, 45, 150, 400]))
    def time_goes_by(self, minutes: int) -> None:
        self.model.minute += minutes
        if self.model.minute > 20 * 60:
            self.model.minute = 7 * 60 if self.model.today < DAYS - 1 else 20 * 60
            self.model.today = min(self.model.today + 1, DAYS - 1)

    # The comparison

    @invariant()
    def every_booking_stands_where_the_model_says(self) -> None:
        rows = Booking.objects.filter(clinic=self.desk.clinic, status__in=Booking.ACTIVE)
        columns = ("visit_id", "status", "clinic_day__date", "chair_id", "period__startswith")
        found = {visit: rest for visit, *rest in rows.values_list(*columns)}
        assert found == {
            self.visits[patient].pk: [
                seat.status, _date(seat.day),
                self.desk.chairs[seat.at[0]] if seat.at else None,
                _instant(seat.day, seat.at[1]) if seat.at else None,
            ]
            for patient, seat in self.model.seats.items()
        }  # fmt: skip

    def _place(self, day: int, chair: int, start: int) -> dict[str, Any]:
        return {"chair_id": self.desk.chairs[chair], "start": _instant(day, start)}

    def _booking(self, patient: int) -> Booking | None:
        active = Booking.objects.filter(visit=self.visits[patient], status__in=Booking.ACTIVE)
        return active.first()

    def _changes(self, patient: int, act: Callable[..., object], **more: Any) -> bool:
        """Do something to the patient's booking; without one there is nothing to press."""
        booking = self._booking(patient)
        return booking is not None and self._does(act, booking_id=booking.pk, **more)

    def _does(self, act: Callable[..., object], **more: Any) -> bool:
        """Do it; return whether it was allowed. Why not is noted for who reads a failure."""
        now = _instant(self.model.today, self.model.minute)
        try:
            act(**{"actor": system(self.desk.clinic), "now": now, **more})
        except Refusal as refusal:
            note(f"refused: {refusal.message}")
            return False
        return True


def _date(day: int) -> date:
    return MONDAY + timedelta(days=day)


def _instant(day: int, minute: int) -> datetime:
    return at(_date(day), "00:00") + timedelta(minutes=minute)


def test_the_desk_allows_what_the_model_allows() -> None:
    DeskMachine.desk = make_desk(chairs=CHAIRS, nurses=NURSES, points_per_nurse=POINTS_PER_NURSE)
    short = MONDAY.weekday() + 1
    DeskMachine.desk.clinic.opening_hours.filter(weekday=short).update(closes=time(14))
    desk = DeskMachine.desk
    DeskMachine.enrolled = [
        ask(desk, f"P{n}", MONDAY) if n < AD_HOC_PATIENTS else desk.visit(f"P{n}")
        for n in range(PATIENTS)
    ]
    run_state_machine_as_test(
        DeskMachine,
        settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None, print_blob=True,
            phases=set(Phase) - {Phase.explain}, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
