"""What every report's page has: its span, its tabs, and its figures in words."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from clinics.web.access import ClinicRequest
from core import clock, display
from core.errors import Invalid
from core.zones import local_date
from scheduling.reports.span import Span, span_of

UNKNOWN = display.NOTHING
FEW = 9.95  # percent: below it a decimal place says something


def asked_span(request: ClinicRequest) -> tuple[Span, str]:
    """Return the span in the address, or the usual one and why the asked one makes no sense."""
    today = local_date(clock.now(), request.clinic.time_zone)
    given = request.GET
    try:
        return span_of(given.get("from", ""), given.get("to", ""), today=today), ""
    except Invalid as refusal:
        return span_of("", "", today=today), refusal.message


def show(
    request: ClinicRequest, template: str, span: Span, problem: str, context: dict[str, Any]
) -> HttpResponse:
    """Show a report's page; with 422 when the asked span made no sense."""
    tabs = [
        ("reports", _("Doses on time")),
        ("reports_use", _("Chairs and nurses")),
        ("reports_reactions", _("Reactions")),
        ("reports_overrides", _("Overrides")),
    ]
    shown = {"span": span, "problem": problem, "tabs": tabs, **context}
    return render(request, template, shown, status=422 if problem else 200)


def percent(value: float | None) -> str:
    """Return 87 %, below ten 4.2 %, or a dash."""
    if value is None:
        return UNKNOWN
    places = 1 if 0 < value < FEW else 0
    return f"{value:.{places}f}\N{NO-BREAK SPACE}%"


def decimal(value: float | None) -> str:
    """Return 4.2, or a dash."""
    return UNKNOWN if value is None else f"{value:.1f}"
