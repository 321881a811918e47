"""Before the start: each part done or not, what the rules found, and what still blocks the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from clinical.findings import Finding
from clinics.permissions import BOARD_VIEW, RULES_OVERRIDE
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from core.errors import Forbidden, NotFound, Refusal
from infusion.before_start import Judged, Part
from infusion.board import Act
from infusion.readying import BeforeStart, before_start
from infusion.services.signing import sign_off_hold
from infusion.web.cards import may_do
from infusion.web.entries import details
from infusion.web.prepared import lines_of
from infusion.web.words import on_the_wall

Words = str | Promise
TITLES: dict[Part, tuple[Words, Words]] = {
    Part.CHECKLIST: (gettext_lazy("Safety questions"), gettext_lazy("Ask the questions")),
    Part.ACCESS: (gettext_lazy("IV access"), gettext_lazy("Chart the access")),
    Part.BAG: (gettext_lazy("Bag"), gettext_lazy("Chart the bag")),
    Part.BAG_CHECK: (gettext_lazy("Second check"), gettext_lazy("Check the bag")),
    Part.VITALS: (gettext_lazy("Baseline vital signs"), gettext_lazy("Take vital signs")),
}
REFUSED = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part of the page. `url` is empty for whoever may not chart."""

    part: Part
    title: Words
    button: Words
    done: bool
    next: bool
    lines: Sequence[str] = ()
    by: str = ""
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A finding as the page shows it."""

    judged: Judged
    words: str
    state: str
    may_sign: bool

    @property
    def finding(self) -> Finding:
        """The finding itself."""
        return self.judged.finding


@allow(BOARD_VIEW)
@require_safe
def before(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """The page of one visit."""
    return _page(request, visit_id)


@allow(RULES_OVERRIDE)
@require_POST
def sign_off(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Record the prescriber's decision on one hold; a refusal shows the page again with it."""
    typed = {name: request.POST.get(name, "") for name in ("rule_id", "decision", "reason")}
    try:
        sign_off_hold(visit_id=visit_id, actor=request.actor, now=clock.now(), **typed)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return _page(request, visit_id, problem=refusal.message, typed=typed)
    messages.success(request, _("The decision is on record, with your name and reason."))
    return redirect("before_start", request.clinic.slug, visit_id)


def _page(
    request: ClinicRequest,
    visit_id: UUID,
    *,
    problem: str = "",
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    now = clock.now()
    seen = before_start(visit_id, request.actor, now)
    bed = seen.bed
    record_read(
        subject=bed.visit, patient_id=bed.patient.pk, actor=request.actor, now=now, page="before"
    )
    margin = bed.use_by - now - bed.plan.total_duration if bed.use_by else None
    context = {
        "seen": seen,
        "bed": bed,
        "now": now,
        "rows": _rows(request, seen),
        "findings": [_shown(request, seen, each) for each in seen.findings],
        "blockers": [on_the_wall(item.words) for item in seen.blockers],
        "cautions": [on_the_wall(item.words) for item in seen.cautions],
        "to_give": seen.to_give,
        "premedicate_url": _act_url(request, seen, Act.PREMEDICATE),
        "start_url": "" if seen.blockers else _act_url(request, seen, Act.START),
        "bag_margin": margin,
        "bag_margin_passed": margin is not None and margin < timedelta(0),
        "problem": on_the_wall(problem),
        "typed": typed or {},
    }
    status = REFUSED if problem else 200
    return render(request, "infusion/before.html", context, status=status)


def _act_url(request: ClinicRequest, seen: BeforeStart, act: Act) -> str:
    """Return where `act` is charted; empty when nothing can be charted, or not by this person."""
    if not seen.open or not may_do(request.actor, act):
        return ""
    there = reverse("chair_act", args=[request.clinic.slug, seen.bed.visit.pk, act.value])
    return f"{there}?back=before"


def _rows(request: ClinicRequest, seen: BeforeStart) -> list[Row]:
    todo = seen.bed.done.todo
    return [_row(request, seen, part, is_next=part == todo[0] if todo else False) for part in Part]


def _row(request: ClinicRequest, seen: BeforeStart, part: Part, *, is_next: bool) -> Row:
    event = seen.bed.done.event(part)
    title, button = TITLES[part]
    waits = part is Part.BAG_CHECK and not seen.may_check(request.actor)
    url = "" if waits else _act_url(request, seen, Act(part.value))
    if event is None:
        return Row(part=part, title=title, button=button, done=False, next=is_next, url=url)
    return Row(
        part=part, title=title, button=button, done=True, next=False,
        lines=lines_of(event) or [details(event)], by=event.recorded_by.full_name,
        at=event.occurred_at, url=url,
    )  # fmt: skip


def _shown(request: ClinicRequest, seen: BeforeStart, judged: Judged) -> Shown:
    signed = judged.sign_off is not None
    return Shown(
        judged=judged,
        words=on_the_wall(judged.finding.words),
        state="may_proceed" if signed else judged.finding.severity.value,
        may_sign=judged.may_sign and seen.open and request.actor.may(RULES_OVERRIDE),
    )
