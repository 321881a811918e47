"""What a booking and a visit cause to be told, and when it stops being true.

Each function belongs inside the command that made the change, after the rows are saved:

- a booking got a day or a time, was moved or confirmed: `plan_booking`
- a booking was cancelled, or nobody came: `void_booking`, then `plan_visit` once the visit is
  to be booked again
- visits appeared, or their dates moved: `plan_visit` or `plan_visits`
- a visit was given or cancelled: `void_visit`

Planning twice is harmless: what is planned already stays, what is no longer true is withdrawn.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from clinical import protocol
from clinics.models import Role
from core.db import joins
from core.zones import local_date
from reminders.models import Reminder
from reminders.policy import policy
from reminders.selectors import last_told
from reminders.services.planning import Planned, put_all, put_instead, void, void_all
from reminders.timing import next_wall_instant, start_of, wall_instant
from scheduling import reminder_kinds as kinds
from scheduling.change_plans import arrival_of, tell_moved, told_time
from scheduling.models import Booking, Course, Visit

_TIMED = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED, Booking.Status.ARRIVED)
_EMAIL, _BOARD = Reminder.Channel.EMAIL, Reminder.Channel.BOARD


@joins
def plan_booking(booking: Booking, *, now: datetime, is_new: bool = False) -> None:
    """Plan the patient's message of the day before and the nurse's premedication reminder.

    Replaces what was planned for an earlier time. Who has been told this very time is not told
    again: another chair is no news. Who has been told another time is told at once that it moved.
    The visit's reminders to book are withdrawn. A booking that `is_new` was made by this command,
    with its clinic, visit and course at hand: nothing was planned or told for it, and it is not
    read again.
    """
    timed = booking.status in _TIMED and booking.period is not None
    if is_new and timed:
        put_instead(
            _reminders(booking, now), of=booking.visit_id, kinds=kinds.TO_BOOK_KINDS, now=now
        )
        return
    if not is_new:
        void(subject_id=booking.pk, kinds=kinds.BOOKING_KINDS, now=now)
    if booking.status in Booking.ACTIVE:
        void(subject_id=booking.visit_id, kinds=kinds.TO_BOOK_KINDS, now=now)
    if timed:
        _plan_again(booking, now)


def _plan_again(booking: Booking, now: datetime) -> None:
    """Plan the reminders of a booking that had some, and tell who was told another time."""
    rows_with = Booking.objects.select_related("clinic", "patient", "visit__course")
    current = rows_with.get(pk=booking.pk)
    told = last_told(current.pk)
    in_writing = told_time(told)
    if in_writing and in_writing != arrival_of(current):
        tell_moved(current, current.patient, was=current.status, now=now)
    put_all(
        [
            row
            for row in _reminders(current, now)
            if _time_of(told.get(row.kind, "")) != _time_of(row.occurrence)
            # The word that it moved says all that a reminder of this very moment would.
            and not (in_writing and row.kind == kinds.DAY_BEFORE and row.due_at <= now)
        ],
        now=now,
    )


def _reminders(booking: Booking, now: datetime) -> list[Planned]:
    rows = [_day_before(booking, now)]
    if not booking.visit.is_ad_hoc:  # nothing is given before anything else
        rows.append(_window_opens(booking, now))
    return [row for row in rows if row.due_at < row.void_after]


@joins
def void_booking(booking: Booking, *, now: datetime) -> None:
    """Withdraw what was planned for a booking that is no longer held."""
    void(subject_id=booking.pk, kinds=kinds.BOOKING_KINDS, now=now)


@joins
def plan_visit(visit: Visit, *, now: datetime) -> None:
    """Plan what is told about one dose's due date; see plan_visits."""
    plan_visits([visit], now=now)


@joins
def plan_visits(visits: Sequence[Visit], *, now: datetime) -> None:
    """Plan, for each visit still to be booked, what schedulers and patient are told about it.

    Replaces what was planned for earlier dates. A booked visit keeps only the patient's
    invitation, whose words then give the time; any other visit keeps nothing.
    """
    ids = [visit.pk for visit in visits]
    void_all(subject_ids=ids, kinds=kinds.VISIT_KINDS, now=now)
    current = Visit.objects.filter(
        pk__in=ids, status__in=[Visit.Status.PLANNED, Visit.Status.BOOKED],
        course__status=Course.Status.ACTIVE,
    )  # fmt: skip
    rows = [
        row
        for visit in current.select_related("clinic", "course")
        for row in _of_visit(visit, now)
        if row.due_at < row.void_after
    ]
    put_all(rows, now=now)


