"""Infusions in the back office: facts, to be looked at only."""

from django.contrib import admin

from core.admin_site import RecordAdmin
from infusion.models import Infusion, InfusionEvent


@admin.register(Infusion)
class InfusionAdmin(RecordAdmin):
    list_display = ["id", "clinic", "status", "started_at", "ended_at"]
    list_filter = ["clinic", "status"]


@admin.register(InfusionEvent)
class InfusionEventAdmin(RecordAdmin):
    list_display = ["infusion", "kind", "occurred_at", "recorded_at", "recorded_by"]
