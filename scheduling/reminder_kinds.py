"""What bookings and visits say when their reminder is due, and whether it is still true then."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.display import clinical_time, patient_date
from reminders.kinds import Context, Kind, Message, register
from reminders.letters import letter
from scheduling.models import Booking, Course, Visit


@dataclass(frozen=True, slots=True)
class Stage:
    """The names of what is told about a dose that is due; only maintenance has an invitation."""

    to_book: str
    overdue: str
    outside_window: str
    invite: str = ""


DAY_BEFORE = "premedication.patient"
WINDOW_OPENS = "premedication.nurse"
INITIAL = Stage("initial.to_book", "initial.overdue", "initial.outside_window")
MAINTENANCE = Stage(
    "maintenance.to_book", "maintenance.overdue", "maintenance.outside_window",
    "maintenance.invite",
)  # fmt: skip

BOOKING_KINDS = (DAY_BEFORE, WINDOW_OPENS)
TO_BOOK_KINDS = tuple(
    name for stage in (INITIAL, MAINTENANCE)
    for name in (stage.to_book, stage.overdue, stage.outside_window)
)  # fmt: skip
VISIT_KINDS = (*TO_BOOK_KINDS, MAINTENANCE.invite)

_ON_SCREEN = {
    WINDOW_OPENS: gettext_lazy("Premedication window opens"),
    INITIAL.to_book: gettext_lazy("First doses: time to book"),
    INITIAL.overdue: gettext_lazy("First doses: overdue and not booked"),
    INITIAL.outside_window: gettext_lazy("First doses: past the latest date and not booked"),
    MAINTENANCE.to_book: gettext_lazy("6-month dose: time to book"),
    MAINTENANCE.overdue: gettext_lazy("6-month dose: overdue and not booked"),
    MAINTENANCE.outside_window: gettext_lazy("6-month dose: past the latest date and not booked"),
}


def register_kinds() -> None:
    """Make this room's kinds known; called when the app starts."""
    register(
        Kind(
            name=DAY_BEFORE,
            label=gettext_lazy("Premedication: the day before, to the patient"),
            compose=_tell_the_day_before,
        )
    )
    register(
        Kind(
            name=MAINTENANCE.invite,
            label=gettext_lazy("6-month dose: invitation to the patient"),
            compose=_invite,
        )
    )
    register(Kind(name=WINDOW_OPENS, label=_ON_SCREEN[WINDOW_OPENS], compose=_window_opens))
    for name in TO_BOOK_KINDS:
        register(Kind(name=name, label=_ON_SCREEN[name], compose=partial(_still_unbooked, name)))


def _tell_the_day_before(context: Context) -> Message | None:
    booking = Booking.objects.filter(
        pk=context.subject_id, status=Booking.Status.CONFIRMED, period__startswith__gt=context.now
    ).first()
    if booking is None:
        return None
    sentences = [
        _("this is a reminder of your visit on %(day)s at %(time)s.")
        % _when(booking.period.lower, context),
        _("Please prepare for it as we agreed with you."),
    ]
    return letter(context.clinic, sentences)


def _window_opens(context: Context) -> Message | None:
    expected = Booking.objects.filter(
        pk=context.subject_id,
        status__in=[Booking.Status.CONFIRMED, Booking.Status.ARRIVED],
        visit__status__in=[Visit.Status.BOOKED, Visit.Status.ARRIVED],
    )
    return Message(str(_ON_SCREEN[WINDOW_OPENS])) if expected.exists() else None


def _invite(context: Context) -> Message | None:
    visit = Visit.objects.filter(
        pk=context.subject_id,
        status__in=[Visit.Status.PLANNED, Visit.Status.BOOKED],
        course__status=Course.Status.ACTIVE,
    ).first()
    if visit is None:
        return None
    booked = Booking.objects.filter(visit=visit, status__in=Booking.ACTIVE).first()
    if booked is None:
        zone = ZoneInfo(context.clinic.time_zone)
        due = _("your next visit with us is due around %(day)s.") % {
            "day": patient_date(visit.due_on, zone)
        }
        return letter(context.clinic, [due, _("Please contact us to arrange a time.")])
    if booked.status != Booking.Status.CONFIRMED or booked.period.lower <= context.now:
        return None
    told = _("your next visit with us is on %(day)s at %(time)s.")
    return letter(context.clinic, [told % _when(booked.period.lower, context)])


def _still_unbooked(name: str, context: Context) -> Message | None:
    unbooked = Visit.objects.filter(
        pk=context.subject_id,
        status=Visit.Status.PLANNED,
        course__status=Course.Status.ACTIVE,
        patient__deceased_on__isnull=True,
        patient__deceased_undated=False,
    )
    return Message(str(_ON_SCREEN[name])) if unbooked.exists() else None


def _when(instant: datetime, context: Context) -> dict[str, str]:
    zone = ZoneInfo(context.clinic.time_zone)
    return {"day": patient_date(instant, zone), "time": clinical_time(instant, zone)}
