"""Answers to a browser's outbox: words a script can keep, and which way the entry went.

An entry is sent by the page's script, perhaps long after the tap, with `X-Outbox: now` while the
nurse looks at the form and `later` otherwise. Only an answer with `X-Outbox` settles it.
"""

from functools import wraps
from typing import ParamSpec

from django.http import HttpResponse, JsonResponse

from clinics.web.access import ClinicRequest, ClinicView
from core.web.middleware import OUTBOX
from infusion.web.forms.base import ActForm

P = ParamSpec("P")
CHARTED_BY = "X-Charted-By"


def asked(request: ClinicRequest) -> bool:
    """Return whether an outbox sent this request."""
    return OUTBOX in request.headers


def watched(request: ClinicRequest) -> bool:
    """Return whether somebody waits at the form: only then pieces of the page are of use."""
    return request.headers.get(OUTBOX) == "now"


def own_entries_only(view: ClinicView[P]) -> ClinicView[P]:
    """Leave an entry where it is when another person is signed in than the one who charted it."""

    @wraps(view)
    def run(request: ClinicRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.headers.get(CHARTED_BY, str(request.user.pk)) != str(request.user.pk):
            return HttpResponse(status=401)
        return view(request, *args, **kwargs)

    return run


def applied(words: str = "", *, html: str = "", go: str = "") -> JsonResponse:
    """Answer that the entry is in the record; `go` is the page the nurse is led to."""
    answer = JsonResponse({"words": [words], "html": html, "go": go})
    answer[OUTBOX] = "applied"
    return answer


def refused(form: ActForm, shown: HttpResponse) -> JsonResponse:
    """Answer that the entry is not in the record, why, and the form to correct it in."""
    answer = JsonResponse(
        {"words": words_of(form), "html": shown.content.decode()}, status=shown.status_code
    )
    answer[OUTBOX] = "refused"
    return answer


def words_of(form: ActForm) -> list[str]:
    """Return what is wrong with a form, each problem after the name of its field."""
    said = []
    for name, problems in form.errors.items():
        label = "" if name not in form.fields else form[name].label
        said += [f"{label}: {problem}" if label else str(problem) for problem in problems]
    return said
