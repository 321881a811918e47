"""Who waits for an earlier place, what suits them, what came free and what they were offered."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinics.models import Chair, Clinic
from patients.models import Patient

LONGEST_NOTICE = 14 * 24  # hours: who needs longer does not want a place that comes free


class PatientWishes(models.Model):
    """When a patient can come, and how long before they must know. Kept with the patient: every
    search and every offer begins from it."""

    class Half(models.TextChoices):
        ANY = "", _("Any")
        MORNING = "morning", _("Morning")
        AFTERNOON = "afternoon", _("Afternoon")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, related_name="wishes")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)  # none is any
    half = models.CharField(max_length=9, choices=Half.choices, blank=True)
    # Whoever comes along, on the clinic's wall clock: not here before, home by.
    arrives_from = models.TimeField(null=True, blank=True)
    leaves_before = models.TimeField(null=True, blank=True)
    notice_hours = models.PositiveSmallIntegerField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(  # empty: another system
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="wishes_notice_possible", condition=Q(notice_hours__lte=LONGEST_NOTICE)
            ),
            models.CheckConstraint(
                name="wishes_hours_forward",
                condition=Q(arrives_from__isnull=True)
                | Q(leaves_before__isnull=True)
                | Q(leaves_before__gt=F("arrives_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"Wishes {self.id}"


class WaitlistEntry(models.Model):
    """A dose whose patient would come sooner than booked, or has no place yet."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        PLACED = "placed", _("took a place that came free")
        LEFT = "left", _("left the list")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="waitlist")
    visit = models.ForeignKey(
        "scheduling.Visit", on_delete=models.PROTECT, related_name="waitlist_entries"
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="waitlist_entries")
    wanted_from = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    joined_at = models.DateTimeField()
    joined_by = models.ForeignKey(  # empty: another system
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(
                name="waitlist_open", fields=["clinic", "joined_at"], condition=Q(state="waiting")
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="waitlist_one_open", fields=["visit"], condition=Q(state="waiting")
            ),
            models.CheckConstraint(
                name="waitlist_closed_whole",
                condition=Q(state="waiting", closed_at__isnull=True, closed_by__isnull=True)
                | (~Q(state="waiting") & Q(closed_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"WaitlistEntry {self.id}"


class Offer(models.Model):
    """A place that came free, held for one patient of the waitlist until they answer.

    `hold` is the booking that keeps the place: chairs and nurses are counted on it like on any
    other. Whoever changes an offer has that booking locked.
    """

    class State(models.TextChoices):
        OFFERED = "offered", _("waits for an answer")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        EXPIRED = "expired", _("no answer in time")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="offers")
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="offers")
    hold = models.OneToOneField(
        "scheduling.Booking", on_delete=models.PROTECT, related_name="offer"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.OFFERED)
    expires_at = models.DateTimeField()
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(  # empty: another system
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(name="offer_latest", fields=["clinic", "-offered_at"])]
        constraints = [
            models.UniqueConstraint(
                name="offer_one_open", fields=["entry"], condition=Q(state="offered")
            ),
            models.CheckConstraint(
                name="offer_stands_a_while", condition=Q(expires_at__gt=F("offered_at"))
            ),
            models.CheckConstraint(
                name="offer_answered_whole",
                condition=Q(state="offered", answered_at__isnull=True, answered_by__isnull=True)
                | (~Q(state="offered") & Q(answered_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"Offer {self.id}"


class FreedPlace(models.Model):
    """A chair and a time that somebody had and has no more. Written once, never changed: whether
    the time is still free is asked of the day."""

    class Cause(models.TextChoices):
        CANCELLED = "cancelled", _("cancelled")
        NO_SHOW = "no_show", _("did not attend")
        MOVED = "moved", _("moved")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic_day = models.ForeignKey(
        "scheduling.ClinicDay", on_delete=models.PROTECT, related_name="freed_places"
    )
    chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="+")
    booking = models.ForeignKey(
        "scheduling.Booking", on_delete=models.PROTECT, related_name="freed_places"
    )
    period = DateTimeRangeField()
    cause = models.CharField(max_length=9, choices=Cause.choices)
    freed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="freed_place_long", condition=Q(period__isempty=False))
        ]

    def __str__(self) -> str:
        return f"FreedPlace {self.id}"
