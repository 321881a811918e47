"""The infusion as it was given: one row for what ran, and the charted facts, append-only."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic
from patients.models import Patient
from scheduling.models import Visit


class Infusion(models.Model):
    """One bag, one patient, one line. Its columns restate its events, for lists and boards.

    The row appears with the first entry before the start, so that what is prepared has a place;
    `started_at` stays empty until the line runs.
    """

    class Status(models.TextChoices):
        PREPARING = "preparing", _("premedication")
        RUNNING = "running", _("running")
        OBSERVING = "observing", _("observation")
        DISCHARGED = "discharged", _("discharged")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="infusions")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="infusions")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="infusions")
    rate_option = models.CharField(max_length=12)
    dose_mg = models.PositiveSmallIntegerField()
    volume_ml = models.DecimalField(max_digits=6, decimal_places=2)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREPARING)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    observe_until = models.DateTimeField(null=True, blank=True)
    discharged_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                name="infusion_open", fields=["clinic"], condition=Q(discharged_at__isnull=True)
            )
        ]
        constraints = [
            models.UniqueConstraint(name="infusion_visit_once", fields=["visit"]),
            models.CheckConstraint(name="infusion_volume_positive", condition=Q(volume_ml__gt=0)),
            # A comparison with NULL passes a check, so each state names what must be there.
            models.CheckConstraint(
                name="infusion_states",
                condition=Q(status="preparing", started_at__isnull=True, ended_at__isnull=True,
                            observe_until__isnull=True, discharged_at__isnull=True)
                | Q(status="running", started_at__isnull=False, ended_at__isnull=True,
                    observe_until__isnull=True, discharged_at__isnull=True)
                | Q(status="observing", started_at__isnull=False, ended_at__isnull=False,
                    ended_at__gte=F("started_at"), observe_until__isnull=False,
                    observe_until__gt=F("ended_at"), discharged_at__isnull=True)
                | Q(status="discharged", started_at__isnull=False, ended_at__isnull=False,
                    ended_at__gte=F("started_at"), observe_until__isnull=False,
                    discharged_at__isnull=False, discharged_at__gte=F("ended_at")),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Infusion {self.id}"


class InfusionEvent(models.Model):
    """One charted fact. A trigger refuses UPDATE, DELETE and TRUNCATE: facts are amended.

    `id` is made by the device that charted it, so a repeated tap is the same event.
    """

    class Kind(models.TextChoices):
        CHECKLIST = "checklist", _("safety questions answered")
        ACCESS = "access", _("IV access")
        BAG = "bag", _("bag at the chair")
        BAG_CHECKED = "bag_checked", _("independent second check")
        PREMEDICATION = "premedication", _("premedication given")
        STARTED = "started", _("infusion started")
        RATE_CHANGED = "rate_changed", _("rate changed")
        PAUSED = "paused", _("paused")
        RESUMED = "resumed", _("resumed")
        VITALS = "vitals", _("vital signs")
        REACTION = "reaction", _("reaction")
        SYMPTOMS_RESOLVED = "symptoms_resolved", _("symptoms resolved")
        STOPPED = "stopped", _("stopped for good")
        COMPLETED = "completed", _("infusion completed")
        DISCHARGED = "discharged", _("discharged")
        NOTE = "note", _("note")

    id = models.UUIDField(primary_key=True)
    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    values = models.JSONField(default=dict)
    amends = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="amendments"
    )
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(
                name="infusion_event_order", fields=["infusion", "occurred_at", "recorded_at"]
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="infusion_event_amended_once",
                fields=["amends"],
                condition=Q(amends__isnull=False),
            ),
            models.CheckConstraint(
                name="infusion_event_not_future", condition=Q(occurred_at__lte=F("recorded_at"))
            ),
            models.CheckConstraint(
                name="infusion_event_amendment_reasoned",
                condition=Q(amends__isnull=True) | ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class ProductCode(models.Model):
    """One product number (GTIN) that a clinic knows, and what carries it. None is built in."""

    class Product(models.TextChoices):
        CONCENTRATE = "concentrate", _("the concentrate for infusion of the protocol")
        OTHER = "other", _("another product: never for this bag")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="product_codes")
    gtin = models.CharField(
        _("product number (GTIN)"), max_length=14, help_text=_("14 digits, as scanned.")
    )
    product = models.CharField(max_length=11, choices=Product.choices)
    name = models.CharField(
        max_length=120, help_text=_("As on the pack: name, strength, route, pack size.")
    )
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+",
        help_text=_("Who compared number and pack. A pharmacist signs this list off."),
    )  # fmt: skip
    verified_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="product_code_once", fields=["clinic", "gtin"]),
            models.CheckConstraint(
                name="product_code_digits", condition=Q(gtin__regex=r"^[0-9]{14}$")
            ),
            models.CheckConstraint(name="product_code_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return f"{self.gtin} {self.name}"
