"""A run of the planner as a row. It knows of no booking: its result holds ids and times."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic


class PlannerRun(models.Model):
    """One request to plan a day or a fortnight: how far it is, and what came of it.

    `result` holds ids, times and the planner's words, never a name, and of each day the fingerprint
    of what its plan rests on; a day's plan is accepted only while that still holds.
    """

    class Kind(models.TextChoices):
        DAY = "day", _("one day")
        WEEKS = "weeks", _("days in a row")
        DOSES = "doses", _("doses that are due")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("planning")
        DONE = "done", _("planned")
        ACCEPTED = "accepted", _("accepted")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    UNFINISHED = ("queued", "running")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="planner_runs")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    first_on = models.DateField()
    last_on = models.DateField()
    options = models.JSONField(default=dict)  # scheduling.plan_input.Options
    seconds = models.PositiveSmallIntegerField()  # for the solver, each day of it
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    result = models.JSONField(default=dict)  # scheduling.plan_result
    problem = models.CharField(max_length=500, blank=True)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(  # empty: another system, or the night's command
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    night_of = models.DateField(null=True, blank=True)  # the date on which the night's tick made it
    attempts = models.PositiveSmallIntegerField(default=0)  # how many workers have taken it up
    alive_at = models.DateTimeField()  # moved on by whoever works on it
    finished_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(name="planner_run_latest", fields=["clinic", "-requested_at"]),
            models.Index(
                name="planner_run_unfinished", fields=["requested_at"],
                condition=Q(status__in=["queued", "running"]),
            ),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                name="planner_run_once_a_night",
                fields=["clinic", "first_on", "night_of"],
                condition=Q(night_of__isnull=False),
            ),
            models.CheckConstraint(
                name="planner_run_forward", condition=Q(last_on__gte=F("first_on"))
            ),
            models.CheckConstraint(
                name="planner_run_finished_whole",
                condition=Q(status__in=["queued", "running"], finished_at__isnull=True)
                | Q(
                    status__in=["done", "accepted", "cancelled", "failed"],
                    finished_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="planner_run_accepted_whole",
                condition=Q(status="accepted", accepted_at__isnull=False)
                | (~Q(status="accepted") & Q(accepted_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"PlannerRun {self.id}"

    @property
    def is_over(self) -> bool:
        """Whether the planner does nothing more about it."""
        return self.status not in self.UNFINISHED
