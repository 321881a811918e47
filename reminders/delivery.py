"""One claimed reminder: is it still true, may this person be told, in what words, and did it go?"""

import logging
from datetime import datetime

from django.utils import translation

from clinics.models import Clinic, User
from clinics.selectors import works_at
from patients.models import Patient
from reminders import kinds, outcomes
from reminders.kinds import Message
from reminders.letters import Indiscreet, check_discreet, language_for
from reminders.mailing import Mailer, Refused, Undelivered, Unreachable, message_id
from reminders.models import Reminder
from reminders.outcomes import Outcome

logger = logging.getLogger(__name__)


def deliver(row: Reminder, mailer: Mailer, now: datetime) -> Outcome:
    """Tell one recipient, outside any transaction, and return what became of it.

    Never raises for a fault of the row: one bad row must not stop the others.
    """
    try:
        return _without_telling(row, now) or _told(row, mailer, now)
    except Unreachable:
        return outcomes.wait_out(row, "the mail server cannot be reached", now)
    except Undelivered as exc:
        return outcomes.try_again(row, str(exc), now)
    except Refused as exc:
        return outcomes.failed(str(exc))
    except Indiscreet:
        return outcomes.failed("the words would tell too much to be sent")
    except Exception as exc:
        # The name of the error only: its text may hold a patient's data.
        logger.warning("reminder %s (%s): %s", row.pk, row.kind, type(exc).__name__)
        return outcomes.try_again(row, f"could not be composed ({type(exc).__name__})", now)


def _without_telling(row: Reminder, now: datetime) -> Outcome | None:
    """What settles a row before any words are made; None when it is to be told."""
    if row.attempts > outcomes.MAX_ATTEMPTS:
        return outcomes.failed("the sender stopped each time it tried")
    if now >= row.void_after:
        return outcomes.expired()
    if kinds.find(row.kind) is None:
        return outcomes.failed("this release does not know the kind")
    why = ""
    if row.recipient_patient is not None:
        why = why_not(row.recipient_patient)
    elif row.recipient_user is not None:
        why = why_not_staff(row.recipient_user, row.clinic)
    return outcomes.void(why) if why else None


def _told(row: Reminder, mailer: Mailer, now: datetime) -> Outcome:
    kind = kinds.find(row.kind)
    assert kind is not None
    context = kinds.Context(
        kind=row.kind, subject_id=row.subject_id, clinic=row.clinic, patient=row.patient,
        channel=row.channel, due_at=row.due_at, now=now,
    )  # fmt: skip
    recipient = row.recipient_patient or row.recipient_user
    if recipient is None:
        return outcomes.sent() if kind.compose(context) else outcomes.void("no longer true")
    with translation.override(language_for(row.recipient_patient, row.clinic)):
        message = kind.compose(context)
    if message is None:
        return outcomes.void("no longer true")
    # A member of staff is told where to sign in: the address may hold what a clinic is called.
    check_discreet(message if row.recipient_patient else Message(message.subject))
    identity = message_id(row.dedupe_key)
    mailer.send(message, to=recipient.email, message_id=identity)
    return outcomes.sent(identity)


def why_not_staff(user: User, clinic: Clinic) -> str:
    """Return why this member of staff is not to be written to, or nothing when they may be."""
    if not user.is_active or not works_at(clinic.pk, user):
        return "this person does not work here any more"
    return ""


def why_not(patient: Patient) -> str:
    """Return why this patient is not to be written to, or nothing when they may be."""
    reasons = {
        "the patient has died": patient.is_deceased,
        "the patient wants no messages": patient.channel != Patient.Channel.EMAIL,
        "there is no e-mail address": not patient.email,
        "the patient has not agreed to messages": patient.consented_at is None,
        "the patient has withdrawn consent": patient.consent_withdrawn_at is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
