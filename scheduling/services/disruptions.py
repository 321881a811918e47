"""Writing down what happened to a day, and that it is over. No booking moves here: those that
cannot stay are found from the rows (`disruption.affected`) and shown until somebody decides."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Absence, ChairOutage, Clinic, Closure
from clinics.permissions import DISRUPTIONS_RECORD
from clinics.selectors import clinic_by_id
from core import audit
from core.actor import Actor
from core.db import command, joins, refusing
from core.errors import Conflict, NotFound
from scheduling.disruption.checking import checked
from scheduling.disruption.what import ChairOut, Closing, Disruption, days_between
from scheduling.models import ClinicDay
from scheduling.services.days import lock_days, read_hours, rewrite_summary

Written = Closure | ChairOutage | Absence


@command
def record_disruption(*, what: Disruption, actor: Actor, now: datetime) -> Written:
    """Write that a day is closed, a chair out of use or nurses away. Every booking stays.

    Raises Invalid for what makes no sense or is over, NotFound for another clinic's chair or
    nurse, Conflict when it is written down already.
    """
    actor.require(DISRUPTIONS_RECORD)
    clinic = clinic_by_id(actor.clinic_id)
    what = checked(clinic, what, now)
    days = lock_days(clinic, what.days(clinic.time_zone), now=now)
    return write_disruption(clinic, what, days, actor=actor, now=now)


@joins
def write_disruption(
    clinic: Clinic,
    what: Disruption,
    days: Mapping[date, ClinicDay],
    *,
    actor: Actor,
    now: datetime,
) -> Written:
    """Write `what`, which is checked and whose days are locked, and what it leaves of them."""
    touched = {day: days[day] for day in what.days(clinic.time_zone)}
    row = _row_of(clinic, what)
    with refusing(
        closure_day_once=Conflict("That day is closed already."),
        chair_outage_once=Conflict("That chair is out of use in part of that time already."),
        absence_nurse_once=Conflict("That absence is written down already."),
    ):
        row.save(force_insert=True)
    _after(clinic, touched, now)
    audit.record(
        _ACTIONS[type(row)][0], row, actor=actor, now=now, days=[min(touched), max(touched)]
    )
    return row


def _row_of(clinic: Clinic, what: Disruption) -> Written:
    if isinstance(what, Closing):
        return Closure(clinic=clinic, date=what.day, reason=what.reason)
    if isinstance(what, ChairOut):
        period = DateTimeTZRange(what.starts, what.ends)
        return ChairOutage(chair_id=what.chair_id, period=period, reason=what.reason)
    return Absence(
        clinic=clinic, date=what.day, starts=what.starts, ends=what.ends, nurse_id=what.nurse_id,
        nurses=what.nurses, reason=what.reason,
    )  # fmt: skip


def _after(clinic: Clinic, days: Mapping[date, ClinicDay], now: datetime) -> None:
    """Write the summaries of locked days anew, from the hours and nurses there are now."""
    read_hours(clinic, days)
    for day in sorted(days):
        rewrite_summary(days[day], clinic, now=now)


@command
def reopen_day(*, closure_id: UUID, actor: Actor, now: datetime) -> None:
    """Take a closure back. Raises NotFound when there is none, or it is another clinic's."""
    actor.require(DISRUPTIONS_RECORD)
    closure = Closure.objects.filter(pk=closure_id, clinic_id=actor.clinic_id).first()
    if closure is None:
        raise NotFound
    _take_back(closure, [closure.date], actor=actor, now=now)


@command
def back_on_duty(*, absence_id: UUID, actor: Actor, now: datetime) -> None:
    """Take an absence back: the nurse is there after all. Raises NotFound when there is none."""
    actor.require(DISRUPTIONS_RECORD)
    absence = Absence.objects.filter(pk=absence_id, clinic_id=actor.clinic_id).first()
    if absence is None:
        raise NotFound
    _take_back(absence, [absence.date], actor=actor, now=now)


@command
def chair_back(*, outage_id: UUID, actor: Actor, now: datetime) -> None:
    """A chair is in use again: an outage that has begun ends now, one to come is taken back.

    Raises NotFound when there is none, Conflict when it is over already.
    """
    actor.require(DISRUPTIONS_RECORD)
    outage = ChairOutage.objects.filter(pk=outage_id, chair__clinic_id=actor.clinic_id).first()
    if outage is None:
        raise NotFound
    period = outage.period
    if period.upper is not None and period.upper <= now:
        raise Conflict("That chair is in use again already.")
    if period.lower is None or period.lower < now:
        _end_now(outage, actor, now)
    else:
        zone = clinic_by_id(actor.clinic_id).time_zone
        first, last = days_between(period.lower, period.upper or period.lower, zone)
        _take_back(outage, [first, last], actor=actor, now=now)


def _end_now(outage: ChairOutage, actor: Actor, now: datetime) -> None:
    outage.period = DateTimeTZRange(outage.period.lower, now)
    outage.save(update_fields=["period"])
    audit.record("chair.back_in_use", outage, actor=actor, now=now)


def _take_back(row: Written, dates: Iterable[date], *, actor: Actor, now: datetime) -> None:
    """Remove a row under the lock of its days; whoever was faster has removed it already."""
    clinic = clinic_by_id(actor.clinic_id)
    days = lock_days(clinic, dates, now=now)
    audit.record(_ACTIONS[type(row)][1], row, actor=actor, now=now, days=sorted(days))
    gone, _ = row.delete()
    if not gone:
        raise NotFound
    _after(clinic, days, now)


_ACTIONS: Mapping[type[Written], tuple[str, str]] = {
    Closure: ("clinic.day_closed", "clinic.day_reopened"),
    ChairOutage: ("chair.out_of_use", "chair.back_in_use"),
    Absence: ("nurses.away", "nurses.back"),
}
