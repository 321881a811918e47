"""What a patient is told when the clinic, not the patient, moves or cancels a visit; and whom the
schedulers telephone instead, because no message may be written to them."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.display import clinical_time, patient_date
from reminders.kinds import Context, Kind, Message, register
from reminders.letters import letter
from scheduling.models import Booking

MOVED, CANCELLED = "moved.patient", "cancelled.patient"
MOVED_CALL, CANCELLED_CALL = "moved.call", "cancelled.call"
CALLS = (MOVED_CALL, CANCELLED_CALL)
KINDS = (MOVED, CANCELLED, *CALLS)

Still = Callable[[Context], Booking | None]
_LABELS = {
    MOVED: gettext_lazy("Visit moved: to the patient"),
    CANCELLED: gettext_lazy("Visit cancelled: to the patient"),
    MOVED_CALL: gettext_lazy("Telephone the patient: the visit has moved"),
    CANCELLED_CALL: gettext_lazy("Telephone the patient: the visit is cancelled"),
}


def register_kinds() -> None:
    """Make these kinds known; called when the app starts."""
    register(Kind(name=MOVED, label=_LABELS[MOVED], compose=_moved))
    register(Kind(name=CANCELLED, label=_LABELS[CANCELLED], compose=_cancelled))
    for name, still in ((MOVED_CALL, still_moved), (CANCELLED_CALL, still_cancelled)):
        register(Kind(name=name, label=_LABELS[name], compose=partial(_call, name, still)))


def still_moved(context: Context) -> Booking | None:
    """Return the booking when it stands at a time still to come."""
    return Booking.objects.filter(
        pk=context.subject_id, period__startswith__gt=context.now,
        status__in=[Booking.Status.PROPOSED, Booking.Status.CONFIRMED],
    ).first()  # fmt: skip


def still_cancelled(context: Context) -> Booking | None:
    """Return the booking when it is cancelled and its dose has no other."""
    ended = Booking.objects.select_related("clinic_day").filter(
        pk=context.subject_id, status=Booking.Status.CANCELLED
    )
    return ended.exclude(visit__bookings__status__in=Booking.ACTIVE).first()


def _moved(context: Context) -> Message | None:
    booking = still_moved(context)
    if booking is None:
        return None
    told = _("your visit has been moved. It is now on %(day)s at %(time)s.")
    sorry = _("We are sorry for the change. Please call us if this time does not suit you.")
    return letter(context.clinic, [told % _when(booking.period.lower, context), sorry])


def _cancelled(context: Context) -> Message | None:
    booking = still_cancelled(context)
    if booking is None:
        return None
    if booking.period is None:
        told = _("your visit on %(day)s cannot take place.") % {
            "day": patient_date(booking.clinic_day.date, ZoneInfo(context.clinic.time_zone))
        }
    else:
        told = _("your visit on %(day)s at %(time)s cannot take place.") % _when(
            booking.period.lower, context
        )
    return letter(context.clinic, [told, _("We are sorry. Please call us to arrange a new time.")])


def _call(name: str, still: Still, context: Context) -> Message | None:
    return Message(str(_LABELS[name])) if still(context) else None


def _when(instant: datetime, context: Context) -> dict[str, str]:
    zone = ZoneInfo(context.clinic.time_zone)
    return {"day": patient_date(instant, zone), "time": clinical_time(instant, zone)}
