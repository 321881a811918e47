"""Django's admin as a back office: superusers only, on our own sign-in, every change on record.

What a clinic is made of (rooms, hours, people) may be changed here. What happened to patients may
only be looked at: those tables are written by services, under locks that the admin does not take.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, reverse

from core import clock
from core.access import Access, Audience, declare
from core.models import AuditEntry


class SuperuserSite(admin.AdminSite):
    """Lets superusers in; sends whoever is not signed in to the sign-in page of everybody."""

    site_header = "Back office"
    site_title = "Back office"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Never ask for a password here: the second factor and the lock-out are over there."""
        if self.has_permission(request):
            return HttpResponse(status=302, headers={"Location": reverse("admin:index")})
        if request.user.is_authenticated:
            raise PermissionDenied
        after = request.GET.get("next", reverse("admin:index"))
        return redirect_to_login(after, reverse(settings.LOGIN_URL))

    def get_urls(self) -> list[Any]:
        urls = super().get_urls()
        _declare_all(urls)
        return urls


def _declare_all(urls: Sequence[Any]) -> None:
    for entry in urls:
        if isinstance(entry, URLResolver):
            _declare_all(entry.url_patterns)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "__func__", entry.callback)  # a method has no attributes
            declare(view, Access(Audience.SUPERUSER))


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # a class without [] at run time
    """Every addition, change and removal is written to the ledger, in the same transaction."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record(request, obj, "admin.added", {})
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record(request, obj, "admin.changed", {"changes": message})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            _record(request, obj, "admin.removed", {})
        return super().log_deletions(request, queryset)


class RecordAdmin(AuditedAdmin):
    """Facts and records: to be looked at, and looking at a patient's is itself recorded."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            _record(request, found, "record.read", {"page": "admin"}, _patient_of(found))
        return found

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        patients = {_patient_of(row) for row in page.result_list} - {None}
        if patients:
            details = {"page": "admin", "patients": sorted(str(patient) for patient in patients)}
            _entry(request, self.model, "records.listed", details).save(force_insert=True)
        return page


def _record(
    request: HttpRequest,
    subject: Model,
    action: str,
    details: dict[str, Any],
    patient_id: UUID | None = None,
) -> None:
    entry = _entry(request, type(subject), action, details)
    entry.subject_id = subject.pk if isinstance(subject.pk, UUID) else None
    entry.clinic_id = _clinic_of(subject)
    entry.patient_id = patient_id
    entry.save(force_insert=True)


def _entry(
    request: HttpRequest, model: type[Model], action: str, details: dict[str, Any]
) -> AuditEntry:
    """An entry outside any clinic's roles: a superuser has none, so there is no Actor."""
    return AuditEntry(
        occurred_at=clock.now(),
        actor_kind=AuditEntry.ActorKind.USER,
        user_id=request.user.pk,
        action=action,
        subject_type=model._meta.label,
        details=details,
        request_id=request.META.get("REQUEST_ID", ""),
    )


def _clinic_of(subject: Model) -> Any:
    if subject._meta.label == "clinics.Clinic":
        return subject.pk
    return getattr(subject, "clinic_id", None)


def _patient_of(subject: Any) -> Any:
    if subject._meta.label == "patients.Patient":
        return subject.pk
    return getattr(subject, "patient_id", None)
