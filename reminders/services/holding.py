"""The restore fence: after a restore, what was sent since the backup looks as if it were not."""

from datetime import datetime

from clinics.models import Clinic
from core import audit
from core.actor import Actor
from core.db import command


@command
def hold(*, actor: Actor, now: datetime) -> None:
    """Stop sending for the actor's clinic until somebody releases it.

    What a sender has claimed already, at most one lease ago, may still go out.
    """
    _set(actor, now, held=True)


@command
def release(*, actor: Actor, now: datetime) -> None:
    """Send again. What has become too late meanwhile is not sent but shown as expired."""
    _set(actor, now, held=False)


def _set(actor: Actor, now: datetime, *, held: bool) -> None:
    clinic = Clinic.objects.get(pk=actor.clinic_id)
    Clinic.objects.filter(pk=clinic.pk).update(reminders_held=held)
    audit.record("reminders.held" if held else "reminders.released", clinic, actor=actor, now=now)
