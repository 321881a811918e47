"""The back office of the clinics: rooms, hours and people may be changed, tokens only looked at."""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from clinical.loading import DEFAULT_EDITION, ProtocolError
from clinical.protocol import load
from clinical.vitals import with_schedule
from clinics.models import (
    Absence,
    ApiClient,
    Chair,
    ChairOutage,
    Clinic,
    Closure,
    HeadCount,
    HolidayOpening,
    Membership,
    OpeningHours,
    Shift,
    User,
)
from clinics.vitals import schedule_of
from core.admin_site import AuditedAdmin, RecordAdmin

VITALS_TIMES = (
    "vitals_gap_minutes", "vitals_gap_in_reaction_minutes", "vitals_at_rate_changes",
    "vitals_after_end_minutes",
)  # fmt: skip

# What somebody may do is in their memberships; Django's groups would be a second truth.
# The sign-in library's own tables are changed on its pages, by the person they belong to.
for unwanted in (Group, EmailAddress, Authenticator):
    if admin.site.is_registered(unwanted):
        admin.site.unregister(unwanted)


class ClinicForm(forms.ModelForm):  # type: ignore[type-arg]  # a class without [] at run time
    """A clinic, whose own times for vital signs are checked against its protocol."""

    def clean(self) -> dict[str, Any]:
        """Refuse times rarer than the protocol's: they would not be kept."""
        data = super().clean() or {}
        wanted = schedule_of(Clinic(**{name: data[name] for name in VITALS_TIMES if name in data}))
        try:
            protocol = load(edition=data.get("edition") or DEFAULT_EDITION)
        except ProtocolError as unknown:
            self.add_error("edition", str(unknown))
            return data
        kept = with_schedule(protocol, wanted).observation
        if wanted.gap not in {None, kept.vitals_gap}:
            self.add_error("vitals_gap_minutes", _limits(kept.vitals_gap))
        if wanted.gap_in_reaction not in {None, kept.vitals_gap_in_reaction}:
            self.add_error("vitals_gap_in_reaction_minutes", _limits(kept.vitals_gap_in_reaction))
        return data


def _limits(nearest: timedelta) -> str:
    return _("The protocol does not allow this. The nearest it allows: %(minutes)s minutes.") % {
        "minutes": nearest // timedelta(minutes=1)
    }


@admin.register(Clinic)
class ClinicAdmin(AuditedAdmin):
    form = ClinicForm
    list_display = ["name", "slug", "time_zone", "edition", "reminders_held"]


@admin.register(OpeningHours)
class OpeningHoursAdmin(AuditedAdmin):
    list_display = ["clinic", "weekday", "opens", "closes"]
    list_filter = ["clinic"]


@admin.register(Closure)
class ClosureAdmin(AuditedAdmin):
    list_display = ["clinic", "date", "reason"]
    list_filter = ["clinic"]


@admin.register(HolidayOpening)
class HolidayOpeningAdmin(AuditedAdmin):
    list_display = ["clinic", "date"]
    list_filter = ["clinic"]


@admin.register(HeadCount)
class HeadCountAdmin(AuditedAdmin):
    list_display = ["clinic", "weekday", "half", "nurses"]
    list_filter = ["clinic"]


@admin.register(Chair)
class ChairAdmin(AuditedAdmin):
    list_display = ["label", "clinic", "kind", "position", "is_active"]
    list_filter = ["clinic"]


@admin.register(ChairOutage)
class ChairOutageAdmin(AuditedAdmin):
    list_display = ["chair", "period", "reason"]
    list_select_related = ["chair"]


@admin.register(Shift)
class ShiftAdmin(AuditedAdmin):
    list_display = ["date", "clinic", "starts", "ends", "nurse", "nurses"]
    list_filter = ["clinic"]
    date_hierarchy = "date"


@admin.register(Absence)
class AbsenceAdmin(AuditedAdmin):
    list_display = ["date", "clinic", "starts", "ends", "nurse", "nurses"]
    list_filter = ["clinic"]
    date_hierarchy = "date"


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "full_name")


class UserForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class StaffAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]
    """People, and their roles clinic by clinic. Who leaves is made inactive, not removed."""

    form = UserForm
    add_form = NewUserForm
    list_display = ["full_name", "email", "is_active", "is_superuser"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["full_name", "email"]
    ordering = ["full_name"]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "password", "full_name"]}),
        ("May do", {"fields": ["is_active", "is_superuser"]}),
        ("Known since", {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})
    ]


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    list_display = ["user", "clinic", "role"]
    list_filter = ["clinic", "role"]
    list_select_related = ["user", "clinic"]


@admin.register(ApiClient)
class ApiClientAdmin(RecordAdmin):
    """Made, rotated and revoked by commands: a secret must not pass through a form."""

    list_display = ["name", "clinic", "expires_at", "revoked_at"]
    fields = ["name", "clinic", "scopes", "created_at", "expires_at", "revoked_at"]
