"""The kernel's own tables: the audit ledger and remembered answers."""

import uuid

from django.db import models
from django.db.models import Q


class AuditEntry(models.Model):
    """Who did or read what, when. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.

    Holds ids and field names, never names of people or clinical values.
    """

    class ActorKind(models.TextChoices):
        USER = "user"
        API_CLIENT = "api_client"
        SYSTEM = "system"

    occurred_at = models.DateTimeField()
    clinic_id = models.UUIDField(null=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    user_id = models.UUIDField(null=True)
    api_client_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField(null=True)
    patient_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(name="audit_by_patient", fields=["patient_id", "-id"]),
            models.Index(name="audit_by_subject", fields=["subject_id", "-id"]),
            models.Index(name="audit_by_clinic", fields=["clinic_id", "-id"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="audit_actor_named",
                condition=Q(actor_kind="user", user_id__isnull=False, api_client_id__isnull=True)
                | Q(actor_kind="api_client", api_client_id__isnull=False, user_id__isnull=True)
                | Q(actor_kind="system", user_id__isnull=True, api_client_id__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"


class IdempotencyKey(models.Model):
    """The answer to a request that carried an Idempotency-Key, kept to be given again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_id = models.UUIDField()  # the API client or user that sent the key
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the body
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="idempotency_key_once", fields=["owner_id", "route", "key"]
            ),
            models.CheckConstraint(
                name="idempotency_answer_whole",
                condition=Q(status__isnull=True, body__isnull=True) | Q(status__isnull=False),
            ),
        ]
        indexes = [models.Index(name="idempotency_age", fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
