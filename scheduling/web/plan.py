"""Plan the day: ask the planner, watch it, read what it found, and accept it or part of it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow, polled
from core import clock
from core.display import NOTHING
from core.errors import NotFound, Refusal
from core.zones import local_date
from scheduling import plan_jobs
from scheduling.plan_input import Options
from scheduling.planner_model import PlannerRun
from scheduling.selectors_plans import (
    changes_of,
    is_lost,
    night_runs,
    plan_shown,
    recent_runs,
    run_of,
)
from scheduling.services.planner_accept import accept_plan
from scheduling.services.planner_runs import cancel_plan, request_plan
from scheduling.web.forms import DateInput
from scheduling.web.refusals import explain

# A worker takes a run up within a second or two: after this long there seems to be none.
NOBODY_CAME = timedelta(seconds=10)
SPANS = (
    (1, gettext_lazy("One day")),
    (7, gettext_lazy("A week")),
    (14, gettext_lazy("A fortnight")),
)
OVERTIME = (
    (0, gettext_lazy("No: the last patient has left by closing time")),
    (30, gettext_lazy("Up to 30 minutes")),
    (60, gettext_lazy("Up to 1 hour")),
    (120, gettext_lazy("Up to 2 hours")),
)
WHAT = {
    "new": gettext_lazy("New booking"),
    "time": gettext_lazy("Gets its time"),
    "moved": gettext_lazy("Another time"),
    "chair": gettext_lazy("Another chair"),
}


class PlanForm(forms.Form):
    """Which days, and what the planner may do with them."""

    first_on = forms.DateField(label=gettext_lazy("First day"), widget=DateInput)
    days = forms.TypedChoiceField(label=gettext_lazy("How long"), choices=SPANS, coerce=int)
    overtime = forms.TypedChoiceField(
        label=gettext_lazy("Patients still here after closing"), choices=OVERTIME, coerce=int
    )
    include_due = forms.BooleanField(
        label=gettext_lazy("Also book the doses that are due and unbooked"), required=False
    )
    move_confirmed = forms.BooleanField(
        label=gettext_lazy("Confirmed times may move too"),
        help_text=gettext_lazy("Whoever was promised a time has to be told the new one."),
        required=False,
    )
    isolation_for_all = forms.BooleanField(
        label=gettext_lazy("Isolation rooms may take anybody"), required=False
    )

    def options(self) -> Options:
        """Return what the planner is allowed."""
        given = self.cleaned_data
        return Options(
            overtime_minutes=given["overtime"],
            include_due=given["include_due"],
            move_confirmed=given["move_confirmed"],
            isolation_for_all=given["isolation_for_all"],
        )


@dataclass(frozen=True, slots=True)
class DayShown:
    """One day of a finished plan: its date, figures with what is known of them, what would help."""

    date: date
    placed: str
    most: str  # whether more could have been placed
    leaves: str
    late: str  # whether the last patient could leave sooner
    best: str  # how near to the best possible, in short
    comfort: str
    expected: timedelta | None
    what_if: list[str]


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_page(request: ClinicRequest) -> HttpResponse:
    """Ask for a plan, and see the clinic's latest ones."""
    now = clock.now()
    form = PlanForm(request.POST if request.method == "POST" else None, initial=_first(request))
    if request.method == "POST" and form.is_valid():
        first = form.cleaned_data["first_on"]
        try:
            run = request_plan(
                first_on=first, last_on=first + timedelta(days=form.cleaned_data["days"] - 1),
                options=form.options(), actor=request.actor, now=now,
            )  # fmt: skip
        except Refusal as refusal:
            explain(form, refusal)
        else:
            plan_jobs.start(run)
            return redirect("plan_run", request.clinic.slug, run.pk)
    tonight = local_date(now, request.clinic.time_zone)
    context = {
        "form": form,
        "runs": recent_runs(request.actor),
        "nights": night_runs(request.actor, tonight),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "scheduling/plan.html", context, status=status)


def _first(request: ClinicRequest) -> dict[str, Any]:
    tomorrow = local_date(clock.now(), request.clinic.time_zone) + timedelta(days=1)
    with suppress(ValueError):
        tomorrow = date.fromisoformat(request.GET.get("on", ""))
    return {"first_on": tomorrow}


