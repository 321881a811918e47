"""When and where: courses, the visits of their calendars, and the chairs held for them."""

import uuid
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinics.models import Chair, Clinic
from patients.models import Patient
from scheduling.delay_reason import DelayReason
from scheduling.planner_model import PlannerRun
from scheduling.purposes import Purpose, what_for
from scheduling.waiting_model import FreedPlace, Offer, PatientWishes, WaitlistEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scheduling.days import Room
    from scheduling.standing import Standing

T = TypeVar("T")

__all__ = [
    "Booking", "ClinicDay", "Course", "DelayReason", "FreedPlace", "Offer", "Override",
    "PatientWishes", "PlannerRun", "Restart", "Visit", "WaitlistEntry",
]  # fmt: skip


class Course(models.Model):
    """One patient's treatment under one edition of one protocol."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        COMPLETED = "completed", _("completed")
        STOPPED = "stopped", _("stopped")
        PERMANENTLY_DISCONTINUED = "permanently_discontinued", _("permanently discontinued")

    class Indication(models.TextChoices):
        RMS = "rms", _("Relapsing MS")
        PPMS = "ppms", _("Primary progressive MS")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="courses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    protocol = models.CharField(max_length=40)
    edition = models.CharField(max_length=20)
    protocol_version = models.CharField(max_length=40)  # what `edition` said when this began
    indication = models.CharField(max_length=4, choices=Indication.choices)
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.ACTIVE)
    first_infusion_on = models.DateField()  # as planned; what was given stands on the visits
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                name="course_active", fields=["clinic", "patient"], condition=Q(status="active")
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="course_one_active", fields=["patient"], condition=Q(status="active")
            ),
            models.CheckConstraint(
                name="course_end_whole",
                condition=Q(status="active", ended_on__isnull=True)
                | (~Q(status="active") & Q(ended_on__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"Course {self.id}"


class Visit(models.Model):
    """One attendance: for a dose of a course, or ad hoc, for something that is no dose (adr/0023).

    What is due, when, and what became of it. An ad-hoc visit has no course, dose number or
    milligrams, but a purpose and a length.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("to be booked")
        BOOKED = "booked", _("booked")
        ARRIVED = "arrived", _("arrived")
        INFUSING = "infusing", _("infusion running")
        OBSERVING = "observing", _("observation")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")

    Purpose = Purpose

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="visits")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, related_name="visits")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="visits")
    dose_number = models.PositiveSmallIntegerField(null=True)
    dose_mg = models.PositiveSmallIntegerField(null=True)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, blank=True)
    minutes = models.PositiveSmallIntegerField(null=True)  # of care, ad hoc only
    note = models.CharField(max_length=200, blank=True)  # what the nurse is to know, ad hoc only
    dropped_because = models.CharField(max_length=200, blank=True)  # ad hoc only
    due_on = models.DateField()
    earliest_on = models.DateField()
    latest_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    given_on = models.DateField(null=True, blank=True)
    # Where the visit stands in the calendar: given, else booked, else due. A trigger keeps it
    # (migration 0003); what is assigned here is ignored.
    day = models.DateField(editable=False)
    no_shows = models.PositiveSmallIntegerField(default=0)
    needs_isolation = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(name="visit_by_due", fields=["clinic", "due_on", "id"]),
            models.Index(name="visit_by_day", fields=["clinic", "day", "id"]),
            models.Index(
                name="visit_unbooked", fields=["clinic", "due_on"], condition=Q(status="planned")
            ),
            models.Index(name="visit_by_change", fields=["clinic", "updated_at", "id"]),
            models.Index(name="visit_by_patient", fields=["patient", "dose_number"]),
        ]
        constraints = [
            models.UniqueConstraint(name="visit_dose_once", fields=["course", "dose_number"]),
            models.CheckConstraint(  # a comparison with null is no "no": each says what it has
                name="visit_dose_or_ad_hoc",
                condition=Q(
                    course__isnull=False, dose_number__isnull=False, dose_number__gt=0,
                    dose_mg__isnull=False, dose_mg__gt=0, purpose="",
                    minutes__isnull=True, note="",
                )
                | Q(
                    ~Q(purpose=""), course__isnull=True, dose_number__isnull=True,
                    dose_mg__isnull=True, minutes__isnull=False, minutes__gt=0,
                    given_on__isnull=True,
                    status__in=["planned", "booked", "arrived", "completed", "cancelled"],
                ),
            ),
            models.CheckConstraint(
                name="visit_window",
                condition=Q(earliest_on__lte=F("due_on"), latest_on__gte=F("due_on")),
            ),
            models.CheckConstraint(
                name="visit_given_when_given",
                condition=Q(
                    given_on__isnull=False, status__in=["infusing", "observing", "completed"]
                )
                | Q(
                    given_on__isnull=True, status__in=["planned", "booked", "arrived", "cancelled"]
                )
                | Q(given_on__isnull=True, course__isnull=True, status="completed"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Visit {self.id}"

    @property
    def is_ad_hoc(self) -> bool:
        """Whether this is a visit for something that is no dose."""
        return self.course_id is None

    @property
    def what_for(self) -> str:
        """What it is for, as a list says it: the milligrams of a dose, else the purpose."""
        return what_for(self.dose_mg, self.purpose)

    @property
    def nth_dose(self) -> int:
        """Which dose of its course this is. Raises TypeError for an ad-hoc visit."""
        return _of_a_dose(self.dose_number)

    @property
    def milligrams(self) -> int:
        """How much is due, in mg. Raises TypeError for an ad-hoc visit."""
        return _of_a_dose(self.dose_mg)

    @property
    def own_course(self) -> Course:
        """The course this is a dose of. Raises TypeError for an ad-hoc visit."""
        return _of_a_dose(self.course)


def _of_a_dose(known: T | None) -> T:
    if known is None:  # loud: no rule about doses may ever be asked about another visit
        raise TypeError("An ad-hoc visit has no dose.")
    return known


class ClinicDay(models.Model):
    """One clinic's day: the row every booking of that day locks, and a summary of the day.

    Slots are quarter-hours of elapsed time from local midnight, so a clock-change day has 92
    or 100 of them. The summary is derived from bookings and shifts, rewritten under the lock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="days")
    date = models.DateField()
    opens_at = models.DateTimeField(null=True)  # null while the clinic is closed that day
    closes_at = models.DateTimeField(null=True)
    nurses = ArrayField(models.SmallIntegerField(), default=list)  # on duty, by slot
    starts = ArrayField(models.SmallIntegerField(), default=list)  # visits a nurse begins, by slot
    points = ArrayField(models.SmallIntegerField(), default=list)  # points of watching, by slot
    # Of the starts those that need no bag, by slot; empty on a day where each needs one.
    bagless = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    chair_masks = models.JSONField(default=dict)  # chair id -> hexadecimal mask of taken slots
    held_minutes = models.PositiveIntegerField(default=0)  # chair time of bookings without a time
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    standing: "list[Standing]"  # its active bookings: read with the lock and by every rewrite
    rooms: "Mapping[uuid.UUID, Room] | None" = None  # the chairs in use: read with the lock

    class Meta:
        constraints = [
            models.UniqueConstraint(name="clinic_day_once", fields=["clinic", "date"]),
            models.CheckConstraint(
                name="clinic_day_open_whole",
                condition=Q(opens_at__isnull=True, closes_at__isnull=True)
                | Q(closes_at__gt=F("opens_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"ClinicDay {self.date}"


class Booking(models.Model):
    """A day, and once planned a chair and a period, held for a visit."""

    class Status(models.TextChoices):
        DAY_HELD = "day_held", _("day held")
        PROPOSED = "proposed", _("time proposed")
        CONFIRMED = "confirmed", _("confirmed")
        ARRIVED = "arrived", _("arrived")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")
        NO_SHOW = "no_show", _("did not come")
        OFFERED = "offered", _("offered from the waitlist")

    ACTIVE = ("day_held", "proposed", "confirmed", "arrived")
    # What counts against chairs and nurses: an offer too, though its visit is booked elsewhere.
    COUNTED = (*ACTIVE, "offered")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="bookings")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="bookings")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="bookings")
    clinic_day = models.ForeignKey(ClinicDay, on_delete=models.PROTECT, related_name="bookings")
    status = models.CharField(max_length=10, choices=Status.choices)
    chair = models.ForeignKey(
        Chair, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings"
    )
    period = DateTimeRangeField(null=True, blank=True)  # arrival to chair free again
    rate_option = models.CharField(max_length=12)
    premedication_minutes = models.PositiveSmallIntegerField()
    infusion_minutes = models.PositiveSmallIntegerField()
    observation_minutes = models.PositiveSmallIntegerField()
    turnaround_minutes = models.PositiveSmallIntegerField()
    watched_closely = models.BooleanField(default=False)  # a severe reaction came before
    isolation = models.BooleanField(default=False)  # as the visit needed when it was booked
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # cancelled, no-show or completed
    end_reason = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(name="booking_by_day", fields=["clinic_day", "status"]),
            models.Index(name="booking_by_visit", fields=["visit", "-created_at"]),
        ]
        constraints = [
            ExclusionConstraint(
                name="booking_chair_free",
                expressions=[("chair", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(status__in=["proposed", "confirmed", "arrived", "offered"]),
            ),
            ExclusionConstraint(
                name="booking_patient_free",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=["proposed", "confirmed", "arrived"]),
            ),
            models.UniqueConstraint(
                name="booking_one_active",
                fields=["visit"],
                condition=Q(status__in=["day_held", "proposed", "confirmed", "arrived"]),
            ),
            models.CheckConstraint(
                name="booking_place_whole",
                condition=Q(chair__isnull=True, period__isnull=True)
                | Q(chair__isnull=False, period__isnull=False, period__isempty=False),
            ),
            models.CheckConstraint(
                name="booking_timed_when_promised",
                condition=Q(period__isnull=False)
                | Q(status__in=["day_held", "cancelled", "no_show"]),
            ),
            models.CheckConstraint(
                name="booking_ended_when_over",
                condition=Q(
                    ended_at__isnull=True,
                    status__in=["day_held", "proposed", "confirmed", "arrived", "offered"],
                )
                | Q(ended_at__isnull=False, status__in=["cancelled", "no_show", "completed"]),
            ),
            models.CheckConstraint(
                name="booking_offer_expires",
                condition=~Q(status="offered") | Q(hold_expires_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Booking {self.id}"


class Override(models.Model):
    """A named person's reason for going past a finding. Never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="overrides")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="overrides")
    rule_id = models.CharField(max_length=60)
    reason = models.CharField(max_length=500)
    overridden_at = models.DateTimeField()
    overridden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="override_once", fields=["patient", "rule_id", "overridden_at"]
            ),
            models.CheckConstraint(name="override_reasoned", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"Override {self.rule_id}"


class Restart(models.Model):
    """A prescriber's decision how a course goes on after a prolonged gap, and from which dose."""

    class Regimen(models.TextChoices):
        SINGLE_600 = "single_600", _("one full dose")
        TWO_300 = "two_300", _("two half doses, 14 days apart")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="restarts")
    dose_number = models.PositiveSmallIntegerField()
    regimen = models.CharField(max_length=10, choices=Regimen.choices)
    first_on = models.DateField()
    reason = models.CharField(max_length=500)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="restart_once", fields=["course", "dose_number", "decided_at"]
            ),
            models.CheckConstraint(name="restart_reasoned", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"Restart at dose {self.dose_number}"
