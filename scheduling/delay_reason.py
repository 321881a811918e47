"""Why a dose is late: the one table of the due list, beside the others in `models`."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class DelayReason(models.Model):
    """Why a dose is late, as a named person wrote it down; the newest one counts."""

    class Code(models.TextChoices):
        PATIENT_WISH = "patient_wish", _("the patient wishes a later date")
        PATIENT_ILL = "patient_ill", _("the patient is ill")
        PREGNANCY = "pregnancy", _("pregnancy or breast-feeding")
        RESULTS_AWAITED = "results_awaited", _("results are awaited")
        FUNDING = "funding", _("approval of payment is awaited")
        NO_CAPACITY = "no_capacity", _("the clinic has no free time")
        UNREACHABLE = "unreachable", _("the patient cannot be reached")
        PRESCRIBER = "prescriber", _("the prescriber decided")
        OTHER = "other", _("another reason")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    visit = models.ForeignKey(
        "scheduling.Visit", on_delete=models.PROTECT, related_name="delay_reasons"
    )
    code = models.CharField(max_length=20, choices=Code.choices)
    note = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        indexes = [models.Index(name="delay_by_visit", fields=["visit", "-recorded_at"])]
        constraints = [
            models.UniqueConstraint(name="delay_reason_once", fields=["visit", "recorded_at"])
        ]

    def __str__(self) -> str:
        return f"Delay {self.code}"
