"""Book the series: every dose to come proposed at once, looked over, saved all or nothing."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import NotFound, Refusal
from scheduling.selectors import course_of
from scheduling.series import Series, propose_series
from scheduling.services.series import book_series
from scheduling.web.refusals import explain
from scheduling.web.series_form import SeriesFilterForm, SeriesForm, pinned_days
from scheduling.wishes import as_sought, wishes_of

CHECK = "check"


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def series(request: ClinicRequest, course_id: UUID) -> HttpResponse:
    """Show the proposal; take the changes into a new one; or book it."""
    now = clock.now()
    patient_id = course_of(request.actor, course_id).patient_id
    filters = SeriesFilterForm(request.GET or None, wished=as_sought(wishes_of(patient_id)))
    proposed = propose_series(request.actor, course_id, now=now, wishes=filters.wishes())
    zone = request.clinic.time_zone
    if request.method == "GET":
        record_read(
            subject=proposed.course, patient_id=proposed.course.patient_id, actor=request.actor,
            now=now, page="series",
        )  # fmt: skip
        return _show(request, proposed, filters, SeriesForm(lines=proposed.lines, zone=zone))
    if request.POST.get("act") == CHECK:
        pinned = pinned_days(request.POST, proposed.lines)
        proposed = propose_series(
            request.actor, course_id, now=now, wishes=filters.wishes(), pinned=pinned
        )
        return _show(request, proposed, filters, SeriesForm(lines=proposed.lines, zone=zone))
    form = SeriesForm(request.POST, lines=proposed.lines, zone=zone)
    if form.is_valid():
        try:
            made = book_series(
                course_id=course_id, rows=form.chosen(), actor=request.actor, now=now
            )
        except NotFound:
            raise
        except Refusal as refusal:
            explain(form, refusal)
        else:
            words = ngettext("%d dose is booked.", "%d doses are booked.", len(made))
            messages.success(request, words % len(made))
            return redirect("patient", request.clinic.slug, proposed.course.patient_id)
    return _show(request, proposed, filters, form)


def _show(
    request: ClinicRequest, proposed: Series, filters: SeriesFilterForm, form: SeriesForm
) -> HttpResponse:
    rows = {row.line.visit.pk: row for row in form.rows}
    context = {
        "series": proposed,
        "patient": proposed.course.patient,
        "lines": [(line, rows.get(line.visit.pk)) for line in proposed.lines],
        "form": form,
        "filters": filters,
        "open_lines": sum(line.day is None for line in proposed.lines),
        "days_before": request.clinic.confirm_days_before,
        "answer_url": request.get_full_path(),
    }
    status = 422 if form.errors else 200
    return render(request, "scheduling/series.html", context, status=status)
