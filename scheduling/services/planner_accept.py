"""Accepting a plan: all its chosen times in one transaction, on locked days, or none of them.

The plan was made from rows read without locks. So the days it changes are locked and read again,
and only while each has the fingerprint it was planned from does the plan still hold. What happens
on the other days of a fortnight meanwhile is nothing to them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F

from clinics.models import Clinic
from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command, refusing
from core.errors import Conflict, Invalid, NotFound, RuleBroken, Stale
from core.locks import lock_rows
from patients.models import Patient
from scheduling.capacity import Day, fits, load_of, with_load
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.days import bookings_of, capacity, openings
from scheduling.grid import MINUTES
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.placement import period_end, refuse_past
from scheduling.plan_input import Options, collect_days, staying_on
from scheduling.plan_result import MOVES
from scheduling.planner_model import PlannerRun
from scheduling.reminder_plans import plan_booking
from scheduling.services.days import lock_days, rewrite_summary
from scheduling.services.placing import Wanted, put_in_chair
from scheduling.services.stamps import save
from scheduling.summary import phases_of

TOGETHER = "Accept the plan as a whole, or plan again."
Line = Mapping[str, Any]  # one of the result's rows


@dataclass(frozen=True, slots=True)
class _Taken:
    """What acceptance has locked."""

    clinic: Clinic
    days: Mapping[date, ClinicDay]
    bookings: Mapping[UUID, Booking]
    courses: Mapping[UUID, CourseInHand]  # by visit: doses that get a booking
    doses: Mapping[UUID, int]  # the versions of those doses


@command
def accept_plan(
    *,
    run_id: UUID,
    chosen: Collection[str] | None = None,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> PlannerRun:
    """Give the visits of a finished run their planned times; `chosen` names some of its rows.

    Promised times stay as the run's options say. Raises Stale when anything the plan rests on has
    changed, or the run itself since `version`; Conflict when the run is not waiting for this;
    RuleBroken when the chosen rows do not fit without the others.
    """
    actor.require(BOOKINGS_CHANGE)
    run = PlannerRun.objects.filter(pk=run_id, clinic_id=actor.clinic_id).first()
    if run is None:
        raise NotFound
    if version not in {None, run.version}:
        raise Stale("This plan has changed since you saw it. Look again, then decide.")
    lines = _chosen(run, chosen)
    _close(run, now)
    taken = _take(run, lines, now)
    _refuse_changed(run, lines, taken, now)
    moves = [line for line in lines if line["booking"]]
    _refuse_misfits(taken, moves, Options(**run.options), now)
    _move(taken, moves, run, actor=actor, now=now)
    _book(taken, [line for line in lines if not line["booking"]], actor=actor, now=now)
    audit.record("plan.accepted", run, actor=actor, now=now, rows=len(lines))
    return PlannerRun.objects.get(pk=run.pk)


def _refuse_changed(run: PlannerRun, lines: Sequence[Line], taken: _Taken, now: datetime) -> None:
    """Raise Stale unless the days and the new doses are as the plan found them."""
    found = collect_days(taken.clinic, sorted(taken.days), Options(**run.options), now=now)
    planned = {date.fromisoformat(day["date"]): day.get("digest") for day in run.result["days"]}
    for day in _by_day(lines):
        if day not in found.digests or found.digests[day] != planned[day]:
            raise Stale("Something of these days has changed since the plan was made. Plan again.")
    for line in lines:
        dose = None if line["booking"] else UUID(line["visit"])
        if dose is not None and taken.doses.get(dose) != line["version"]:
            raise Stale("One of these doses has changed since the plan was made. Plan again.")


def _chosen(run: PlannerRun, chosen: Collection[str] | None) -> list[Line]:
    if run.status != PlannerRun.Status.DONE:
        raise Conflict("This plan is not waiting to be accepted.")
    changes = [line for line in run.result["rows"] if line["what"] in MOVES]
    lines = [line for line in changes if chosen is None or line["id"] in chosen]
    if chosen is not None and len(lines) != len(set(chosen)):
        raise Invalid("Choose rows of this plan.", {"rows": ["Some are not in this plan."]})
    if not lines:
        raise Invalid("Nothing to accept.", {"rows": ["Choose at least one."]})
    return lines


def _close(run: PlannerRun, now: datetime) -> None:
    """Mark the run accepted. The first of two wins: the other waits here as for any lock, and then
    finds it taken."""
    mine = PlannerRun.objects.filter(pk=run.pk, status=PlannerRun.Status.DONE).update(
        status=PlannerRun.Status.ACCEPTED, accepted_at=now, version=F("version") + 1
    )
    if not mine:
        raise Conflict("Somebody has just accepted this plan.")


def _take(run: PlannerRun, lines: Sequence[Line], now: datetime) -> _Taken:
    """Lock everything acceptance touches, in the documented order."""
    doses = [line["visit"] for line in lines if not line["booking"]]
    seen = Course.objects.filter(visits__in=doses)
    lock_rows(Patient.objects.filter(pk__in=list(seen.values_list("patient", flat=True))))
    dates = {*_by_day(lines), *_booked_days(seen)}
    clinic = Clinic.objects.get(pk=run.clinic_id)
    days = lock_days(clinic, dates, now=now)
    courses = lock_rows(Course.objects.filter(pk__in=list(seen.values_list("pk", flat=True))))
    visits = lock_rows(Visit.objects.filter(pk__in=[line["visit"] for line in lines]))
    bookings = lock_rows(
        Booking.objects.filter(
            clinic_day__in=days.values(), status__in=Booking.ACTIVE
        ).select_related("clinic_day")
    )
    return _Taken(
        clinic, days, {one.pk: one for one in bookings}, _in_hand(courses, days, doses, now),
        {visit.pk: visit.version for visit in visits},
    )  # fmt: skip


def _booked_days(courses: Iterable[Course]) -> list[date]:
    booked = Booking.objects.filter(visit__course__in=courses, status__in=Booking.ACTIVE)
    return list(booked.values_list("clinic_day__date", flat=True))


def _in_hand(
    locked: Sequence[Course], days: dict[date, ClinicDay], doses: Sequence[str], now: datetime
) -> dict[UUID, CourseInHand]:
    pks = [course.pk for course in locked]
    courses = Course.objects.filter(pk__in=pks).select_related("clinic", "patient")
    wanted = {UUID(dose) for dose in doses}
    return {
        visit.pk: replace(held, days=days)
        for held in read_courses(list(courses), now=now)
        for visit in held.visits
        if visit.pk in wanted
    }


def _refuse_misfits(taken: _Taken, moves: Sequence[Line], options: Options, now: datetime) -> None:
    """Raise unless the moved bookings fit beside all that stay; nothing is written yet."""
    moving = {UUID(line["booking"]) for line in moves}
    for day, lines in _by_day(moves).items():
        place = _day_without(taken.clinic, day, moving, options)
        for line in lines:
            start, chair = datetime.fromisoformat(line["start"]), UUID(line["chair"])
            booking = taken.bookings[UUID(line["booking"])]
            if line["what"] != "chair":
                refuse_past(start, now)
            load = load_of(phases_of(booking, taken.clinic))
            slot = place.grid.minute(start) // MINUTES
            obstacles = fits(place, load, slot, chair)
            if obstacles:
                at = place.grid.label(slot)
                raise RuleBroken(f"{at}: {obstacles[0].words} {TOGETHER}", obstacles)
            place = with_load(place, load, slot, chair)


def _by_day(lines: Sequence[Line]) -> dict[date, list[Line]]:
    found: dict[date, list[Line]] = {}
    for line in lines:
        found.setdefault(date.fromisoformat(line["day"]), []).append(line)
    return found


def _day_without(clinic: Clinic, day: date, moving: Collection[UUID], options: Options) -> Day:
    """Return the day as those meet it who are moving, open as long as the plan was allowed."""
    opening = openings(clinic, [day])[day]
    bookings = [one for one in bookings_of(clinic.pk, [day])[day] if one.pk not in moving]
    place = capacity(clinic, opening, bookings)
    until = min(place.open.stop + options.overtime_minutes // MINUTES, place.grid.count)
    nurses = staying_on(place.nurses, place.open.stop, until)
    return replace(place, open=range(place.open.start, until), nurses=nurses)


def _move(
    taken: _Taken, moves: Sequence[Line], run: PlannerRun, *, actor: Actor, now: datetime
) -> None:
    """Write the new places. All are lifted first: two visits may swap chairs."""
    lifted = [UUID(line["booking"]) for line in moves]
    Booking.objects.filter(pk__in=lifted).update(
        status=Booking.Status.DAY_HELD, chair=None, period=None
    )
    for line in moves:
        booking = taken.bookings[UUID(line["booking"])]
        start = datetime.fromisoformat(line["start"])
        booking.chair_id = UUID(line["chair"])
        booking.period = DateTimeTZRange(start, period_end(booking, start))
        if booking.status == Booking.Status.DAY_HELD:
            booking.status = Booking.Status.PROPOSED
        with refusing(
            booking_chair_free=RuleBroken(f"That chair is taken. {TOGETHER}"),
            booking_patient_free=Conflict("A patient is in another chair at that time."),
        ):
            save(booking, "chair", "period", "status", now=now)
    for day in _by_day(moves):
        rewrite_summary(taken.days[day], taken.clinic, now=now)
    for line in moves:
        booking = taken.bookings[UUID(line["booking"])]
        plan_booking(booking, now=now)
        audit.record(
            "booking.moved", booking, actor=actor, now=now, patient_id=booking.patient_id,
            status=booking.status, day=booking.clinic_day.date, start=booking.period.lower,
            plan=run.pk,
        )  # fmt: skip


def _book(taken: _Taken, lines: Sequence[Line], *, actor: Actor, now: datetime) -> None:
    """Book the doses that had nothing, with a time proposed, under every rule of `book`."""
    wanted = Wanted(status=Booking.Status.PROPOSED)
    for line in lines:
        held = taken.courses[UUID(line["visit"])]
        visit = held.visit(UUID(line["visit"]))
        put_in_chair(
            held, visit, chair_id=UUID(line["chair"]),
            start=datetime.fromisoformat(line["start"]), wanted=wanted, actor=actor, now=now,
        )  # fmt: skip
