"""The list of the clinic's patients, with search.

What is typed is read from a POST only, so that no name stands in an address.
"""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from clinics.permissions import PATIENTS_CHANGE, PATIENTS_IMPORT, PATIENTS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock
from patients.selectors import PatientLine, search
from patients.web.links import patient_page


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, with where it leads."""

    patient: PatientLine
    url: str
    under_age: bool


@allow(PATIENTS_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def patients(request: ClinicRequest) -> HttpResponse:
    """The list; for htmx only its rows. `after` asks for what follows that patient."""
    typed, after = request.POST.get("q", ""), _uuid(request.POST.get("after", ""))
    page = search(
        actor=request.actor, clinic=request.clinic, typed=typed, after=after, now=clock.now()
    )
    context = {
        "rows": [
            Row(line, patient_page(request.clinic.slug, line.id), page.under_age(line))
            for line in page.lines
        ],
        "typed": typed,
        "following": page.cursor,
        "is_continued": after is not None,
        "may_change": request.actor.may(PATIENTS_CHANGE),
        "may_import": request.actor.may(PATIENTS_IMPORT),
    }
    return render(request, _template(request, is_continued=after is not None), context)


def _template(request: ClinicRequest, *, is_continued: bool) -> str:
    if not request.headers.get("HX-Request"):
        return "patients/list.html"
    return "patients/_rows.html" if is_continued else "patients/_results.html"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
