"""The schedule in the back office: to be looked at only. Services move it, under the day's lock."""

from django.contrib import admin

from core.admin_site import RecordAdmin
from scheduling.models import Booking, ClinicDay, Course, DelayReason, Override, Restart, Visit
from scheduling.planner_model import PlannerRun


@admin.register(Course)
class CourseAdmin(RecordAdmin):
    list_display = ["id", "clinic", "edition", "indication", "status", "first_infusion_on"]
    list_filter = ["clinic", "status"]


@admin.register(Visit)
class VisitAdmin(RecordAdmin):
    list_display = ["id", "clinic", "dose_number", "day", "due_on", "status"]
    list_filter = ["clinic", "status"]


@admin.register(ClinicDay)
class ClinicDayAdmin(RecordAdmin):
    list_display = ["date", "clinic", "opens_at", "closes_at", "held_minutes"]
    list_filter = ["clinic"]


@admin.register(Booking)
class BookingAdmin(RecordAdmin):
    list_display = ["id", "clinic", "clinic_day", "chair", "status"]
    list_filter = ["clinic", "status"]
    list_select_related = ["clinic", "clinic_day", "chair"]


@admin.register(Override)
class OverrideAdmin(RecordAdmin):
    list_display = ["rule_id", "clinic", "overridden_at", "overridden_by"]


@admin.register(Restart)
class RestartAdmin(RecordAdmin):
    list_display = ["__str__"]


@admin.register(DelayReason)
class DelayReasonAdmin(RecordAdmin):
    list_display = ["code", "recorded_at", "recorded_by"]


@admin.register(PlannerRun)
class PlannerRunAdmin(RecordAdmin):
    list_display = ["id", "clinic", "status"]
    list_filter = ["clinic", "status"]
