"""One act at the chair: a small page, or the same in a dialog over the board."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.permissions import BAGS_CHECK, INFUSIONS_CHART
from clinics.web.access import ClinicRequest, allow, polled
from core import clock, display
from core.audit import record_read
from core.errors import Busy, Forbidden, NotFound, Refusal, RuleBroken
from infusion.bedside import Bedside, bedside
from infusion.board import Act
from infusion.chart import Charted
from infusion.services.amending import take_back
from infusion.web import outbox
from infusion.web.board import answered, done, tap_of, tapped, toast
from infusion.web.forms.base import ActForm
from infusion.web.outbox import own_entries_only
from infusion.web.pages import PAGES
from infusion.web.pages.page import Call, Page
from infusion.web.refusals import explain
from infusion.web.words import on_the_wall

# The pages of one visit from which an act may be opened, and to which it leads back.
BACK = {"chair": "chair_side", "before": "before_start"}
# Where a service's word for a field is another than the form's.
FIELDS = {"occurred_at": "at", "rate_ml_h": "other_rate", "purpose": "other_purpose"}


@allow(INFUSIONS_CHART)
@require_http_methods(["GET", "POST"])
@own_entries_only
def act(request: ClinicRequest, visit_id: UUID, act: str) -> HttpResponse:
    """Show the form of an act, or chart it. A refusal shows the form again with what was typed."""
    return _act(request, visit_id, act)


@allow(BAGS_CHECK)
@require_http_methods(["GET", "POST"])
@own_entries_only
def bag_check(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """The second check: also for a pharmacist and a prescriber, who chart nothing else."""
    return _act(request, visit_id, Act.BAG_CHECK.value)


def _act(request: ClinicRequest, visit_id: UUID, act: str) -> HttpResponse:
    page = _page(act)
    now = clock.now()
    bed = bedside(visit_id, request.actor, now)
    if request.method == "GET":
        return _empty(request, bed, Act(act), shown_as="act")
    if (before := _charted_before(request, bed)) is not None:
        return _charted(request, bed, page, before)
    form = page.form(request.POST, bed=bed)
    if not form.is_valid():
        return _refused(request, bed, Act(act), form)
    try:
        call = Call(bed=bed, form=form, actor=request.actor, now=now)
        charted = page.run(call)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        if isinstance(refusal, Busy) and outbox.asked(request):
            raise  # an outbox sends it again by itself
        explain(form, refusal, FIELDS)
        return _refused(request, bed, Act(act), form, refusal)
    return _charted(request, bed, page, charted, note=str(page.note(call)))


@polled
@allow(INFUSIONS_CHART)
@require_safe
def act_ready(request: ClinicRequest, visit_id: UUID, act: str) -> HttpResponse:
    """The empty form, fetched ahead by the page's script: the act can be opened without wifi."""
    return _ready(request, visit_id, act)


@polled
@allow(BAGS_CHECK)
@require_safe
def bag_check_ready(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """The same of the second check."""
    return _ready(request, visit_id, Act.BAG_CHECK.value)


def _ready(request: ClinicRequest, visit_id: UUID, act: str) -> HttpResponse:
    _page(act)
    bed = bedside(visit_id, request.actor, clock.now())
    return _empty(request, bed, Act(act), shown_as="act kept ready")


def _page(act: str) -> Page:
    page = PAGES.get(Act(act)) if act in set(Act) else None
    if page is None:
        raise Http404
    return page


def _empty(request: ClinicRequest, bed: Bedside, act: Act, *, shown_as: str) -> HttpResponse:
    record_read(
        subject=bed.visit, patient_id=bed.patient.pk, actor=request.actor, now=bed.now,
        page=shown_as,
    )  # fmt: skip
    asked = request.GET.get("back", "")
    back = asked if asked in BACK else "board"
    return _show(request, bed, act, PAGES[act].form(bed=bed, initial={"back": back}))


def _charted_before(request: ClinicRequest, bed: Bedside) -> Charted | None:
    """Return the first answer to an entry of one's own that is in the record already.

    Asked before the form is looked at: what was sent twice because its answer got lost may not
    fit the state it has itself brought about.
    """
    given = request.POST.get("event_id", "")
    for entry in bed.entries:
        event = entry.event
        if str(event.pk) == given and event.recorded_by_id == request.user.pk:
            return Charted(event.infusion_id, event.pk, repeated=True)
    return None


def _refused(
    request: ClinicRequest, bed: Bedside, act: Act, form: ActForm, refusal: Refusal | None = None
) -> HttpResponse:
    shown = _show(request, bed, act, form, status=422, refusal=refusal)
    return outbox.refused(form, shown) if outbox.asked(request) else shown


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


def _findings(refusal: Refusal | None) -> list[tuple[str, str]]:
    found = refusal.findings if isinstance(refusal, RuleBroken) else ()
    return [(item.id, on_the_wall(item.words)) for item in found]


def _back_url(request: ClinicRequest, bed: Bedside, form: ActForm) -> str:
    slug = request.clinic.slug
    there = BACK.get(str(form["back"].value()))
    return reverse(there, args=[slug, bed.visit.pk]) if there else reverse("board", args=[slug])


def _charted(
    request: ClinicRequest, bed: Bedside, page: Page, charted: Charted, *, note: str = ""
) -> HttpResponse:
    words = f"{page.charted}: {bed.patient.family_name.upper()}, {bed.chair}"
    words = f"{words}. {note}" if note else words
    undo = ""
    if page.undo and not charted.repeated and request.actor.may(INFUSIONS_CHART):
        undo = reverse("chair_undo", args=[request.clinic.slug, bed.visit.pk, charted.event_id])
    name = "chair_side" if page.to_chair else BACK.get(request.POST.get("back", ""))
    there = reverse(name, args=[request.clinic.slug, bed.visit.pk]) if name else ""
    if outbox.asked(request):
        return _to_outbox(request, words, undo_url=undo, go=there)
    if not there:
        return done(request, words, undo_url=undo)
    messages.success(request, words)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": there})
    return redirect(there)


def _to_outbox(request: ClinicRequest, words: str, *, undo_url: str, go: str) -> HttpResponse:
    """Say that the entry is saved; to whoever waits at the board, with what has changed there."""
    if not outbox.watched(request):
        return outbox.applied(words)
    if go:
        return outbox.applied(words, html=toast(request, words, undo_url=undo_url), go=go)
    at_board = "layout" in request.POST
    html = done(request, words, undo_url=undo_url).content.decode() if at_board else ""
    return outbox.applied(words, html=html)


@allow(INFUSIONS_CHART)
@require_POST
@own_entries_only
@tapped
def undo(request: ClinicRequest, visit_id: UUID, event_id: UUID) -> HttpResponse:
    """Take back an entry of one's own within the first moments."""
    given = request.POST.get("event_id", "")
    try:
        own_id = UUID(given)
    except ValueError:
        own_id = uuid4()
    now = clock.now()
    take_back(
        event_id=own_id, entry=event_id, tapped_at=tap_of(request, now), actor=request.actor,
        now=now,
    )  # fmt: skip
    return answered(request, _("Entry taken back."))
