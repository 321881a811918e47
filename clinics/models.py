"""Where care is given and by whom."""

import uuid
from datetime import time
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Makes people who sign in with an e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A member of staff. What they may do is in their memberships, clinic by clinic."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField()
    full_name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(name="user_email_once", fields=["email"]),
            models.CheckConstraint(name="user_email_lower", condition=Q(email=Lower("email"))),
        ]

    def __str__(self) -> str:
        return self.full_name


class Clinic(models.Model):
    """One day unit: its zone, its country, and how it gives the drug."""

    class NurseRule(models.TextChoices):
        SHIFTS = "shifts", _("named shifts")
        HEAD_COUNT = "head_count", _("head-count per half-day")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    subdivision = models.CharField(max_length=8, blank=True)  # ISO 3166-2 without the country
    opens_on_holidays = models.BooleanField(default=False)
    midday = models.TimeField(default=time(12))  # where a head-count's halves of the day meet
    locale = models.CharField(max_length=10, default="en")
    edition = models.CharField(max_length=20, default="default")
    telephone = models.CharField(max_length=40, blank=True)
    nurse_rule = models.CharField(
        max_length=10, choices=NurseRule.choices, default=NurseRule.SHIFTS
    )
    # Capacity by phase: how many points of watching one nurse carries, what each phase costs,
    # and how many infusions one nurse may start in one quarter-hour.
    points_per_nurse = models.PositiveSmallIntegerField(default=4)
    points_infusion = models.PositiveSmallIntegerField(default=1)
    points_first_dose = models.PositiveSmallIntegerField(default=2)
    points_observation = models.PositiveSmallIntegerField(default=1)
    starts_per_nurse = models.PositiveSmallIntegerField(default=1)
    points_after_reaction = models.PositiveSmallIntegerField(default=2)  # a severe one, earlier
    pharmacy_limit = models.PositiveSmallIntegerField(default=0)  # bags per quarter-hour; 0: any
    turnaround_minutes = models.PositiveSmallIntegerField(default=15)
    confirm_days_before = models.PositiveSmallIntegerField(default=14)
    reminders_held = models.BooleanField(default=False)
    # When vital signs are due; empty: as the protocol says. Never rarer than the protocol.
    vitals_gap_minutes = models.PositiveSmallIntegerField(
        _("vital signs at most apart (minutes)"), null=True, blank=True
    )
    vitals_gap_in_reaction_minutes = models.PositiveSmallIntegerField(
        _("vital signs during a reaction, at most apart (minutes)"), null=True, blank=True
    )
    vitals_at_rate_changes = models.BooleanField(
        _("vital signs at each change of the rate"), default=True
    )
    vitals_after_end_minutes = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("vital signs after the end, also at"),
        default=list, blank=True,
        help_text=_("Minutes after the real end, besides the protocol's own times."),
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(name="clinic_slug_once", fields=["slug"]),
            models.CheckConstraint(
                name="clinic_points_positive", condition=Q(points_per_nurse__gte=1)
            ),
            models.CheckConstraint(
                name="clinic_vitals_gaps_positive",
                condition=(Q(vitals_gap_minutes=None) | Q(vitals_gap_minutes__gte=1))
                & (
                    Q(vitals_gap_in_reaction_minutes=None)
                    | Q(vitals_gap_in_reaction_minutes__gte=1)
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """One weekday's hours, on the clinic's wall clock. A weekday without a row is closed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField()  # Monday is 0, as in datetime.date.weekday
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="opening_hours_weekday_once", fields=["clinic", "weekday"]
            ),
            models.CheckConstraint(
                name="opening_hours_forward", condition=Q(closes__gt=F("opens"))
            ),
            models.CheckConstraint(name="opening_hours_weekday_real", condition=Q(weekday__lte=6)),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens:%H:%M}-{self.closes:%H:%M}"


class Closure(models.Model):
    """A day on which the clinic does not open: a holiday, a move, a flood."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="closures")
    date = models.DateField()
    reason = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(name="closure_day_once", fields=["clinic", "date"])]

    def __str__(self) -> str:
        return f"{self.date} {self.reason}"


class HolidayOpening(models.Model):
    """A public holiday on which the clinic opens all the same."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="holiday_openings")
    date = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="holiday_opening_once", fields=["clinic", "date"])
        ]

    def __str__(self) -> str:
        return f"{self.date} open"


class Chair(models.Model):
    """A place where one patient at a time can be infused."""

    class Kind(models.TextChoices):
        CHAIR = "chair", _("chair")
        BED = "bed", _("bed")
        ISOLATION = "isolation", _("isolation room")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="chairs")
    label = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CHAIR)
    position = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="chair_label_once", fields=["clinic", "label"]),
            models.UniqueConstraint(name="chair_position_once", fields=["clinic", "position"]),
        ]

    def __str__(self) -> str:
        return self.label


class ChairOutage(models.Model):
    """A span in which a chair cannot be used."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="outages")
    period = DateTimeRangeField()
    reason = models.CharField(max_length=120)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="chair_outage_once",
                expressions=[("chair", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                name="chair_outage_not_empty", condition=Q(period__isempty=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chair_id} out"


class Shift(models.Model):
    """Nurses on duty on one day, on the clinic's wall clock: one by name, or a head-count."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="shifts")
    date = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()
    nurse = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="shifts", null=True, blank=True
    )
    nurses = models.PositiveSmallIntegerField(default=1)
    break_starts = models.TimeField(null=True, blank=True)
    break_ends = models.TimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(name="shift_by_day", fields=["clinic", "date"])]
        constraints = [
            models.UniqueConstraint(name="shift_nurse_once", fields=["nurse", "date", "starts"]),
            models.CheckConstraint(name="shift_forward", condition=Q(ends__gt=F("starts"))),
            models.CheckConstraint(
                name="shift_named_is_one", condition=Q(nurse__isnull=True) | Q(nurses=1)
            ),
            models.CheckConstraint(
                name="shift_break_whole",
                condition=Q(break_starts__isnull=True, break_ends__isnull=True)
                | Q(break_starts__isnull=False, break_ends__isnull=False,
                    break_starts__gte=F("starts"), break_ends__lte=F("ends"),
                    break_ends__gt=F("break_starts")),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.date} {self.starts:%H:%M}-{self.ends:%H:%M}"


class Absence(models.Model):
    """Nurses who were to be on duty between two wall times of a day and are not: ill, called away.

    By name it takes that nurse out of their own shifts; unnamed it takes so many of whoever is
    there. The shifts stay as they were planned, so that coming back is as easy as going.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="absences")
    date = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()
    nurse = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="absences", null=True, blank=True
    )
    nurses = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=120)

    class Meta:
        indexes = [models.Index(name="absence_by_day", fields=["clinic", "date"])]
        constraints = [
            models.UniqueConstraint(name="absence_nurse_once", fields=["nurse", "date", "starts"]),
            models.CheckConstraint(name="absence_forward", condition=Q(ends__gt=F("starts"))),
            models.CheckConstraint(name="absence_of_somebody", condition=Q(nurses__gte=1)),
            models.CheckConstraint(
                name="absence_named_is_one", condition=Q(nurse__isnull=True) | Q(nurses=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.starts:%H:%M}-{self.ends:%H:%M} away"


class HeadCount(models.Model):
    """How many nurses a clinic that counts heads has on every such half-day.

    A day with shifts of its own goes by those: somebody is ill, or an agency helps out.
    """

    class Half(models.TextChoices):
        MORNING = "morning", _("morning")
        AFTERNOON = "afternoon", _("afternoon")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="head_counts")
    weekday = models.PositiveSmallIntegerField()  # Monday is 0, as in datetime.date.weekday
    half = models.CharField(max_length=9, choices=Half.choices)
    nurses = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="head_count_half_once", fields=["clinic", "weekday", "half"]
            ),
            models.CheckConstraint(name="head_count_weekday_real", condition=Q(weekday__lte=6)),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.half} {self.nurses}"


class Role(models.TextChoices):
    NURSE = "nurse", _("Nurse")
    SCHEDULER = "scheduler", _("Scheduler")
    PRESCRIBER = "prescriber", _("Prescriber")
    PHARMACIST = "pharmacist", _("Pharmacist")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")


class Membership(models.Model):
    """One role of one person in one clinic."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["user", "clinic", "role"])
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class ApiClient(models.Model):
    """A system that pulls one clinic's data. Only the SHA-256 of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="api_clients")
    name = models.CharField(max_length=80)
    secret_sha256 = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="api_client_secret_once", fields=["secret_sha256"]),
            models.UniqueConstraint(name="api_client_name_once", fields=["clinic", "name"]),
            models.CheckConstraint(
                name="api_client_expires_later", condition=Q(expires_at__gt=F("created_at"))
            ),
        ]

    def __str__(self) -> str:
        return self.name
