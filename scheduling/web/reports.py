"""Reports of the desk: doses on time, and the rules that somebody went past."""

from datetime import date
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinics.permissions import REPORTS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.web.charts import BarChart, Series
from core.web.tables import csv_response
from core.zones import local_date
from scheduling.reports.doses import (
    HIGH_RISK_DAYS,
    SHOWN,
    DosesOnTime,
    LateDose,
    Punctuality,
    doses_on_time,
    late_doses,
)
from scheduling.reports.overrides import by_rule, overrides
from scheduling.web.report_frame import UNKNOWN, asked_span, decimal, percent, show

LATE_HEADER = (
    "days_past_due", "due_on", "latest_on", "dose", "mg", "booked_for", "reason", "mrn",
    "family_name", "given_names", "birth_date",
)  # fmt: skip
DOSES_HEADER = (
    "period", "given", "within_window", "within_window_percent", "early", "late",
    "mean_days_past_due", "longest_days_past_due", "waiting_past_latest", "mean_wait_days",
    "high_risk_days",
)  # fmt: skip


@allow(REPORTS_VIEW)
@require_safe
def doses(request: ClinicRequest) -> HttpResponse:
    """Doses given in time, month by month, and everybody who waits past the latest day."""
    now = clock.now()
    today = local_date(now, request.clinic.time_zone)
    span, problem = asked_span(request)
    found = doses_on_time(request.actor, span, today=today)
    rows = late_doses(request.actor, today=today, now=now)
    context = {
        "found": found,
        "share": percent(found.total.share),
        "mean_days": decimal(found.total.mean_days),
        "mean_wait": decimal(found.mean_wait),
        "high_risk": found.mean_wait is not None and found.mean_wait >= HIGH_RISK_DAYS,
        "high_risk_days": HIGH_RISK_DAYS,
        "shown": SHOWN,
        "charts": [_share_chart(found), _days_chart(found)],
        "late": [(row, row.days_past_due(today), _reason(row)) for row in rows],
    }
    return show(request, "scheduling/reports/doses.html", span, problem, context)


def _share_chart(found: DosesOnTime) -> BarChart:
    months = [month for _, month in found.months]
    return BarChart(
        title=_("Doses given within their window"),
        unit=_("percent of the doses given in the month"),
        head=_("Month"),
        labels=tuple(_month(day) for day, _ in found.months),
        series=(
            Series(
                _("Within the window"), tuple(month.share for month in months),
                tuple(f"{percent(month.share)} ({month.within}/{month.given})" for month in months),
            ),
        ),
    )  # fmt: skip


def _days_chart(found: DosesOnTime) -> BarChart:
    months = [month for _, month in found.months]
    return BarChart(
        title=_("Mean days past due"),
        unit=_("days, over all doses given in the month"),
        head=_("Month"),
        labels=tuple(_month(day) for day, _ in found.months),
        series=(
            Series(
                _("Mean days past due"), tuple(month.mean_days for month in months),
                tuple(decimal(month.mean_days) for month in months),
            ),
        ),
        reference=HIGH_RISK_DAYS,
        reference_words=_("30 days: high risk"),
    )  # fmt: skip


def _month(day: date) -> str:
    return f"{display.MONTHS[day.month - 1]} {day.year}"


def _reason(row: LateDose) -> str:
    if row.booked_for is not None:
        day = display.clinical_date(row.booked_for, ZoneInfo("UTC"))
        return _("booked for %(day)s") % {"day": day}
    if row.no_shows:
        return _("did not attend (%(times)s)") % {"times": row.no_shows}
    if row.ended_as is not None:
        return _("cancelled: %(reason)s") % {"reason": row.end_reason or UNKNOWN}
    return _("never booked")


@allow(REPORTS_VIEW)
@require_safe
def doses_csv(request: ClinicRequest) -> HttpResponse:
    """Give the page's figures to a spreadsheet: the span's, today's, and each month's."""
    today = local_date(clock.now(), request.clinic.time_zone)
    span, _problem = asked_span(request)
    found = doses_on_time(request.actor, span, today=today)
    given, waiting = len(DOSES_HEADER) - 4, 3
    rows = [
        ("span", *_given_cells(found.total), *[None] * waiting),
        ("today", *[None] * given, found.waiting, decimal(found.mean_wait), HIGH_RISK_DAYS),
        *((f"{day:%Y-%m}", *_given_cells(month), *[None] * waiting) for day, month in found.months),
    ]
    return csv_response(f"doses-{span.first}-{span.last}.csv", DOSES_HEADER, rows)


def _given_cells(doses: Punctuality) -> tuple[object, ...]:
    return (
        doses.given, doses.within, decimal(doses.share), doses.early, doses.late,
        decimal(doses.mean_days), doses.longest,
    )  # fmt: skip


@allow(REPORTS_VIEW)
@require_safe
def late_csv(request: ClinicRequest) -> HttpResponse:
    """Give everybody who waits past the latest day to a spreadsheet."""
    now = clock.now()
    today = local_date(now, request.clinic.time_zone)
    rows = (
        (row.days_past_due(today), row.due_on, row.latest_on, row.dose_number, row.dose_mg,
         row.booked_for, _reason(row), row.mrn, row.family_name, row.given_names, row.birth_date)
        for row in late_doses(request.actor, today=today, now=now)
    )  # fmt: skip
    return csv_response(f"late-doses-{today}.csv", LATE_HEADER, rows)


@allow(REPORTS_VIEW)
@require_safe
def rules(request: ClinicRequest) -> HttpResponse:
    """The rules that were gone past, by rule, and each with its reason."""
    span, problem = asked_span(request)
    counts = by_rule(request.clinic, span)
    chart = BarChart(
        title=_("Overrides by rule"),
        head=_("Rule"),
        labels=tuple(count.rule_id for count in counts),
        series=(
            Series(
                _("Times"), tuple(float(count.times) for count in counts),
                tuple(str(count.times) for count in counts),
            ),
        ),
    )  # fmt: skip
    rows = overrides(request.actor, request.clinic, span, now=clock.now())
    context = {"counts": counts, "charts": [chart], "rows": rows}
    return show(request, "scheduling/reports/overrides.html", span, problem, context)


@allow(REPORTS_VIEW)
@require_safe
def rules_csv(request: ClinicRequest) -> HttpResponse:
    """Give the overrides of the span to a spreadsheet."""
    span, _problem = asked_span(request)
    zone = ZoneInfo(request.clinic.time_zone)
    header = ("rule", "at", "by", "reason", "mrn", "family_name", "given_names", "birth_date")
    rows = (
        (row.rule_id, display.clinical_datetime(row.overridden_at, zone), row.by, row.reason,
         row.mrn, row.family_name, row.given_names, row.birth_date)
        for row in overrides(request.actor, request.clinic, span, now=clock.now())
    )  # fmt: skip
    return csv_response(f"overrides-{span.first}-{span.last}.csv", header, rows)
