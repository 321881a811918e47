"""What is told about an offer: to the patient that it stands, to the schedulers that it lapsed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Role
from core.db import joins
from core.display import clinical_time, patient_date
from reminders.kinds import Context, Kind, Message, register
from reminders.letters import letter
from reminders.models import Reminder
from reminders.services.planning import Planned, put_all, void
from scheduling.models import Offer

TO_PATIENT = "offer.patient"
LAPSED = "offer.lapsed"
USEFUL = timedelta(days=1)  # how long it helps to know that nobody answered

_LAPSED = gettext_lazy("Waitlist: an offer ended without an answer")


def register_kinds() -> None:
    """Make these kinds known; called when the app starts."""
    label = gettext_lazy("Waitlist: an offer, to the patient")
    register(Kind(name=TO_PATIENT, label=label, compose=_offered))
    register(Kind(name=LAPSED, label=_LAPSED, compose=_lapsed))


@joins
def plan_offer(offer: Offer, *, now: datetime) -> None:
    """Plan the patient's message, at once, and the schedulers' line for when nobody answers.

    Whether the patient agreed to messages is asked when one is sent.
    """
    hold = offer.hold
    told = Planned(
        kind=TO_PATIENT, subject_id=offer.pk, occurrence=f"{hold.period.lower:%Y%m%dT%H%MZ}",
        clinic_id=offer.clinic_id, patient_id=hold.patient_id,
        recipient_patient_id=hold.patient_id, channel=Reminder.Channel.EMAIL,
        due_at=now, void_after=offer.expires_at,
    )  # fmt: skip
    lapsed = Planned(
        kind=LAPSED, subject_id=offer.pk, occurrence=told.occurrence, clinic_id=offer.clinic_id,
        patient_id=hold.patient_id, recipient_role=Role.SCHEDULER,
        channel=Reminder.Channel.BOARD, due_at=offer.expires_at,
        void_after=offer.expires_at + USEFUL,
    )  # fmt: skip
    put_all([told, lapsed], now=now)


@joins
def void_offer(offer: Offer, *, now: datetime) -> None:
    """Withdraw what is not true any more: all of it, but for an offer that just lapsed."""
    lapsed = offer.state == Offer.State.EXPIRED
    kinds = (TO_PATIENT,) if lapsed else (TO_PATIENT, LAPSED)
    void(subject_id=offer.pk, kinds=kinds, now=now)


def _offered(context: Context) -> Message | None:
    offer = (
        Offer.objects.select_related("hold")
        .filter(pk=context.subject_id, state=Offer.State.OFFERED, expires_at__gt=context.now)
        .first()
    )
    if offer is None:
        return None
    zone = ZoneInfo(context.clinic.time_zone)
    sentences = [
        _("a place has come free: you could come on %(day)s at %(time)s.")
        % _when(offer.hold.period.lower, zone),
        _("We keep it for you until %(day)s, %(time)s.") % _when(offer.expires_at, zone),
        _("Please tell us by then whether it suits you."),
        _("If it does not, nothing changes for you."),
    ]
    return letter(context.clinic, sentences)


def _lapsed(context: Context) -> Message | None:
    over = Offer.objects.filter(
        pk=context.subject_id, expires_at__lte=context.now,
        state__in=[Offer.State.OFFERED, Offer.State.EXPIRED],
        entry__state="waiting",
    )  # fmt: skip
    return Message(str(_LAPSED)) if over.exists() else None


def _when(instant: datetime, zone: ZoneInfo) -> dict[str, str]:
    return {"day": patient_date(instant, zone), "time": clinical_time(instant, zone)}
