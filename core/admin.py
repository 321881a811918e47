from django.contrib import admin

from core.admin_site import RecordAdmin
from core.models import AuditEntry, IdempotencyKey


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    list_display = ["occurred_at", "action", "subject_type", "actor_kind", "clinic_id"]
    list_filter = ["action", "actor_kind"]
    search_fields = ["=subject_id", "=patient_id", "=user_id", "=request_id"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(RecordAdmin):
    list_display = ["route", "created_at", "status"]
    fields = ["owner_id", "route", "key", "status", "created_at"]
