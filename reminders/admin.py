from django.contrib import admin

from core.admin_site import RecordAdmin
from reminders.models import Heartbeat, Reminder


@admin.register(Reminder)
class ReminderAdmin(RecordAdmin):
    list_display = ["kind", "clinic", "channel", "state", "due_at", "attempts"]
    list_filter = ["clinic", "state", "kind"]


@admin.register(Heartbeat)
class HeartbeatAdmin(RecordAdmin):
    list_display = ["driver", "beat_at"]
