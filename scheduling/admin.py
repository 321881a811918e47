"""The schedule in the back office: to be looked at only. Services move it, under the day's lock."""

from django.contrib import admin

from core.admin_site import RecordAdmin
from scheduling.models import Booking, ClinicDay, Course, DelayReason, Override, Restart, Visit
from scheduling.planner_model import PlannerRun
from scheduling.waiting_model import FreedPlace, Offer, PatientWishes, WaitlistEntry


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


@admin.register(PatientWishes)
class PatientWishesAdmin(RecordAdmin):
    list_display = ["id", "clinic", "half", "notice_hours", "recorded_at"]
    list_filter = ["clinic"]


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(RecordAdmin):
    list_display = ["id", "clinic", "state", "joined_at", "closed_at"]
    list_filter = ["clinic", "state"]


@admin.register(Offer)
class OfferAdmin(RecordAdmin):
    list_display = ["id", "clinic", "state", "offered_at", "expires_at", "answered_at"]
    list_filter = ["clinic", "state"]


@admin.register(FreedPlace)
class FreedPlaceAdmin(RecordAdmin):
    list_display = ["id", "clinic_day", "chair", "cause", "freed_at"]
    list_select_related = ["clinic_day", "chair"]
