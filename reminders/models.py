"""What is due to be told to whom, and the proof that it was."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic, Role
from patients.models import Patient


class Reminder(models.Model):
    """One thing to tell one recipient at one time. Written with the event that causes it.

    `kind` names a registered kind (what to say, when it is void). Subject and recipient are
    ids only: the words are made at the moment of sending, from what is true then.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        BOARD = "board", _("on screen")

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        CLAIMED = "claimed", _("being sent")
        SENT = "sent", _("sent")
        VOID = "void", _("no longer true")
        EXPIRED = "expired", _("too late to help")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, related_name="reminders"
    )
    recipient_role = models.CharField(max_length=12, choices=Role.choices, blank=True)
    recipient_patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, related_name="+"
    )
    recipient_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    channel = models.CharField(max_length=5, choices=Channel.choices)
    dedupe_key = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    void_after = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    lease_token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=200, blank=True)
    last_problem = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                name="reminder_waiting",
                fields=["next_attempt_at"],
                condition=Q(state__in=["pending", "claimed"]),
            ),
            models.Index(
                name="reminder_upcoming",
                fields=["clinic", "due_at", "id"],
                condition=Q(state__in=["pending", "claimed"]),
            ),
            models.Index(
                name="reminder_on_screen",
                fields=["clinic", "due_at", "id"],
                condition=Q(state="sent", channel="board", seen_at__isnull=True),
            ),
            models.Index(name="reminder_by_subject", fields=["subject_id"]),
            models.Index(name="reminder_by_clinic", fields=["clinic", "state", "-due_at"]),
        ]
        constraints = [
            models.UniqueConstraint(name="reminder_key_once", fields=["dedupe_key"]),
            models.CheckConstraint(
                name="reminder_lease_whole",
                condition=Q(lease_token__isnull=True, leased_until__isnull=True)
                | Q(lease_token__isnull=False, leased_until__isnull=False, state="claimed"),
            ),
            models.CheckConstraint(name="reminder_span", condition=Q(void_after__gt=F("due_at"))),
            models.CheckConstraint(
                name="reminder_one_recipient",
                condition=Q(
                    recipient_role="", recipient_patient__isnull=False, recipient_user__isnull=True
                )
                | Q(recipient_role="", recipient_patient__isnull=True, recipient_user__isnull=False)
                | (
                    ~Q(recipient_role="")
                    & Q(recipient_patient__isnull=True, recipient_user__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="reminder_seen_whole",
                condition=Q(seen_at__isnull=True, seen_by__isnull=True)
                | Q(seen_at__isnull=False, seen_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class Heartbeat(models.Model):
    """When a driver last finished a sweep. /readyz and the watchdog read it."""

    driver = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.driver
