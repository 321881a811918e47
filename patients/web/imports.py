"""The import page: hand in a file, watch it being read, and see every refusal with its line."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.permissions import PATIENTS_IMPORT
from clinics.web.access import ClinicRequest, allow, polled
from core import clock
from core.errors import NotFound, Refusal
from core.web.tables import csv_response
from patients import import_jobs, uploads
from patients.fhir.source import SUFFIXES
from patients.fhir.table import HEADER
from patients.models import ImportNote, ImportRun
from patients.selectors_imports import NOTES_SHOWN, is_lost, notes_of, recent_runs, run_of
from patients.services.import_runs import fail_import, request_import
from patients.services.tally import Outcome
from patients.web.refusals import REFUSED, put_on

if TYPE_CHECKING:  # generic in the stubs only
    from django.core.files.uploadedfile import UploadedFile

# A worker takes a run up within a second or two: after this long there seems to be none.
NOBODY_CAME = timedelta(seconds=10)


class ImportForm(forms.Form):
    """One file to import."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=200,
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(SUFFIXES)}),
    )

    def clean_file(self) -> "UploadedFile[Any]":
        """Refuse a file that is larger than this page takes."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            limit = settings.IMPORT_MAX_BYTES // (1024 * 1024)
            raise forms.ValidationError(
                _("This file is larger than %(limit)d MB. Split it, or use the command.")
                % {"limit": limit}
            )
        return file


@dataclass(frozen=True, slots=True)
class CountsRow:
    """One resource's line in the table of what became of the input."""

    resource: str
    counts: list[tuple[str, int]]


@allow(PATIENTS_IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: ClinicRequest) -> HttpResponse:
    """The form, and the clinic's earlier imports."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        try:
            run = _hand_in(request, form.cleaned_data["file"])
        except Refusal as refusal:
            put_on(form, refusal)
        else:
            return redirect("import-run", request.clinic.slug, run.pk)
    context = {
        "form": form,
        "runs": recent_runs(request.actor),
        "header": HEADER,
        "limit_megabytes": settings.IMPORT_MAX_BYTES // (1024 * 1024),
    }
    status = REFUSED if request.method == "POST" else 200
    return render(request, "patients/import.html", context, status=status)


def _hand_in(request: ClinicRequest, file: "UploadedFile[Any]") -> ImportRun:
    now = clock.now()
    uploads.remove_forgotten(now)
    run = request_import(
        file_name=uploads.plain_name(file.name or ""), size_bytes=file.size or 0,
        actor=request.actor, now=now,
    )  # fmt: skip
    try:
        uploads.keep(run.pk, run.file_name, file.chunks())
    except OSError:
        fail_import(run_id=run.pk, problem=_("The file could not be kept."), now=clock.now())
        raise
    import_jobs.start(run)
    return run


@allow(PATIENTS_IMPORT)
@require_safe
def import_run(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """One import: how far it is, and what became of its lines."""
    return render(request, "patients/import_run.html", _shown(request, run_id))


@polled
@allow(PATIENTS_IMPORT)
@require_safe
def import_progress(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """The part of the page that moves, asked for by the page itself."""
    return render(request, "patients/_import_run.html", _shown(request, run_id))


@allow(PATIENTS_IMPORT)
@require_POST
def work_here(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """Read a small file in this request, because no worker has taken it up."""
    run = run_of(request.actor, run_id)
    if run.state == ImportRun.State.WAITING and run.size_bytes <= import_jobs.SMALL_BYTES:
        with suppress(NotFound):  # a worker came after all
            import_jobs.work_on(run.pk)
    return redirect("import-run", request.clinic.slug, run_id)


@allow(PATIENTS_IMPORT)
@require_safe
def refusals_csv(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """Every line that was not taken, as a file: place, resource, reason, and no names."""
    run = run_of(request.actor, run_id)
    rows = (
        (note.outcome, note.place, note.resource, note.reason, note.times)
        for outcome in ImportNote.Outcome
        for note in notes_of(run, outcome)
    )
    header = ("outcome", "place", "resource", "reason", "lines")
    return csv_response(f"import-{run.pk}.csv", header, rows)


def _shown(request: ClinicRequest, run_id: UUID) -> dict[str, Any]:
    now = clock.now()
    run = run_of(request.actor, run_id)
    is_waiting = run.state == ImportRun.State.WAITING and now - run.requested_at > NOBODY_CAME
    return {
        "run": run,
        "is_lost": is_lost(run, now),
        "nobody_came": is_waiting,
        "may_work_here": is_waiting and run.size_bytes <= import_jobs.SMALL_BYTES,
        "totals": [(str(one), _total(run, one)) for one in Outcome],
        "rows": [
            CountsRow(name, [(str(one), ended.get(str(one), 0)) for one in Outcome])
            for name, ended in sorted(run.counts.items())
        ],
        "refusals": notes_of(run, ImportNote.Outcome.REFUSED, limit=NOTES_SHOWN),
        "skips": notes_of(run, ImportNote.Outcome.SKIPPED),
        "notes_shown": NOTES_SHOWN,
    }


def _total(run: ImportRun, outcome: Outcome) -> int:
    return sum(ended.get(str(outcome), 0) for ended in run.counts.values())
