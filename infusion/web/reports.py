"""Reports of the treatment room: chairs and nurses as planned and as it was, and reactions."""

from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from clinics.permissions import REPORTS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import display
from core.web.charts import BarChart, Series
from core.web.tables import csv_response
from infusion.reaction_counts import ReactionLine, reactions_by_dose
from infusion.usage import Hour, Phase, Usage, usage
from scheduling.reports.desk import Attendance, attendance
from scheduling.web.report_frame import UNKNOWN, asked_span, decimal, percent, show

PHASES = {
    "before_start": gettext_lazy("Arrival to start"),
    "running": gettext_lazy("Infusion"),
    "observed": gettext_lazy("Observation"),
}
AHEAD = (
    gettext_lazy("up to 7 days"), gettext_lazy("8 to 30"), gettext_lazy("31 to 90"),
    gettext_lazy("91 to 180"), gettext_lazy("longer"),
)  # fmt: skip
AHEAD_NAMES = ("0_to_7", "8_to_30", "31_to_90", "91_to_180", "over_180")  # AHEAD in the CSV
RATES = {
    "initial": gettext_lazy("Initial"), "standard": gettext_lazy("Standard"),
    "short": gettext_lazy("Short"),
}  # fmt: skip


@allow(REPORTS_VIEW)
@require_safe
def use(request: ClinicRequest) -> HttpResponse:
    """How full chairs and nurses were, when, and what ran over."""
    span, problem = asked_span(request)
    found, desk = usage(request.clinic, span), attendance(request.clinic, span)
    shares = {
        name: percent(getattr(found, name))
        for name in ("chair_planned", "chair_actual", "nurse_planned", "nurse_actual", "over_share")
    }
    context = {
        "found": found,
        "desk": desk,
        "shares": shares,
        "over_mean": minutes(found.over_mean),
        "over_longest": minutes(found.over_longest),
        "arrival": minutes(found.arrival),
        "missed": percent(desk.missed_share),
        "mean_ahead": decimal(desk.mean_ahead),
        "charts": [hours_chart(found.hours), phases_chart(found.phases), ahead_chart(desk)],
    }
    return show(request, "infusion/reports/use.html", span, problem, context)


def minutes(value: float | None) -> str:
    """Return 1hr 5min, with a minus before what is early, or a dash."""
    if value is None:
        return UNKNOWN
    words = display.duration(timedelta(minutes=abs(round(value))))
    return f"\N{MINUS SIGN}{words}" if round(value) < 0 else words


def hours_chart(hours: Sequence[Hour]) -> BarChart:
    """Patients in chairs by hour of the day."""
    return BarChart(
        title=_("Patients in chairs by hour"),
        unit=_("on average over the open days"),
        head=_("Hour"),
        labels=tuple(f"{hour.hour:02d}:00" for hour in hours),
        series=(
            Series(
                _("Planned"), tuple(hour.planned for hour in hours),
                tuple(decimal(hour.planned) for hour in hours),
            ),
            Series(
                _("Actual"), tuple(hour.actual for hour in hours),
                tuple(decimal(hour.actual) for hour in hours),
            ),
        ),
    )  # fmt: skip


def phases_chart(phases: Sequence[Phase]) -> BarChart:
    """The mean length of each phase."""
    return BarChart(
        title=_("How long each phase takes"),
        unit=_("mean minutes, of the visits that ended"),
        head=_("Phase"),
        labels=tuple(str(PHASES[phase.name]) for phase in phases),
        series=(
            Series(
                _("Planned"), tuple(phase.planned for phase in phases),
                tuple(minutes(phase.planned) for phase in phases),
            ),
            Series(
                _("Actual"), tuple(phase.actual for phase in phases),
                tuple(minutes(phase.actual) for phase in phases),
            ),
        ),
    )  # fmt: skip


def ahead_chart(desk: Attendance) -> BarChart:
    """How long before the visit it was booked."""
    return BarChart(
        title=_("How long ahead visits are booked"),
        unit=_("visits, by days between booking and visit"),
        head=_("Days ahead"),
        labels=tuple(map(str, AHEAD)),
        series=(Series(_("Visits"), tuple(map(float, desk.ahead)), tuple(map(str, desk.ahead))),),
    )


