"""The chair side page: one patient, the plan beside what ran, everything charted, the next act."""

from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinical.observation import delayed_reaction_findings
from clinics.permissions import BOARD_VIEW, INFUSIONS_CHART, REACTIONS_CORRECT
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from infusion.bedside import Bedside, bedside
from infusion.board import Act, Place
from infusion.rate_chart import draw
from infusion.segments import tenth_of_ml
from infusion.web.cards import BUTTONS, STATES, Button, act_url, button_label, headline, may_do
from infusion.web.entries import line
from infusion.web.freshness import fingerprint
from infusion.web.reaction_panel import panel
from infusion.web.words import on_the_wall
from scheduling.models import Visit

# What a nurse may do at any time in each state, besides what is due.
ALWAYS: dict[Place, tuple[Act, ...]] = {
    Place.ARRIVED: (Act.PREPARE, Act.PREMEDICATE, Act.VITALS),
    Place.PREMEDICATION: (Act.PREPARE, Act.PREMEDICATE, Act.START, Act.VITALS),
    Place.READY: (Act.START, Act.PREPARE, Act.PREMEDICATE, Act.VITALS),
    Place.RUNNING: (Act.RATE, Act.VITALS, Act.PAUSE, Act.REACTION, Act.COMPLETE, Act.STOP),
    Place.PAUSED: (Act.RESUME, Act.VITALS, Act.REACTION, Act.COMPLETE, Act.STOP),
    Place.DONE: (Act.COMPLETE, Act.VITALS, Act.PAUSE, Act.REACTION, Act.STOP),
    Place.OBSERVATION: (Act.VITALS, Act.REACTION, Act.DISCHARGE),
    Place.HOUR_OVER: (Act.DISCHARGE, Act.VITALS, Act.REACTION),
}


@allow(BOARD_VIEW)
@require_safe
def chair_side(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """One visit at its chair."""
    now = clock.now()
    bed = bedside(visit_id, request.actor, now)
    record_read(
        subject=bed.visit, patient_id=bed.patient.pk, actor=request.actor, now=now, page="chair"
    )
    return page(request, bed)


def page(request: ClinicRequest, bed: Bedside) -> HttpResponse:
    """Return the whole page of one visit; whoever calls it has recorded who reads it."""
    here = bed.here
    state, label = STATES[here.place] if here else (_state_of(bed), "")
    context = {
        "bed": bed,
        "here": here,
        "now": bed.now,
        "fingerprint": fingerprint(bed),
        "state": state,
        "state_label": label,
        "headline": headline(here.headline, ready=here.window_open)
        if here and here.headline
        else "",
        "also": [(headline(other), other.at) for other in here.others] if here else [],
        "over": here is not None and here.place is Place.HOUR_OVER,
        "buttons": _buttons(request, bed),
        "warnings": [*bed.unusual(), *_warnings(bed)],
        "may_correct": request.actor.may(INFUSIONS_CHART),
        "may_correct_reaction": request.actor.may(REACTIONS_CORRECT),
        "entries": [line(entry) for entry in bed.entries],
        "reaction": panel(bed) if bed.reaction else None,
        "next_dose": bed.next_dose() if bed.run and bed.run.ended_at else None,
        "chart": draw(bed.plan, bed.run, ZoneInfo(bed.clinic.time_zone)),
        "volume_left": tenth_of_ml(bed.run.volume_left_ml) if bed.run else None,
        "not_sooner": [on_the_wall(item.words) for item in bed.run.why_not_sooner]
        if bed.run
        else [],
    }
    return render(request, "infusion/chair.html", context)


def _warnings(bed: Bedside) -> list[str]:
    """Return what the run warns of, and whom a reaction at home makes the prescriber look at."""
    run = bed.run
    if run is None:
        return []
    found = list(run.warnings)
    if (ended_at := run.ended_at) is not None:
        for seen in run.reactions:
            found += delayed_reaction_findings(bed.protocol, actual_end=ended_at, onset=seen.at)
    return [on_the_wall(item.words) for item in found]


def _state_of(bed: Bedside) -> str:
    return {"planned": "unbooked"}.get(bed.visit.status, bed.visit.status)


def _url(act: Act, slug: str, visit_id: UUID) -> str:
    there = act_url(act, slug, visit_id)
    return there if act is Act.PREPARE else f"{there}?back=chair"


def _reported(request: ClinicRequest, bed: Bedside) -> Button:
    """A patient calls from home: the reaction belongs to this infusion."""
    return Button(
        label=_("Reaction reported from home"),
        icon=BUTTONS[Act.REACTION][1],
        url=_url(Act.REACTION, request.clinic.slug, bed.visit.pk),
        element_id="act-reaction",
    )


def _buttons(request: ClinicRequest, bed: Bedside) -> list[Button]:
    if bed.here is None:
        left = bed.visit.status == Visit.Status.COMPLETED
        return [_reported(request, bed)] if left and request.actor.may(INFUSIONS_CHART) else []
    resolved = [Act.RESOLVED] if bed.here.symptoms_open else []
    acts = list(dict.fromkeys([*bed.acts, *resolved, *ALWAYS.get(bed.here.place, ())]))
    return [
        Button(
            # "Rate now" only when it is time: a tired hand takes the button at its word.
            label=button_label(act, bed.next_rate() if act in bed.acts else None),
            icon=BUTTONS[act][1],
            url=_url(act, request.clinic.slug, bed.visit.pk),
            element_id=f"act-{act.value}",
            primary=act is bed.primary,
            leads=act is Act.PREPARE,
            posts=act is Act.REACTION,
            event_id=uuid4() if act is Act.REACTION else None,
        )
        for act in acts
        if may_do(request.actor, act)
    ]
