"""One act at the chair: a small page, or the same in a dialog over the board."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import INFUSIONS_CHART
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.audit import record_read
from core.errors import Forbidden, Invalid, NotFound, Refusal, RuleBroken
from infusion.bedside import Bedside, bedside
from infusion.board import Act
from infusion.chart import Charted
from infusion.services.amending import take_back
from infusion.web.board import done, tapped
from infusion.web.forms.base import ActForm
from infusion.web.pages import PAGES
from infusion.web.pages.page import Call, Page
from infusion.web.words import on_the_wall

# Where a service's word for a field is another than the form's.
FIELDS = {"occurred_at": "at", "rate_ml_h": "other_rate", "purpose": "other_purpose"}


@allow(INFUSIONS_CHART)
@require_http_methods(["GET", "POST"])
def act(request: ClinicRequest, visit_id: UUID, act: str) -> HttpResponse:
    """Show the form of an act, or chart it. A refusal shows the form again with what was typed."""
    page = PAGES.get(Act(act)) if act in set(Act) else None
    if page is None:
        raise Http404
    now = clock.now()
    bed = bedside(visit_id, request.actor, now)
    if request.method == "GET":
        record_read(
            subject=bed.visit, patient_id=bed.patient.pk, actor=request.actor, now=now, page="act"
        )
        back = "chair" if request.GET.get("back") == "chair" else "board"
        form = page.form(bed=bed, initial={"back": back})
        return _show(request, bed, Act(act), form)
    form = page.form(request.POST, bed=bed)
    if not form.is_valid():
        return _show(request, bed, Act(act), form, status=422)
    try:
        charted = page.run(Call(bed=bed, form=form, actor=request.actor, now=now))
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        _explain(form, refusal)
        return _show(request, bed, Act(act), form, status=422, refusal=refusal)
    return _charted(request, bed, page, form, charted)


def _show(
    request: ClinicRequest,
    bed: Bedside,
    act: Act,
    form: ActForm,
    *,
    status: int = 200,
    refusal: Refusal | None = None,
) -> HttpResponse:
    page = PAGES[act]
    name = "infusion/_act.html" if request.headers.get("HX-Request") else "infusion/act.html"
    context = {
        "act": act.value,
        "bed": bed,
        "form": form,
        "where": f"{bed.patient.family_name.upper()}, {bed.chair}",
        "title": page.title,
        "about": page.about,
        "more": page.more,
        "confirm": _confirm(page, bed, act),
        "findings": _findings(refusal),
        "open_extra": bool(form.errors),
        "now": bed.now,
        "url": reverse("chair_act", args=[request.clinic.slug, bed.visit.pk, act.value]),
        "back_url": _back_url(request, bed, form),
    }
    return render(request, name, context, status=status)


def _confirm(page: Page, bed: Bedside, act: Act) -> str:
    rate = bed.next_rate()
    if act is Act.RATE and rate is not None:
        return _("Confirm %(rate)s") % {"rate": display.rate(rate)}
    if act is Act.RESUME and rate is not None:
        return _("Resume at %(rate)s") % {"rate": display.rate(rate)}
    return str(page.confirm)


def _explain(form: ActForm, refusal: Refusal) -> None:
    """Put a refusal where it belongs on the form: beside its field, or above all of them."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {}
    for name, problems in fields.items():
        shown = FIELDS.get(name, name)
        target = shown if shown in form.fields else None
        for problem in problems:
            form.add_error(target, problem)
    if not fields:
        form.add_error(None, on_the_wall(refusal.message))


def _findings(refusal: Refusal | None) -> list[tuple[str, str]]:
    found = refusal.findings if isinstance(refusal, RuleBroken) else ()
    return [(item.id, on_the_wall(item.words)) for item in found]


def _back_url(request: ClinicRequest, bed: Bedside, form: ActForm) -> str:
    slug = request.clinic.slug
    if form["back"].value() == "chair":
        return reverse("chair_side", args=[slug, bed.visit.pk])
    return reverse("board", args=[slug])


def _charted(
    request: ClinicRequest, bed: Bedside, page: Page, form: ActForm, charted: Charted
) -> HttpResponse:
    words = f"{page.charted}: {bed.patient.family_name.upper()}, {bed.chair}"
    undo = ""
    if page.undo and not charted.repeated:
        undo = reverse("chair_undo", args=[request.clinic.slug, bed.visit.pk, charted.event_id])
    if form.cleaned_data["back"] == "chair":
        messages.success(request, words)
        response = redirect("chair_side", request.clinic.slug, bed.visit.pk)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": response.url})
        return response
    return done(request, words, undo_url=undo)


@allow(INFUSIONS_CHART)
@require_POST
@tapped
def undo(request: ClinicRequest, visit_id: UUID, event_id: UUID) -> HttpResponse:
    """Take back an entry of one's own within the first moments."""
    given = request.POST.get("event_id", "")
    try:
        own_id = UUID(given)
    except ValueError:
        own_id = uuid4()
    take_back(event_id=own_id, entry=event_id, actor=request.actor, now=clock.now())
    return done(request, _("Entry taken back."))
