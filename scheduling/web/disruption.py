"""Disruptions: say what happened, look over everybody it affects, settle all of it in one step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.models import Role
from clinics.permissions import BOOKINGS_CHANGE, DISRUPTIONS_RECORD
from clinics.selectors import chairs_of, staff_with_role
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.errors import Invalid, NotFound, Refusal
from core.zones import local_date
from scheduling.change_plans import Way
from scheduling.disruption.ahead import look_ahead
from scheduling.disruption.checking import checked
from scheduling.disruption.offers import propose
from scheduling.disruption.recorded import read_over, recorded
from scheduling.disruption.what import Disruption
from scheduling.services.disruptions import back_on_duty, chair_back, reopen_day
from scheduling.services.holds import expire_holds
from scheduling.services.rebooking import Rebooked, rebook
from scheduling.web.disruption_form import ChairForm, ClosingForm, NursesForm
from scheduling.web.forms import posted
from scheduling.web.rebook_rows import asked, decisions, rows_of
from scheduling.web.refusals import explain

SAVE, LOOK = "save", "look"
CLOSING, CHAIR, NURSES = "closing", "chair", "nurses"
TITLES = {
    CLOSING: gettext_lazy("Close a day"),
    CHAIR: gettext_lazy("A chair out of use"),
    NURSES: gettext_lazy("Nurses away"),
}
Form = ClosingForm | ChairForm | NursesForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the preview is about: something new, or days on which somebody cannot stay already."""

    what: Disruption | None
    days: Sequence[date]
    form: Form | None
    title: str


@allow(DISRUPTIONS_RECORD)
@require_safe
def disruptions(request: ClinicRequest) -> HttpResponse:
    """Show what is written down from today on, and what may be."""
    today = local_date(clock.now(), request.clinic.time_zone)
    context = {"recorded": recorded(request.actor, today), "kinds": list(TITLES.items())}
    return render(request, "scheduling/disruptions.html", context)


@allow(DISRUPTIONS_RECORD)
@require_http_methods(["GET", "POST"])
def record(request: ClinicRequest, kind: str) -> HttpResponse:
    """Ask what happened; show whom it affects; save it with everything decided about them."""
    now = clock.now()
    form = _form(request, kind)
    if form is None:
        raise NotFound
    if not form.is_valid():
        return _ask(request, kind, form)
    try:
        what = checked(request.clinic, form.what(request.clinic.time_zone), now)
    except NotFound:
        raise
    except Refusal as refusal:
        explain(form, refusal)
        return _ask(request, kind, form)
    days = what.days(request.clinic.time_zone)
    case = Case(what=what, days=days, form=form, title=str(TITLES[kind]))
    return _look_or_save(request, case, now)


@allow(BOOKINGS_CHANGE)
@require_http_methods(["GET", "POST"])
def rebook_day(request: ClinicRequest, day: date) -> HttpResponse:
    """Settle everybody who cannot stay on a day as things are; nothing new has happened."""
    case = Case(what=None, days=[day], form=None, title=_("Who cannot stay"))
    return _look_or_save(request, case, clock.now())


@allow(DISRUPTIONS_RECORD)
@require_POST
def take_back(request: ClinicRequest, kind: str, row_id: UUID) -> HttpResponse:
    """Reopen a day, bring a chair or a nurse back."""
    if kind not in TITLES:
        raise NotFound
    who: dict[str, Any] = {"actor": request.actor, "now": clock.now()}
    try:
        if kind == CLOSING:
            reopen_day(closure_id=row_id, **who)
        elif kind == CHAIR:
            chair_back(outage_id=row_id, **who)
        else:
            back_on_duty(absence_id=row_id, **who)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Taken back. Bookings that were moved stay where they are."))
    return redirect("disruptions", request.clinic.slug)