@allow(REPORTS_VIEW)
@require_safe
def use_csv(request: ClinicRequest) -> HttpResponse:
    """Give every figure of the page to a spreadsheet, one in a row.

    What has no plan, such as an overrun, leaves the planned cell empty.
    """
    span, _problem = asked_span(request)
    rows = _use_rows(usage(request.clinic, span)) + _desk_rows(attendance(request.clinic, span))
    return csv_response(f"use-{span.first}-{span.last}.csv", ("figure", "planned", "actual"), rows)


def _use_rows(found: Usage) -> list[tuple[object, ...]]:
    return [
        ("visits", found.planned, found.ended),
        ("chairs_percent", decimal(found.chair_planned), decimal(found.chair_actual)),
        ("nurses_percent", decimal(found.nurse_planned), decimal(found.nurse_actual)),
        *((f"{phase.name}_minutes", decimal(phase.planned), decimal(phase.actual))
          for phase in found.phases),
        *((f"patients_at_{hour.hour:02d}", decimal(hour.planned), decimal(hour.actual))
          for hour in found.hours),
        ("ran_over", None, found.over_count),
        ("ran_over_percent", None, decimal(found.over_share)),
        ("overrun_mean_minutes", None, decimal(found.over_mean)),
        ("overrun_longest_minutes", None, decimal(found.over_longest)),
        ("arrival_after_booked_minutes", None,
         UNKNOWN if found.arrival is None else round(found.arrival, 1)),  # a number: it may be < 0
    ]  # fmt: skip


def _desk_rows(desk: Attendance) -> list[tuple[object, ...]]:
    return [
        ("did_not_attend", None, desk.missed),
        ("did_not_attend_percent", None, decimal(desk.missed_share)),
        ("cancelled", None, desk.cancelled),
        ("booked_ahead_mean_days", None, decimal(desk.mean_ahead)),
        *((f"booked_ahead_{name}_days", None, visits)
          for name, visits in zip(AHEAD_NAMES, desk.ahead, strict=True)),
    ]  # fmt: skip


@allow(REPORTS_VIEW)
@require_safe
def reactions(request: ClinicRequest) -> HttpResponse:
    """How often a reaction came, by dose number and rate option."""
    span, problem = asked_span(request)
    lines = reactions_by_dose(request.clinic, span)
    ran, reacted = sum(line.ran for line in lines), sum(line.reacted for line in lines)
    context = {
        "lines": lines,
        "ran": ran,
        "reacted": reacted,
        "severe": sum(line.severe for line in lines),
        "share": percent(100 * reacted / ran if ran else None),
        "charts": [reactions_chart(lines)],
    }
    return show(request, "infusion/reports/reactions.html", span, problem, context)


def reactions_chart(lines: Sequence[ReactionLine]) -> BarChart:
    """The share of infusions with a reaction, by dose number and rate option."""
    return BarChart(
        title=_("Infusions with a reaction"),
        unit=_("percent of the infusions begun"),
        head=_("Dose and rate"),
        labels=tuple(f"{line.dose_number}, {RATES[line.rate_option]}" for line in lines),
        series=(
            Series(
                _("With a reaction"), tuple(line.share for line in lines),
                tuple(f"{percent(line.share)} ({line.reacted}/{line.ran})" for line in lines),
            ),
            Series(
                _("Severe"), tuple(100 * line.severe / line.ran for line in lines),
                tuple(str(line.severe) for line in lines),
            ),
        ),
    )  # fmt: skip


@allow(REPORTS_VIEW)
@require_safe
def reactions_csv(request: ClinicRequest) -> HttpResponse:
    """Give the counts to a spreadsheet; the page's totals are the sums of the columns."""
    span, _problem = asked_span(request)
    header = (
        "dose", "rate_option", "infusions", "with_reaction", "severe", "with_reaction_percent",
    )  # fmt: skip
    rows = (
        (line.dose_number, line.rate_option, line.ran, line.reacted, line.severe,
         decimal(line.share))
        for line in reactions_by_dose(request.clinic, span)
    )  # fmt: skip
    return csv_response(f"reactions-{span.first}-{span.last}.csv", header, rows)