@allow(BOOKINGS_CHANGE)
@require_safe
def plan_run(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """One run: how far it is, and what it found."""
    return _shown(request, run_id)


@polled
@allow(BOOKINGS_CHANGE)
@require_safe
def plan_progress(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """The part of the page that moves, asked for by the page itself."""
    return _shown(request, run_id, template="scheduling/_plan_run.html")


@allow(BOOKINGS_CHANGE)
@require_POST
def plan_cancel(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """Stop a run nobody needs any more."""
    try:
        cancel_plan(run_id=run_id, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _shown(request, run_id, refused=refusal.message, status=422)
    return redirect("plan_run", request.clinic.slug, run_id)


@allow(BOOKINGS_CHANGE)
@require_POST
def plan_work(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """Plan one day in this request, because no worker has taken it up."""
    run = run_of(request.actor, run_id)
    if run.status == PlannerRun.Status.QUEUED and run.kind == PlannerRun.Kind.DAY:
        with suppress(NotFound):  # a worker came after all
            plan_jobs.work_on(run.pk)
    return redirect("plan_run", request.clinic.slug, run_id)


@allow(BOOKINGS_CHANGE)
@require_POST
def plan_accept(request: ClinicRequest, run_id: UUID) -> HttpResponse:
    """Accept all of a plan, or the rows that are ticked."""
    chosen = None if request.POST.get("act") == "all" else request.POST.getlist("row")
    try:
        run = accept_plan(run_id=run_id, chosen=chosen, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _shown(request, run_id, refused=refusal.message, status=422, chosen=chosen)
    if run.kind == PlannerRun.Kind.DOSES:
        made = len(changes_of(run)) if chosen is None else len(set(chosen))
        words = ngettext("%d time is proposed.", "%d times are proposed.", made)
        messages.success(request, words % made)
        return redirect("due", request.clinic.slug)
    messages.success(request, _("The plan is accepted."))
    return redirect("day_on", request.clinic.slug, run.first_on)


def _shown(
    request: ClinicRequest,
    run_id: UUID,
    *,
    template: str = "scheduling/plan_run.html",
    refused: str = "",
    status: int = 200,
    chosen: list[str] | None = None,
) -> HttpResponse:
    now = clock.now()
    run = run_of(request.actor, run_id)
    waits = run.status == PlannerRun.Status.QUEUED and now - run.requested_at > NOBODY_CAME
    plan = plan_shown(run, request.actor, now=now)
    context = {
        "run": run,
        "is_doses": run.kind == PlannerRun.Kind.DOSES,
        "is_lost": is_lost(run, now),
        "nobody_came": waits,
        "may_work_here": waits and run.kind == PlannerRun.Kind.DAY,
        "days": [_day(day) for day in run.result.get("days", [])],
        "unopened": run.result.get("unopened", []),
        "lines": [
            (line, WHAT[line.what], chosen is None or line.id in chosen) for line in plan.changes
        ],
        "unplaced": plan.unplaced,
        "stays": plan.stays,
        "may_accept": run.status == PlannerRun.Status.DONE and bool(plan.changes),
        "accept_all": _accept_words(run, len(plan.changes)),
        "refused": refused,
    }  # fmt: skip
    return render(request, template, context, status=status)


def _accept_words(run: PlannerRun, count: int) -> str:
    if run.kind == PlannerRun.Kind.DOSES:
        words = ngettext("Propose %(n)d time", "Propose all %(n)d times", count)
    else:
        words = ngettext("Accept %(n)d change", "Accept all %(n)d changes", count)
    return words % {"n": count}


def _day(day: dict[str, Any]) -> DayShown:
    """Return a day as its figures and, beside each, the planner's words about it."""
    asked, late = day["asked"], day["expected_p90"]
    said = [*day["words"], "", ""]
    return DayShown(
        date=date.fromisoformat(day["date"]),
        placed=_("%(placed)d of %(asked)d") % {"placed": day["placed"], "asked": asked},
        most=said[0].partition("(")[2].rstrip(")") if asked else said[0],
        leaves=day["closes"] or "",
        late=said[1].partition(", ")[2] or _("by closing time"),
        best=_best(day["tiers"][-1]),
        comfort=said[2].partition(": ")[2] or said[2],
        expected=timedelta(minutes=late) if late and day["placed"] else None,
        what_if=day.get("what_if", []),
    )  # fmt: skip


def _best(tier: dict[str, Any]) -> str:
    """Return how far the last aim is from its bound: nothing, or a share of it."""
    if tier["bound"] is None or (tier["value"] and not tier["bound"]):
        return NOTHING
    if tier["proven"]:
        return _("Best")
    return f"{(tier['value'] - tier['bound']) * 100 / tier['bound']:.1f} %"