@joins
def void_visit(visit: Visit, *, now: datetime) -> None:
    """Withdraw what was planned for a visit that is given, cancelled or stopped."""
    void(subject_id=visit.pk, kinds=kinds.VISIT_KINDS, now=now)


def _day_before(booking: Booking, now: datetime) -> Planned:
    """To the patient at a humane hour of the day before; at once when booked later than that."""
    zone = booking.clinic.time_zone
    day = local_date(_arrival(booking), zone) - timedelta(days=policy().visit_days_before)
    return _of_booking(
        booking, kinds.DAY_BEFORE, now, wall_instant(day, policy().mail_at, zone),
        _arrival(booking),
    )  # fmt: skip


def _window_opens(booking: Booking, now: datetime) -> Planned:
    """To the nurses when the first premedication may be given, until the line should run."""
    course = booking.visit.own_course
    rules = protocol.load(course.protocol, course.edition).premedication
    start = _arrival(booking) + timedelta(minutes=booking.premedication_minutes)
    opens = start - max(rules.steroid_earliest, rules.antihistamine_earliest)
    return _of_booking(
        booking, kinds.WINDOW_OPENS, now, max(opens, _arrival(booking)), start
    )  # fmt: skip


def _of_booking(
    booking: Booking, kind: str, now: datetime, due_at: datetime, void_after: datetime
) -> Planned:
    to_patient = kind == kinds.DAY_BEFORE
    return Planned(
        kind=kind,
        subject_id=booking.pk,
        occurrence=f"{arrival_of(booking)}.v{booking.version}",
        clinic_id=booking.clinic_id,
        patient_id=booking.patient_id,
        recipient_patient_id=booking.patient_id if to_patient else None,
        recipient_role="" if to_patient else Role.NURSE,
        channel=_EMAIL if to_patient else _BOARD,
        due_at=max(due_at, now),
        void_after=void_after,
    )


def _of_visit(visit: Visit, now: datetime) -> list[Planned]:
    course = visit.own_course
    dosing = protocol.load(course.protocol, course.edition).dosing
    maintenance = visit.nth_dose > dosing.initial_infusions
    rows = [_invitation(visit, now)] if maintenance else []
    if visit.status == Visit.Status.PLANNED:
        rows += _for_schedulers(visit, kinds.MAINTENANCE if maintenance else kinds.INITIAL, now)
    return rows


def _invitation(visit: Visit, now: datetime) -> Planned:
    """To the patient, some weeks before the due date; never at night, never after the date."""
    rules, zone = policy(), visit.clinic.time_zone
    day = visit.due_on - timedelta(weeks=rules.invite_weeks_before)
    due_at = wall_instant(day, rules.mail_at, zone)
    if due_at < now:
        due_at = next_wall_instant(now, rules.mail_at, zone)
    return _about(visit, kinds.MAINTENANCE.invite, due_at, start_of(visit.due_on, zone))


def _for_schedulers(visit: Visit, stage: kinds.Stage, now: datetime) -> list[Planned]:
    """To the schedulers: time to book; overdue; outside its window. Each follows the last."""
    rules, zone = policy(), visit.clinic.time_zone
    days = [
        visit.due_on - timedelta(weeks=rules.to_book_weeks_before),
        visit.due_on + timedelta(days=rules.overdue_days_after),
        visit.latest_on + timedelta(days=rules.window_days_after),
    ]
    begins = [wall_instant(day, rules.list_at, zone) for day in days]
    ends = [*begins[1:], begins[2] + timedelta(days=rules.overdue_useful_days)]
    names = (stage.to_book, stage.overdue, stage.outside_window)
    return [
        _about(visit, name, max(begin, now), end)
        for name, begin, end in zip(names, begins, ends, strict=True)
    ]


def _about(visit: Visit, kind: str, due_at: datetime, void_after: datetime) -> Planned:
    to_patient = kind == kinds.MAINTENANCE.invite
    return Planned(
        kind=kind,
        subject_id=visit.pk,
        # The version tells apart a dose that came back unbooked after a no-show.
        occurrence=f"{visit.due_on:%Y%m%d}.v{visit.version}",
        clinic_id=visit.clinic_id,
        patient_id=visit.patient_id,
        recipient_patient_id=visit.patient_id if to_patient else None,
        recipient_role="" if to_patient else Role.SCHEDULER,
        channel=_EMAIL if to_patient else _BOARD,
        due_at=due_at,
        void_after=void_after,
    )


def _arrival(booking: Booking) -> datetime:
    arrival: datetime = booking.period.lower
    return arrival


def _time_of(occurrence: str) -> str:
    return occurrence.partition(".")[0]
