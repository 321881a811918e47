"""The list of what is told to whom: waiting, sent, and what went wrong."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from clinics.permissions import REMINDERS_ACKNOWLEDGE, REMINDERS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.web.tables import csv_response
from reminders import kinds, selectors
from reminders.services.acknowledging import acknowledge
from reminders.web.lists import HEADINGS, Line, cells
from reminders.written_mail import letters

PAGE_ROWS = 50
EXPORT_ROWS = 5000
FIRST_TAB = "screen"
TAB_LABELS = {
    "screen": _("On screen"),
    "waiting": _("Waiting"),
    "sent": _("Sent"),
    "failed": _("Failed"),
    "expired": _("Too late to send"),
    "void": _("No longer needed"),
}


@allow(REMINDERS_VIEW)
@require_safe
def mailbox(request: ClinicRequest) -> HttpResponse:
    """One tab of the clinic's reminders, a page at a time."""
    tab, kind = request.GET.get("tab", FIRST_TAB), request.GET.get("kind", "")
    page = selectors.page_of(
        request.actor, tab=tab, kind=kind, after=request.GET.get("after", ""),
        limit=PAGE_ROWS, now=clock.now(),
    )  # fmt: skip
    counted = selectors.counts(request.actor)
    context = {
        "tab": tab,
        "kind": kind,
        "kinds": [(name, kinds.label_of(name)) for name in kinds.names()],
        "tabs": [
            (name, label, _shown(counted[name]), _address(request, tab=name, kind=kind))
            for name, label in TAB_LABELS.items()
        ],
        "tab_label": TAB_LABELS[tab],
        "lines": [Line.of(row) for row in page.rows],
        "more_url": _address(request, tab=tab, kind=kind, after=page.following)
        if page.following
        else "",
        "export_url": _address(request, "mailbox_csv", tab=tab, kind=kind),
        "may_acknowledge": request.actor.may(REMINDERS_ACKNOWLEDGE),
        "swept_at": selectors.last_sweep(),
        "held": request.clinic.reminders_held,
        "demo": settings.DEMO,
    }
    return render(request, "reminders/mailbox.html", context)


@allow(REMINDERS_VIEW)
@require_safe
def mailbox_csv(request: ClinicRequest) -> HttpResponse:
    """The same list as a file, without names: record numbers only."""
    tab = request.GET.get("tab", FIRST_TAB)
    page = selectors.page_of(
        request.actor, tab=tab, kind=request.GET.get("kind", ""), limit=EXPORT_ROWS,
        now=clock.now(),
    )  # fmt: skip
    rows = (cells(row, request.clinic.time_zone) for row in page.rows)
    return csv_response(f"reminders-{tab}.csv", HEADINGS, rows)


@allow(REMINDERS_VIEW)
@require_safe
def written_letters(request: ClinicRequest) -> HttpResponse:
    """In the demonstration: the messages to patients, as they were written."""
    context = {
        "letters": letters(request.actor),
        "demo": settings.DEMO,
        "back_url": _address(request),
    }
    return render(request, "reminders/letters.html", context)


@allow(REMINDERS_ACKNOWLEDGE)
@require_POST
def seen(request: ClinicRequest, reminder_id: UUID) -> HttpResponse:
    """Somebody has seen a reminder on the screen."""
    acknowledge(reminder_id=reminder_id, actor=request.actor, now=clock.now())
    return redirect(_address(request))


def _address(request: ClinicRequest, name: str = "mailbox", **query: str) -> str:
    given = {key: value for key, value in query.items() if value}
    address = reverse(name, args=[request.clinic.slug])
    return f"{address}?{urlencode(given)}" if given else address


def _shown(count: int) -> Any:
    return f"{selectors.COUNTED - 1}+" if count >= selectors.COUNTED else count
