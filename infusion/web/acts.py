"""One act at the chair: a small page, or the same in a dialog over the board."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from clinics.permissions import INFUSIONS_CHART
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.actor import Actor
from core.audit import record_read
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from infusion.bedside import Bedside, bedside
from infusion.board import Act
from infusion.chart import Charted
from infusion.services import ending, running
from infusion.services.amending import take_back
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
from infusion.web import forms
from infusion.web.board import done, tapped
from infusion.web.words import on_the_wall

Words = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A form that was filled in, ready for its service."""

    bed: Bedside
    form: Any
    actor: Actor
    now: datetime

    def tap(self) -> dict[str, Any]:
        """Return what every charting service takes."""
        return {
            "event_id": self.form.cleaned_data["event_id"],
            "occurred_at": self.form.occurred_at(self.now),
            "actor": self.actor,
            "now": self.now,
        }

    def infusion_id(self) -> UUID:
        """Return the infusion; Conflict before the first premedication."""
        if self.bed.infusion is None:
            raise Conflict("Nothing is charted for this visit yet.")
        return self.bed.infusion.pk

    def __getitem__(self, name: str) -> Any:
        return self.form.cleaned_data[name]


def _premedicate(call: Call) -> Charted:
    other = call["drug"] == forms.OTHER
    return give_premedication(
        visit_id=call.bed.visit.pk,
        drug=call["other_drug"] if other else call["drug"],
        purpose=(call["other_purpose"] or None) if other else None,
        dose_mg=call["dose_mg"],
        route=call["route"],
        **call.tap(),
    )


def _start(call: Call) -> Charted:
    return start_infusion(
        visit_id=call.bed.visit.pk,
        two_identifiers_checked=call["two_identifiers_checked"],
        rate_option=call["rate_option"],
        reason=call["reason"],
        **call.tap(),
    )


def _rate(call: Call) -> Charted:
    return running.change_rate(
        infusion_id=call.infusion_id(), rate_ml_h=call.form.rate(), reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


def _pause(call: Call) -> Charted:
    return running.pause(infusion_id=call.infusion_id(), reason=call["reason"], **call.tap())


def _resume(call: Call) -> Charted:
    return running.resume(
        infusion_id=call.infusion_id(), rate_ml_h=call.form.rate(), reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


def _vitals(call: Call) -> Charted:
    return running.chart_vitals(
        infusion_id=call.infusion_id(), vitals=call.form.taken(), **call.tap()
    )


def _complete(call: Call) -> Charted:
    return ending.complete_infusion(
        infusion_id=call.infusion_id(), volume_ml=call["volume_ml"], reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


def _discharge(call: Call) -> Charted:
    return ending.discharge(infusion_id=call.infusion_id(), reason=call["reason"], **call.tap())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One act: its form, its words and its service. `confirm` names what the button does."""

    form: type[forms.ActForm]
    title: Words
    confirm: Words
    charted: Words
    run: Callable[[Call], Charted]
    undo: bool = True


PAGES: dict[Act, Page] = {
    Act.PREMEDICATE: Page(
        form=forms.PremedicationForm, title=gettext_lazy("Premedication"),
        confirm=gettext_lazy("Given"), charted=gettext_lazy("Premedication charted"),
        run=_premedicate,
    ),
    Act.START: Page(
        form=forms.StartForm, title=gettext_lazy("Start infusion"),
        confirm=gettext_lazy("Start infusion"), charted=gettext_lazy("Infusion started"),
        run=_start, undo=False,
    ),
    Act.RATE: Page(
        form=forms.RateForm, title=gettext_lazy("Change the rate"),
        confirm=gettext_lazy("Confirm rate"), charted=gettext_lazy("Rate charted"), run=_rate,
    ),
    Act.PAUSE: Page(
        form=forms.PauseForm, title=gettext_lazy("Pause"), confirm=gettext_lazy("Paused"),
        charted=gettext_lazy("Pause charted"), run=_pause,
    ),
    Act.RESUME: Page(
        form=forms.RateForm, title=gettext_lazy("Resume"), confirm=gettext_lazy("Resume"),
        charted=gettext_lazy("Infusion runs again"), run=_resume,
    ),
    Act.VITALS: Page(
        form=forms.VitalsForm, title=gettext_lazy("Vital signs"), confirm=gettext_lazy("Save"),
        charted=gettext_lazy("Vital signs charted"), run=_vitals,
    ),
    Act.COMPLETE: Page(
        form=forms.CompleteForm, title=gettext_lazy("Infusion complete"),
        confirm=gettext_lazy("Infusion complete"), charted=gettext_lazy("End charted"),
        run=_complete, undo=False,
    ),
    Act.DISCHARGE: Page(
        form=forms.DischargeForm, title=gettext_lazy("Discharge"),
        confirm=gettext_lazy("Discharge"), charted=gettext_lazy("Discharged"),
        run=_discharge, undo=False,
    ),
}  # fmt: skip
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
    form: forms.ActForm,
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


def _explain(form: forms.ActForm, refusal: Refusal) -> None:
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


def _back_url(request: ClinicRequest, bed: Bedside, form: forms.ActForm) -> str:
    slug = request.clinic.slug
    if form["back"].value() == "chair":
        return reverse("chair_side", args=[slug, bed.visit.pk])
    return reverse("board", args=[slug])


def _charted(
    request: ClinicRequest, bed: Bedside, page: Page, form: forms.ActForm, charted: Charted
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
