"""What the frame of every page shows: which clinic, who, and where one can go."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinics import permissions
from clinics.models import Clinic, Role
from core import clock


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the main navigation."""

    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame's contents; empty for pages outside any clinic."""

    now: datetime
    clinic: Clinic | None = None
    actor_label: str = ""
    roles: tuple[str, ...] = ()
    nav: tuple[NavItem, ...] = ()
    search_url: str = ""
    may_change_records: bool = False
    may_audit: bool = False


# Which entry of the navigation a page belongs to, by the first word of its address's name.
SECTIONS = {
    "patient": "patients", "course": "patients", "visit": "due", "booking": "day",
    "chair": "board", "handover": "board", "infusion": "patients",
    "reminder": "mailbox", "letters": "mailbox",
    "month": "day", "plan": "day", "disruption": "day", "disruptions": "day",
    "conflicts": "day", "rebook": "day",
}  # fmt: skip
PAGES = (
    ("board", _("Chairs"), "chair", permissions.BOARD_VIEW),
    ("day", _("Day"), "calendar", permissions.BOOKINGS_VIEW),
    ("due", _("Due list"), "clock", permissions.VISITS_VIEW),
    ("waitlist", _("Waitlist"), "list", permissions.BOOKINGS_CHANGE),
    ("patients", _("Patients"), "people", permissions.PATIENTS_VIEW),
    ("import", _("Import"), "upload", permissions.PATIENTS_IMPORT),
    ("mailbox", _("Reminders"), "bell", permissions.REMINDERS_VIEW),
    ("reports", _("Reports"), "chart", permissions.REPORTS_VIEW),
)


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor: `shell`, from what the view's door already looked up; no query."""
    clinic = getattr(request, "clinic", None)
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    label = str(user) if signed_in else ""
    if clinic is None:
        return {"shell": Shell(now=clock.now(), actor_label=label)}
    actor = request.actor  # type: ignore[attr-defined]
    match = request.resolver_match
    here = _section(match.url_name or "") if match else ""
    return {
        "shell": Shell(
            now=clock.now(),
            clinic=clinic,
            actor_label=label,
            roles=tuple(str(Role(role).label) for role in request.roles),  # type: ignore[attr-defined]
            nav=tuple(
                NavItem(str(label), reverse(name, args=[clinic.slug]), icon, current=here == name)
                for name, label, icon, permission in PAGES
                if actor.may(permission)
            ),
            may_change_records=actor.may(permissions.PATIENTS_CHANGE),
            may_audit=actor.may(permissions.AUDIT_VIEW),
            search_url=(
                reverse("patients", args=[clinic.slug])
                if actor.may(permissions.PATIENTS_VIEW)
                else ""
            ),
        )
    }


def demo_sign_ins(request: HttpRequest) -> dict[str, object]:
    """Context processor: in the demo, the sign-in page lists who one can be. Nowhere else."""
    match = request.resolver_match
    if not settings.DEMO or match is None or match.url_name != "account_login":
        return {}
    written = settings.DEMO_FOLDER / "sign-ins.json"
    return {"demo_sign_ins": json.loads(written.read_text()) if written.exists() else []}


def _section(url_name: str) -> str:
    first = url_name.replace("-", "_").split("_")[0]
    return SECTIONS.get(first, first)
