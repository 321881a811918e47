"""The chair side page: one patient, the plan beside what ran, everything charted, the next act."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from clinics.permissions import BOARD_VIEW, INFUSIONS_CHART
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from infusion.bedside import Bedside, bedside
from infusion.board import Act, Place
from infusion.web.cards import BUTTONS, STATES, Button, button_label, headline
from infusion.web.entries import line
from infusion.web.words import on_the_wall

# What a nurse may do at any time in each state, besides what is due.
ALWAYS: dict[Place, tuple[Act, ...]] = {
    Place.ARRIVED: (Act.PREMEDICATE, Act.VITALS),
    Place.PREMEDICATION: (Act.PREMEDICATE, Act.START, Act.VITALS),
    Place.READY: (Act.START, Act.PREMEDICATE, Act.VITALS),
    Place.RUNNING: (Act.RATE, Act.VITALS, Act.PAUSE, Act.COMPLETE),
    Place.PAUSED: (Act.RESUME, Act.VITALS, Act.COMPLETE),
    Place.DONE: (Act.COMPLETE, Act.VITALS, Act.PAUSE),
    Place.OBSERVATION: (Act.VITALS, Act.DISCHARGE),
    Place.HOUR_OVER: (Act.DISCHARGE, Act.VITALS),
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
    here = bed.here
    state, label = STATES[here.place] if here else (_state_of(bed), "")
    context = {
        "bed": bed,
        "here": here,
        "now": now,
        "state": state,
        "state_label": label,
        "headline": headline(here.headline, ready=here.place is Place.READY)
        if here and here.headline
        else "",
        "also": [(headline(other), other.at) for other in here.others] if here else [],
        "over": here is not None and here.place is Place.HOUR_OVER,
        "buttons": _buttons(request, bed),
        "warnings": [on_the_wall(item.words) for item in bed.run.warnings] if bed.run else [],
        "entries": [line(entry) for entry in bed.entries],
    }
    return render(request, "infusion/chair.html", context)


def _state_of(bed: Bedside) -> str:
    return {"planned": "unbooked"}.get(bed.visit.status, bed.visit.status)


def _buttons(request: ClinicRequest, bed: Bedside) -> list[Button]:
    if bed.here is None or not request.actor.may(INFUSIONS_CHART):
        return []
    acts = list(dict.fromkeys([*bed.acts, *ALWAYS.get(bed.here.place, ())]))
    if bed.infusion is None:
        acts = [act for act in acts if act is Act.PREMEDICATE]
    return [
        Button(
            label=button_label(act, bed.next_rate()),
            icon=BUTTONS[act][1],
            url=reverse("chair_act", args=[request.clinic.slug, bed.visit.pk, act.value])
            + "?back=chair",
            element_id=f"act-{act.value}",
            primary=act is bed.primary,
        )
        for act in acts
    ]
