"""The hour of observation: told to the nurses when it begins and when it is over.

Call `plan_observation` inside the command that records (or amends) the real end of an infusion,
and `void_observation` inside the one that discharges the patient.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy

from clinics.models import Role
from clinics.selectors import holders_of
from core.db import joins
from infusion.models import Infusion
from reminders.kinds import Context, Kind, Message, register
from reminders.letters import staff_letter
from reminders.models import Reminder
from reminders.policy import policy
from reminders.services.planning import Planned, put_all, void
from scheduling.models import Course

BEGINS = "monitoring.begins"
OVER = "monitoring.over"
KINDS = (BEGINS, OVER)
ENDED = "treatment.ended"
TOLD_FOR = timedelta(days=14)  # how long it stays on the list of somebody who is away
_LABELS = {
    BEGINS: gettext_lazy("Observation begins"),
    OVER: gettext_lazy("Observation time is over"),
    ENDED: gettext_lazy("Treatment ended for good after a reaction"),
}


def register_kinds() -> None:
    """Make this room's kinds known; called when the app starts."""
    for name in KINDS:
        register(Kind(name=name, label=_LABELS[name], compose=_still_observed))
    register(Kind(name=ENDED, label=_LABELS[ENDED], compose=_still_ended))


@joins
def plan_observation(infusion: Infusion, *, now: datetime) -> None:
    """Plan both reminders from the infusion's real end and `observe_until`.

    Replaces what was planned for another end. An infusion that has not ended, or whose patient
    has left, has none.
    """
    void(subject_id=infusion.pk, kinds=KINDS, now=now)
    if infusion.status != Infusion.Status.OBSERVING:
        return
    assert infusion.ended_at is not None
    assert infusion.observe_until is not None
    useful = timedelta(hours=policy().observation_over_useful_hours)
    spans = (
        (BEGINS, infusion.ended_at, infusion.observe_until),
        (OVER, infusion.observe_until, infusion.observe_until + useful),
    )
    put_all(
        [
            _to_nurses(infusion, kind, max(due_at, now), void_after)
            for kind, due_at, void_after in spans
            if max(due_at, now) < void_after
        ],
        now=now,
    )


@joins
def void_observation(infusion: Infusion, *, now: datetime) -> None:
    """Withdraw what was planned: the patient has left, or the end was charted in error."""
    void(subject_id=infusion.pk, kinds=KINDS, now=now)


@joins
def tell_of_the_end(
    infusion: Infusion, reaction_id: UUID, *, roles: Collection[str], now: datetime
) -> None:
    """Tell the people of `roles` that the treatment was ended for good: each role on screen, and
    each of its people by a mail that says no more than to open the app."""
    said: dict[str, Any] = {
        "kind": ENDED, "subject_id": infusion.pk, "occurrence": str(reaction_id),
        "clinic_id": infusion.clinic_id, "patient_id": infusion.patient_id, "due_at": now,
        "void_after": now + TOLD_FOR,
    }  # fmt: skip
    screen, mail = Reminder.Channel.BOARD, Reminder.Channel.EMAIL
    people = holders_of(infusion.clinic_id, roles)
    put_all(
        [
            *(Planned(recipient_role=role, channel=screen, **said) for role in roles),
            *(Planned(recipient_user_id=each.pk, channel=mail, **said) for each in people),
        ],
        now=now,
    )


def _still_ended(context: Context) -> Message | None:
    """Return the words unless a prescriber has corrected the error of charting meanwhile."""
    ended = Infusion.objects.filter(
        pk=context.subject_id, visit__course__status=Course.Status.PERMANENTLY_DISCONTINUED
    )
    if not ended.exists():
        return None
    if context.channel == Reminder.Channel.EMAIL:
        return staff_letter(context.clinic, reverse("mailbox", args=[context.clinic.slug]))
    return Message(str(_LABELS[ENDED]))


def _to_nurses(infusion: Infusion, kind: str, due_at: datetime, void_after: datetime) -> Planned:
    until = infusion.observe_until
    assert until is not None
    return Planned(
        kind=kind,
        subject_id=infusion.pk,
        occurrence=f"{until.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        clinic_id=infusion.clinic_id,
        patient_id=infusion.patient_id,
        recipient_role=Role.NURSE,
        channel=Reminder.Channel.BOARD,
        due_at=due_at,
        void_after=void_after,
    )


def _still_observed(context: Context) -> Message | None:
    observed = Infusion.objects.filter(pk=context.subject_id, status=Infusion.Status.OBSERVING)
    return Message(str(_LABELS[context.kind])) if observed.exists() else None