def _form(request: ClinicRequest, kind: str) -> Form | None:
    data = posted(request)
    initial = {key: request.GET[key] for key in ("day", "first", "last") if key in request.GET}
    if kind == CLOSING:
        return ClosingForm(data, initial=initial)
    if kind == CHAIR:
        chairs = [(str(chair.pk), chair.label) for chair in chairs_of(request.actor)]
        return ChairForm(data, chairs=chairs, initial=initial)
    if kind == NURSES:
        nurses = [(str(user.pk), str(user)) for user in staff_with_role(request.actor, Role.NURSE)]
        return NursesForm(data, nurses=nurses, initial=initial)
    return None


def _ask(request: ClinicRequest, kind: str, form: Form) -> HttpResponse:
    context = {"form": form, "title": TITLES[kind], "kind": kind}
    status = 422 if form.errors else 200
    return render(request, "scheduling/disruption_form.html", context, status=status)


def _look_or_save(request: ClinicRequest, case: Case, now: datetime) -> HttpResponse:
    refusal: Refusal | None = None
    if request.method == "POST" and request.POST.get("act") == SAVE:
        expire_holds(clinic_id=request.clinic.pk, now=now)
        try:
            done = rebook(
                what=case.what, dates=case.days, decisions=decisions(request.POST),
                reason=request.POST.get("why", ""), actor=request.actor, now=now,
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as problem:
            refusal = problem
        else:
            _say(request, done)
            return redirect("conflicts", request.clinic.slug)
    return _preview(request, case, refusal, now)


def _preview(
    request: ClinicRequest, case: Case, refusal: Refusal | None, now: datetime
) -> HttpResponse:
    """Show who is affected and where they could go; what was chosen before stays chosen."""
    given = posted(request)
    ahead = look_ahead(request.clinic, _span(case.days), what=case.what, among=case.days)
    offers = propose(
        ahead, what=case.what, asked=asked(given) if given else None,
        today=local_date(now, request.clinic.time_zone), now=now,
    )  # fmt: skip
    read_over([offer.booking.pk for offer in offers], request.actor, now)
    rows = rows_of(offers, given, _problems(refusal))
    ways = [row.way for row in rows]
    reason = case.what.reason if case.what is not None else ""
    context = {
        "case": case,
        "rows": rows,
        "refusal": _words_of(refusal),
        "why": given.get("why", reason) if given else reason,
        "with_place": sum(bool(row.offer.choices) for row in rows),
        "by_mail": ways.count(Way.EMAIL),
        "by_telephone": ways.count(Way.CALL),
        "may_change": request.actor.may(BOOKINGS_CHANGE),
        "today": local_date(now, request.clinic.time_zone),
    }
    status = 422 if refusal is not None else 200
    return render(request, "scheduling/disruption.html", context, status=status)


def _problems(refusal: Refusal | None) -> dict[str, str]:
    """Return what stops one booking, by its id."""
    if refusal is None or "booking" not in refusal.details:
        return {}
    return {str(refusal.details["booking"]): refusal.message}


def _words_of(refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    if _problems(refusal):
        return _("Nothing is saved yet: one visit cannot have the time chosen for it.")
    if isinstance(refusal, Invalid) and "reason" in refusal.fields:
        return _("Nothing is saved yet: give the reason that goes with a cancellation.")
    return refusal.message


def _span(days: Sequence[date]) -> list[date]:
    first, last = min(days), max(days)
    return [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]


def _say(request: ClinicRequest, done: Rebooked) -> None:
    words = _("Saved. Moved: %(moved)d, cancelled: %(cancelled)d, left as they are: %(left)d.")
    counts = {"moved": done.moved, "cancelled": done.cancelled, "left": done.left}
    messages.success(request, words % counts)
    mailed, calls = done.told[Way.EMAIL], done.told[Way.CALL]
    if mailed or calls:
        told = _("E-mails on their way: %(mailed)d. To telephone: %(calls)d, listed below.")
        messages.info(request, told % {"mailed": mailed, "calls": calls})
